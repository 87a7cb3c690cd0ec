// Package sqlite works with SQLite databases, through the SQLite library's
// own interface where database/sql cannot reach (online backup) or is slow
// (reading every row).
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// busyTimeout is how long a statement waits for a lock, in milliseconds.
const busyTimeout = "10000"

// DB is an open SQLite database.
type DB struct {
	path string // absolute, without symlinks
	mode database.Mode
	sql  *sql.DB
	done func() // takes it out of the list of open databases
}

var _ database.Database = (*DB)(nil)

// Open opens an existing database file. It never creates one. A file that is
// missing, empty, unreadable or something else is a *fault.Error.
func Open(ctx context.Context, filename string, mode database.Mode) (*DB, error) {
	path, err := locate(filename, mode)
	if err != nil {
		return nil, err
	}
	done, err := register(path)
	if err != nil {
		return nil, err
	}
	pool, err := connect(ctx, path, mode)
	if err != nil {
		done()
		return nil, describe(err, path)
	}
	return &DB{path: path, mode: mode, sql: pool, done: done}, nil
}

// locate resolves the file name and refuses what cannot be a database. It
// only looks at the file's metadata: opening and closing a database file
// beside SQLite would drop the locks that SQLite holds in this process
// (sqlite.org/howtocorrupt.html, section 2.2).
func locate(filename string, mode database.Mode) (string, error) {
	if !filepath.IsAbs(filename) {
		return "", fmt.Errorf("opening the database: the path %q is not absolute", filename)
	}
	path, err := filepath.EvalSymlinks(filename)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(err, "there is no database file at "+filename,
			"check DB_FILENAME; a relative name counts from the folder that Directus is started in")
	} else if err != nil {
		return "", fault.Wrap(err, "the database file "+filename+" cannot be reached",
			"run bunnyhop as the user that runs Directus")
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("looking at the database file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fault.New(filename+" is not a file but a "+kind(info.Mode()), "check DB_FILENAME")
	}
	if info.Size() == 0 {
		return "", fault.New("the database file "+filename+" is empty (0 bytes)",
			"check DB_FILENAME: SQLite makes an empty file when a program opens a wrong name; or restore a backup")
	}
	access := uint32(unix.R_OK)
	if mode == database.ReadWrite {
		access |= unix.W_OK
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, access, unix.AT_EACCESS); err != nil {
		verb := "read"
		if mode == database.ReadWrite {
			verb = "written"
		}
		return "", fault.Wrap(err, "the database file "+filename+" cannot be "+verb,
			"run bunnyhop as the user that runs Directus")
	}
	return path, nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// connect opens the pool and reads the schema once, so that a wrong file is
// noticed here. A database whose last writer crashed needs its journal rolled
// back or its log indexed before anyone can read it, which a read-only
// connection cannot always do; it is then opened for writing, with writes to
// data refused. A database in WAL mode in a folder that cannot be written to
// can only be read when it is at rest.
func connect(ctx context.Context, path string, mode database.Mode) (*sql.DB, error) {
	if mode == database.ReadWrite {
		return try(ctx, dsn(path, "mode=rw"))
	}
	pool, err := try(ctx, dsn(path, "mode=ro", "_query_only=1"))
	if !refused(err) {
		return pool, err
	}
	pool, err = try(ctx, dsn(path, "mode=rw", "_query_only=1"))
	if refused(err) && atRest(ctx, path) {
		return try(ctx, immutable(path))
	}
	return pool, err
}

func refused(err error) bool {
	code, ok := codeOf(err)
	return ok && (code == sqlite3.ErrCantOpen || code == sqlite3.ErrReadonly)
}

// atRest reports whether the main file holds everything and nobody uses it.
func atRest(ctx context.Context, path string) bool {
	for _, suffix := range sideSuffixes {
		if info, err := os.Lstat(path + suffix); !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0) {
			return false
		}
	}
	users, err := sessions(ctx, path)
	return err == nil && len(users) == 0
}

func try(ctx context.Context, dsn string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(4)
	var version int64
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&version); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// dsn is a SQLite URI with parameters of SQLite and of the driver.
func dsn(path string, pairs ...string) string {
	values := url.Values{"_busy_timeout": {busyTimeout}}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		values.Set(key, value)
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?" + values.Encode()
}

// immutable opens a file that nobody else has open: without locks and
// without files beside it. For dumps.
func immutable(path string) string {
	return dsn(path, "mode=ro", "immutable=1", "_query_only=1")
}

// Vendor is database.SQLite.
func (d *DB) Vendor() database.Vendor { return database.SQLite }

// SQL gives reading access. The driver turns columns declared DATE, DATETIME
// or TIMESTAMP into time.Time and BOOLEAN into bool; put a + before the
// column's name to get the stored value.
func (d *DB) SQL() *sql.DB { return d.sql }

// Path is the absolute path of the file, without symlinks.
func (d *DB) Path() string { return d.path }

// Close closes all connections.
func (d *DB) Close() error {
	d.done()
	return d.sql.Close()
}

// Quote quotes an identifier in SQLite's way.
func (d *DB) Quote(identifier string) string { return quote(identifier) }

func quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}
