// Package memfile makes files that are only in memory, for secrets on their
// way to a child process.
package memfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// New is a file without a name in any folder, which goes away with those who
// have it open. Nobody but its owner may read or write it: libpq refuses a key
// that others may read, and MySQL's tools ignore an option file that others
// may write. The name only shows in /proc.
func New(name, text string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making a file in memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), name) //nolint:gosec // a descriptor is never negative here
	if _, err := file.WriteString(text); err != nil {
		return nil, errors.Join(fmt.Errorf("writing a file in memory: %w", err), file.Close())
	}
	if err := file.Chmod(0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("closing a file in memory to others: %w", err), file.Close())
	}
	return file, nil
}

// CloseAll closes files that a child has by now. Any of them may be nil.
func CloseAll(files []*os.File) {
	for _, file := range files {
		if file != nil {
			_ = file.Close()
		}
	}
}
