package site

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/progress"
)

// WritePrivate writes a file of owner-only mode by temp, flush and rename. The
// temporary file lies beside it: what a kill leaves must not lie in /tmp.
func WritePrivate(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(filepath.Dir(path)))
}

// WritePrivateBy is WritePrivate for what is written piece by piece.
func WritePrivateBy(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup() //nolint:errcheck // nothing is left of one that was replaced
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := errors.Join(write(buffered), buffered.Flush()); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// Exists reports whether something is at path, a broken link included. An
// error other than "not there" is returned and not taken for absence.
func Exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Remove removes a folder and says so first: a tree of packages takes seconds,
// in which nothing else is to be seen. One that is not there is not told of.
func Remove(report progress.Reporter, what, dir string) error {
	if there, err := Exists(dir); err != nil || !there {
		return err
	}
	report.Progress("removing "+what, progress.Steps, 0, 0)
	return os.RemoveAll(dir)
}
