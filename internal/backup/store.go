package backup

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
)

const (
	manifestName   = "manifest.json"
	partialSuffix  = ".partial"
	removingSuffix = ".removing"
)

// noDigest stands in the manifest while its digest is computed.
var noDigest = strings.Repeat("0", hex.EncodedLen(sha256.Size))

// write stores the manifest in dir: temporary file, flush, rename.
func (m *Manifest) write(dir string) error {
	m.Digest = noDigest
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	sum := sha256.Sum256(data)
	m.Digest = hex.EncodeToString(sum[:])
	// Only a number comes before the digest, so the first match is it.
	copy(data[bytes.Index(data, []byte(noDigest)):], m.Digest)
	if err := renameio.WriteFile(filepath.Join(dir, manifestName), data, 0o600); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return durable.Folder(dir)
}

// Read reads the manifest of the backup in dir, and refuses one that was
// changed or whose entries could leave their folder.
func Read(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(err, dir+" is not a backup", "choose one of `bunnyhop backup list`")
	} else if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	m, err := parse(data)
	if err != nil {
		return nil, fault.Wrap(err, "the manifest of the backup "+dir+" is damaged",
			"take another backup; the database dump and the files in the folder may still be good")
	}
	if m.Format > Format {
		return nil, fault.Newf("the backup %s was made by a newer bunnyhop (format %d, this one reads %d)", dir, m.Format, Format).
			WithHint("use that version, or a newer one")
	}
	for i := range m.Parts {
		for j := range m.Parts[i].Entries {
			m.Parts[i].Entries[j].fromRaw()
		}
	}
	if err := m.check(); err != nil {
		return nil, fault.Wrap(err, "the manifest of the backup "+dir+" is not safe to use", "take another backup")
	}
	m.Dir = dir
	return m, nil
}

// parse decodes a manifest and compares its digest.
func parse(data []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, err
	}
	if len(m.Digest) != len(noDigest) {
		return nil, errors.New("it has no digest")
	}
	before, after, _ := bytes.Cut(data, []byte(m.Digest))
	sum := sha256.New() // in pieces: a manifest may be too large to have twice
	for _, piece := range [][]byte{before, []byte(noDigest), after} {
		sum.Write(piece)
	}
	if sumOf(sum) != m.Digest {
		return nil, errors.New("it does not match its digest")
	}
	return m, nil
}

// toRaw keeps names that JSON cannot hold.
func (e *Entry) toRaw() {
	if !utf8.ValidString(e.Path) {
		e.RawPath = []byte(e.Path)
	}
	if !utf8.ValidString(e.Target) {
		e.RawLink = []byte(e.Target)
	}
}

func (e *Entry) fromRaw() {
	if e.RawPath != nil {
		e.Path = string(e.RawPath)
	}
	if e.RawLink != nil {
		e.Target = string(e.RawLink)
	}
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
