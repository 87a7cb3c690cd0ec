package sqlite

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/fault"
)

// codeOf is the SQLite result code in an error's chain.
func codeOf(err error) (sqlite3.ErrNo, bool) {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return e.Code, true
	}
	return 0, false
}

// describe turns an engine's error on a file into one for a person. A full
// disk matches syscall.ENOSPC afterwards.
func describe(err error, path string) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code { //nolint:exhaustive // the other codes speak for themselves
	case sqlite3.ErrNotADB:
		return fault.Wrap(err, path+" is not a SQLite database",
			"check DB_FILENAME; an encrypted database cannot be read either")
	case sqlite3.ErrCorrupt:
		return fault.Wrap(err, "the database "+path+" is damaged",
			"look with `sqlite3 FILE .recover`, or restore a backup")
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fault.Wrap(err, "another program keeps the database "+path+" locked",
			"wait until it is done, or stop it, and try again")
	case sqlite3.ErrCantOpen, sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrAuth:
		return fault.Wrap(err, "the database "+path+" cannot be opened",
			"run bunnyhop as the user that runs Directus; SQLite also needs to write into the database's folder")
	case sqlite3.ErrFull:
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	if e.SystemErrno == syscall.ENOSPC {
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	return err
}
