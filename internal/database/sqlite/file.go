package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/progress"
)

// sideSuffixes are those of the files that SQLite keeps beside a database.
// Any of them beside a database it does not belong to can destroy it.
var sideSuffixes = []string{"-wal", "-journal", "-shm"}

// create makes an empty file that only the owner can read, removing what an
// earlier, interrupted try left under that name.
func create(path string) error {
	if err := removeDatabase(path); err != nil {
		return err
	}
	file, err := durable.Create(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// removeDatabase removes a temporary database and what lies beside it.
func removeDatabase(path string) error {
	for _, suffix := range append([]string{""}, sideSuffixes...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a leftover: %w", err)
		}
	}
	return nil
}

// copyFile copies a file's contents into an existing, empty one and flushes
// it. Neither may be open as a database.
func copyFile(ctx context.Context, from, to string, report progress.Reporter) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // only read from
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer target.Close() //nolint:errcheck // what was written is closed below
	for done := int64(0); done < info.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Between two files, CopyN has the kernel do the copying.
		n, err := io.CopyN(target, source, min(batchBytes, info.Size()-done))
		if err != nil {
			return err
		}
		done += n
		report.Progress("database", progress.Bytes, done, info.Size())
	}
	if err := target.Sync(); err != nil {
		return err
	}
	return target.Close()
}
