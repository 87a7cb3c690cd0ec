// Package durable makes what was written outlast a loss of power.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes an empty file that only the owner can read, in the place of
// what an earlier, interrupted try left under that name.
func Create(path string) (*os.File, error) {
	if err := Remove(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	return file, nil
}

// File writes a file through to the disk and returns its size in bytes.
func File(path string) (int64, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a file of the caller's own
	if err != nil {
		return 0, fmt.Errorf("flushing %s: %w", path, err)
	}
	defer file.Close() //nolint:errcheck // only read from
	if err := file.Sync(); err != nil {
		return 0, fmt.Errorf("flushing %s: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Publish gives a finished file its name: either all of it is there under
// that name from then on, or nothing. It returns the size in bytes.
func Publish(temp, path string) (int64, error) {
	size, err := File(temp)
	if err != nil {
		return 0, err
	}
	if err := os.Rename(temp, path); err != nil {
		return 0, fmt.Errorf("naming a finished file: %w", err)
	}
	return size, Folder(filepath.Dir(path))
}

// Remove removes a file, if it is there, without making that last.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a leftover: %w", err)
	}
	return nil
}

// Folder makes renames and removals in a folder last.
func Folder(dir string) error {
	file, err := os.Open(dir) //nolint:gosec // a folder that the caller works in
	if err != nil {
		return fmt.Errorf("flushing the folder %s: %w", dir, err)
	}
	defer file.Close() //nolint:errcheck // only read from
	if err := file.Sync(); err != nil {
		return fmt.Errorf("flushing the folder %s: %w", dir, err)
	}
	return nil
}
