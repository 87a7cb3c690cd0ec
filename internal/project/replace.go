package project

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// Replace gives the file at path new content so that a crash at any byte
// leaves the old or the new file: a temporary file beside it is written,
// flushed and renamed, with the mode and owner of the file before. The file
// before is kept as keepAs (relative to the file's folder, or absolute); a
// file that already stands there is not touched, so that a second try does not
// overwrite the original. An empty keepAs keeps nothing. A symbolic link is
// followed, and stays a link. A file that did not exist is made with mode
// 0600, and nothing is kept.
func Replace(path string, data []byte, keepAs string) error {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		target, err = path, nil
	}
	if err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	before, err := os.Stat(target)
	exists := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	if exists && keepAs != "" {
		if !filepath.IsAbs(keepAs) {
			keepAs = filepath.Join(filepath.Dir(path), keepAs)
		}
		if err := Keep(target, keepAs); err != nil {
			return err
		}
	}
	mode := os.FileMode(0o600)
	if exists {
		mode = before.Mode().Perm()
	}
	file, err := renameio.NewPendingFile(target, renameio.WithTempDir(filepath.Dir(target)), renameio.WithStaticPermissions(mode))
	if err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	defer file.Cleanup() //nolint:errcheck // nothing is left to clean up after the rename
	if _, err := file.Write(data); err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	if exists {
		if err := sameOwner(file.File, before); err != nil {
			return fmt.Errorf("replacing %s: keeping its owner: %w", path, err)
		}
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	return syncDir(filepath.Dir(target))
}

// Keep saves the file at path as keepAs, with content, mode and owner, and
// flushes it. It does nothing when keepAs exists.
func Keep(path, keepAs string) error {
	if _, err := os.Lstat(keepAs); err == nil {
		return nil
	}
	source, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping %s: %w", path, err)
	}
	defer source.Close() //nolint:errcheck // read only
	info, err := source.Stat()
	if err != nil {
		return fmt.Errorf("keeping %s: %w", path, err)
	}
	file, err := renameio.NewPendingFile(keepAs, renameio.WithTempDir(filepath.Dir(keepAs)),
		renameio.WithStaticPermissions(info.Mode().Perm()))
	if err != nil {
		return fmt.Errorf("keeping %s as %s: %w", path, keepAs, err)
	}
	defer file.Cleanup() //nolint:errcheck // nothing is left to clean up after the rename
	if _, err := io.Copy(file, source); err != nil {
		return fmt.Errorf("keeping %s as %s: %w", path, keepAs, err)
	}
	if err := sameOwner(file.File, info); err != nil {
		return fmt.Errorf("keeping %s as %s: keeping its owner: %w", path, keepAs, err)
	}
	if err := os.Chtimes(file.Name(), info.ModTime(), info.ModTime()); err != nil {
		return fmt.Errorf("keeping %s as %s: %w", path, keepAs, err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("keeping %s as %s: %w", path, keepAs, err)
	}
	return syncDir(filepath.Dir(keepAs))
}

// sameOwner gives file the owner that info shows, when it is another one.
func sameOwner(file *os.File, info os.FileInfo) error {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	now, err := file.Stat()
	if err != nil {
		return err
	}
	if have, ok := now.Sys().(*syscall.Stat_t); ok && have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	if err := file.Chown(int(want.Uid), int(want.Gid)); err != nil {
		return err
	}
	// chown drops the set-id bits and may drop others.
	return file.Chmod(info.Mode().Perm())
}

// syncDir makes a rename in dir last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	defer d.Close() //nolint:errcheck // read only
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}
