package registry

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// The bounds of one package, far above any real one; they keep a tarball
// from filling the disk.
const (
	maxUnpacked = 4 << 30 // bytes
	maxEntries  = 500_000
)

// errEscapes says that an archive names a path outside its folder.
var errEscapes = errors.New("the archive holds a path that leaves its folder")

// unpack writes a gzipped package archive into dir, without each path's first
// element. Links are left out, as npm does: npm never packs any, and they are
// a way out of the folder. os.Root keeps every path inside even so.
func unpack(from io.Reader, dir string) error {
	zipped, err := gzip.NewReader(from)
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	archive := tar.NewReader(zipped)
	var size int64
	for entries := 0; ; entries++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			if entries == 0 {
				return errors.New("the archive is empty")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the archive: %w", err)
		}
		if size += header.Size; size > maxUnpacked || entries > maxEntries {
			return errors.New("the archive is larger than any package should be")
		}
		if header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeDir {
			continue
		}
		name, err := inside(header.Name)
		if err != nil {
			return err
		}
		if name == "" || header.Typeflag == tar.TypeDir {
			continue // folders are made with what is in them
		}
		if err := writeEntry(root, name, header.FileInfo().Mode(), archive); err != nil {
			return err
		}
	}
}

// inside returns an entry's path without its first element, or "" where
// nothing is left.
func inside(name string) (string, error) {
	if path.IsAbs(name) || strings.ContainsRune(name, 0) || name == ".." || strings.HasPrefix(name, "../") {
		return "", fmt.Errorf("%w: %q", errEscapes, name)
	}
	_, rest, found := strings.Cut(strings.TrimPrefix(name, "./"), "/")
	if !found || rest == "" {
		return "", nil
	}
	if !filepath.IsLocal(rest) {
		return "", fmt.Errorf("%w: %q", errEscapes, name)
	}
	return path.Clean(rest), nil
}

func writeEntry(root *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	// Files are readable for all and writable for the owner, as npm sets
	// them, whatever the archive says.
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode.Perm()&0o755|0o644)
	if err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	if _, err := io.Copy(file, from); err != nil {
		_ = file.Close()
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
