package packages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// halfBlock is what the end of a file wastes of its last block, on average.
const halfBlock = 2 << 10

// Kept returns the folder in which the tree of a request is kept, if it is
// there. Install looks at it more closely.
func Kept(cacheDir string, r Request) (tree string, ok bool) {
	tree = filepath.Join(treesDir(cacheDir), Key(r))
	_, err := readMarker(tree)
	return tree, err == nil
}

// Distrust has the next Install of a kept tree's request install it anew. It is
// for code that turned out not to run, which only trying it shows: native
// modules may have been built for another Node.
func Distrust(tree string) error {
	if err := os.Remove(filepath.Join(tree, markerName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("distrusting an installation: %w", err)
	}
	return nil
}

// Room is about what a kept tree takes on a disk.
func Room(tree string) (bytes, files int64, ok bool) {
	m, err := readMarker(tree)
	if err != nil {
		return 0, 0, false
	}
	return m.Bytes + m.Files*halfBlock, m.Files, true
}

// RoomOf is Room of the largest kept tree with a version of Directus.
func RoomOf(cacheDir, version string) (bytes, files int64, ok bool) {
	entries, err := os.ReadDir(treesDir(cacheDir))
	if err != nil {
		return 0, 0, false
	}
	for _, entry := range entries {
		tree := filepath.Join(treesDir(cacheDir), entry.Name())
		if m, err := readMarker(tree); err != nil || m.Directus != version {
			continue
		}
		if b, f, _ := Room(tree); b >= bytes {
			bytes, files, ok = b, f, true
		}
	}
	return bytes, files, ok
}
