package backup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

const (
	manifestName   = "manifest.json"
	partialSuffix  = ".partial"
	removingSuffix = ".removing"
)

// Read reads the manifest of the backup in dir, and refuses one that was
// changed or whose entries could leave their folder.
func Read(dir string) (*Manifest, error) {
	file, err := os.Open(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(err, dir+" is not a backup", "choose one of `bunnyhop backup list`")
	} else if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read from
	m, err := decode(file)
	if err != nil {
		return nil, fault.Wrap(err, "the manifest of the backup "+dir+" is damaged",
			"take another backup; the database dump and the files in the folder may still be good")
	}
	if m.Format > Format {
		return nil, fault.Newf("the backup %s was made by a newer bunnyhop (format %d, this one reads %d)", dir, m.Format, Format).
			WithHint("use that version, or a newer one")
	}
	if err := m.check(); err != nil {
		return nil, fault.Wrap(err, "the manifest of the backup "+dir+" is not safe to use", "take another backup")
	}
	m.Dir = dir
	return m, nil
}

// List describes the backups in folder, newest first, without their entries.
// Unfinished ones have Partial set, ones whose removal was begun Removing too,
// ones whose manifest cannot be read have Damaged set. A folder that does not
// exist holds no backups; one whose name begins with a dot is none.
func List(folder string) ([]*Manifest, error) {
	found, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("listing the backups: %w", err)
	}
	var all []*Manifest
	for _, item := range found {
		if item.IsDir() && !strings.HasPrefix(item.Name(), ".") {
			all = append(all, listed(filepath.Join(folder, item.Name()), item))
		}
	}
	slices.SortFunc(all, func(a, b *Manifest) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	})
	return all, nil
}

func listed(dir string, item fs.DirEntry) *Manifest {
	m := &Manifest{}
	id, removing := strings.CutSuffix(item.Name(), removingSuffix)
	id, partial := strings.CutSuffix(id, partialSuffix)
	if !partial && !removing {
		read, err := Read(dir)
		if err == nil {
			for i := range read.Parts {
				read.Parts[i].Entries = nil
			}
			return read
		}
		m.Damaged = err
	}
	m.ID, m.Dir, m.Partial, m.Removing = id, dir, partial || removing, removing
	if info, err := item.Info(); err == nil {
		m.Created = info.ModTime()
	}
	return m
}
