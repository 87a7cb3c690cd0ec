package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"bunnyhop/internal/fault"
)

// maxFiles bounds a folder of directus-sync: one file for each collection,
// field and relation.
const maxFiles = 200_000

// The files of directus-sync (npm, 3.4.1,
// dist/lib/services/snapshot/snapshot-client.js): info.json holds what is not
// in a list of its own, or one file holds everything.
const (
	infoFile  = "info.json"
	wholeFile = "snapshot.json"
)

// openTree reads the folder that directus-sync pulls into, or the folder
// "snapshot" in it. Links that lead out of it are not followed.
func openTree(dir string) (*Snapshot, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(err, "the snapshot folder cannot be opened", "check the path")
	}
	defer root.Close() //nolint:errcheck // only read
	for _, at := range []string{".", "snapshot", "directus-config/snapshot"} {
		inner, err := fs.Sub(root.FS(), at)
		if err != nil {
			continue
		}
		for file, read := range map[string]func(fs.FS) (*Snapshot, error){infoFile: readTree, wholeFile: readWhole} {
			if _, err := fs.Stat(inner, file); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			s, err := read(inner)
			if err != nil {
				return nil, fault.Wrap(err, "the snapshot in "+path.Join(dir, at)+" cannot be read", "pull it again with directus-sync")
			}
			return s, nil
		}
	}
	return nil, fault.New(dir+" holds no snapshot", "give a snapshot file, or the folder that directus-sync pulls into (with snapshot/info.json)")
}

func readWhole(files fs.FS) (*Snapshot, error) {
	t := treeReader{files: files, left: MaxBytes}
	value, err := t.read(wholeFile)
	if err != nil {
		return nil, err
	}
	document, ok := value.(Object)
	if !ok {
		return nil, fmt.Errorf("%s holds %s, not an object", wholeFile, kindOf(value))
	}
	return fromObject(document)
}

func readTree(files fs.FS) (*Snapshot, error) {
	t := treeReader{files: files, left: MaxBytes}
	value, err := t.read(infoFile)
	if err != nil {
		return nil, err
	}
	document, ok := value.(Object)
	if !ok {
		return nil, fmt.Errorf("%s holds %s, not an object", infoFile, kindOf(value))
	}
	for _, list := range []string{"collections", "fields", "relations"} {
		if document[list] != nil {
			return nil, fmt.Errorf("%s holds %s, which have a folder of their own", infoFile, list)
		}
		if document[list], err = t.list(list); err != nil {
			return nil, err
		}
	}
	return fromObject(document)
}

type treeReader struct {
	files fs.FS
	count int
	left  int64 // bytes
}

// list reads all JSON files of a folder and below, in the order of their
// names. A project without relations has no such folder.
func (t *treeReader) list(dir string) ([]any, error) {
	all := []any{}
	err := fs.WalkDir(t.files, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			if name == dir && dir == "relations" && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".json") {
			return nil
		}
		value, err := t.read(name)
		all = append(all, value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (t *treeReader) read(name string) (any, error) {
	if t.count++; t.count > maxFiles {
		return nil, fmt.Errorf("there are more than %d files", maxFiles)
	}
	file, err := t.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is not a file", name), err)
	}
	data, err := readAll(file, t.left)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t.left -= int64(len(data))
	if data, err = prepare(data); err == nil {
		var value any
		if value, err = decodeJSON(data); err == nil {
			return value, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, err)
}
