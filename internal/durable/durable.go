// Package durable makes what was written outlast a loss of power.
package durable

import (
	"fmt"
	"os"
)

// File writes a file through to the disk and returns its size in bytes.
func File(path string) (int64, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a file of the caller's own
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // only read from
	if err := file.Sync(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
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
