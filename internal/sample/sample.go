// Package sample holds a whole Directus project to try things on: a small
// newsroom on SQLite with stored pictures, roles, flows and one extension. The
// command cmd/mksample makes its data with the real Directus.
package sample

import (
	"archive/tar"
	"bytes"
	_ "embed" // the archive
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/server"
)

// Version is the Directus version of the sample.
const Version = "10.13.4"

// The demo's login. It is public: the server of an unpacked sample listens on
// the loopback address only. All users of the sample have this password.
const (
	AdminEmail    = "admin@example.com"
	AdminPassword = "newsroom-demo"
)

//go:embed newsroom.tar.zst
var archive []byte

// Unpack writes the project into dir, which must not exist or be empty. It
// chooses a port that is free now, and secrets of the folder's own. The
// packages are not installed. On failure dir is as before.
func Unpack(dir string) error {
	made, err := prepare(dir)
	if err != nil {
		return err
	}
	if err := unpack(dir); err != nil {
		failure := fault.Wrap(err, "the demo project could not be unpacked",
			"See that the folder can be written and has 5 MB of space, or choose another one.")
		failure.State = "Nothing was left in " + dir + "."
		if err := empty(dir, made); err != nil {
			failure.Err = errors.Join(failure.Err, err)
			failure.State = "Part of it was left in " + dir + "."
		}
		return failure
	}
	return nil
}

// prepare makes sure that dir is an empty folder, and says whether it made it.
func prepare(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a project folder as npm init makes it; its secrets have modes of their own
			return false, fault.Wrap(err, "the folder for the demo project cannot be made", "Choose another folder.")
		}
		return true, nil
	case err != nil:
		return false, fault.Wrap(err, "the folder for the demo project cannot be read", "Choose another folder.")
	case len(entries) > 0:
		return false, &fault.Error{
			What:  "the folder " + dir + " is not empty",
			State: "Nothing was changed.",
			Hint:  "Choose a folder that does not exist yet, or an empty one.",
			Code:  fault.Usage,
		}
	}
	return false, nil
}

func unpack(dir string) error {
	port, err := server.FreePort()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer root.Close() //nolint:errcheck // a folder handle, nothing is buffered
	if err := extract(root); err != nil {
		return err
	}
	// Last, so that a folder without it is never taken for a whole project.
	if err := root.WriteFile(".env", Environment(port), 0o600); err != nil {
		return fmt.Errorf("writing .env: %w", err)
	}
	return nil
}

// extract writes the archive's folders and files; root keeps them inside.
func extract(root *os.Root) error {
	decompressor, err := zstd.NewReader(bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	defer decompressor.Close()
	reader := tar.NewReader(decompressor)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the archive: %w", err)
		}
		mode := fs.FileMode(header.Mode).Perm() //nolint:gosec // nine bits are kept
		name := filepath.FromSlash(header.Name)
		if header.Typeflag == tar.TypeDir {
			err = root.MkdirAll(filepath.Clean(name), mode)
		} else {
			err = write(root, name, mode, reader)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", header.Name, err)
		}
	}
}

func write(root *os.Root, name string, mode fs.FileMode, content io.Reader) (err error) {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.Copy(file, content)
	return err
}

// empty removes what a failed Unpack wrote into dir, which was empty before.
func empty(dir string, made bool) error {
	if made {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}
