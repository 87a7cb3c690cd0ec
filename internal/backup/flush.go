package backup

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// flushOneByOne is up to how many files are flushed one by one. More are
// flushed with their whole filesystem, which is far quicker for them, but
// also waits for what other programs have written.
const flushOneByOne = 500

// flushTree makes a folder with so many files last.
func flushTree(dir string, files int) error {
	if files > flushOneByOne {
		return flushFilesystem(dir)
	}
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if item.IsDir() || item.Type().IsRegular() {
			return flushPath(name)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}

// flushFilesystem flushes all that was written. Since Linux 5.8 it also
// reports what could not be written.
func flushFilesystem(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	defer file.Close() //nolint:errcheck // only read from
	if err := unix.Syncfs(int(file.Fd())); err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}

// flushPath flushes a file, or the names in a folder.
func flushPath(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read from
	return file.Sync()
}
