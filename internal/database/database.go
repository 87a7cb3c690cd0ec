// Package database is what the layers above know of a project's database:
// who it is, what is in it, how to dump it, and how to tell two states apart.
// Each vendor is a package of its own below this one; package connect picks
// the right one. Nothing above imports a vendor package.
package database

import (
	"context"
	"database/sql"

	"bunnyhop/internal/progress"
)

// Vendor names a kind of database server, as Directus names it in snapshots.
type Vendor string

// The vendors that Directus knows.
const (
	SQLite      Vendor = "sqlite"
	Postgres    Vendor = "postgres"
	MySQL       Vendor = "mysql" // MariaDB too: Directus tells no difference
	MSSQL       Vendor = "mssql"
	Oracle      Vendor = "oracle"
	CockroachDB Vendor = "cockroachdb"
	Redshift    Vendor = "redshift"
)

// Mode says what a connection may do.
type Mode int

const (
	// ReadOnly connections cannot change data; the engine refuses writes.
	ReadOnly Mode = iota
	// ReadWrite connections may change data. They never create a database.
	ReadWrite
)

// Identity says which database this is, so that two connections can be
// proved to lead to the same one.
type Identity struct {
	Vendor        Vendor `json:"vendor"`
	Host          string `json:"host,omitempty"` // empty for SQLite
	Name          string `json:"name"`           // SQLite: absolute path without symlinks
	ServerVersion string `json:"server_version"` // SQLite: version of the library in this program
	// SystemID tells databases of the same name apart. SQLite: device, inode,
	// application_id and user_version of the file; a restore, which swaps the
	// file, changes it.
	SystemID string `json:"system_id"`
}

// Column is one column of a table as the database describes it.
type Column struct {
	Name       string `json:"name"`
	Type       string `json:"type"` // as declared
	NotNull    bool   `json:"not_null,omitempty"`
	Default    string `json:"default,omitempty"`     // SQL text; empty means none
	PrimaryKey int    `json:"primary_key,omitempty"` // position in the primary key from 1, 0 = not part of it
	Generated  bool   `json:"generated,omitempty"`
}

// TableSchema describes a table. Indexes and Constraints are normalized
// texts, sorted, made to be compared and read, not to be executed.
type TableSchema struct {
	Columns     []Column `json:"columns"` // in table order
	Indexes     []string `json:"indexes"`
	Constraints []string `json:"constraints"`
}

// DumpInfo says what made a dump, and of what state.
type DumpInfo struct {
	Tool        string
	ToolVersion string
	Bytes       int64 // size of the dump
	// SHA256 is the hex of the dump's digest where it was made while the dump
	// was written; empty where the file has to be read for it.
	SHA256 string
	// Fingerprint is that of exactly the dumped state, where the vendor can
	// tell it; otherwise nil, and Database.Fingerprint is the next best thing.
	Fingerprint *Fingerprint
	// FromSource says that Fingerprint was read from the database itself, in
	// the same snapshot as the dump, and not from the dump.
	FromSource bool
}

// Database is an open database. Methods may be used by several goroutines.
type Database interface {
	Vendor() Vendor
	// Identity reads who the database is, now.
	Identity(ctx context.Context) (Identity, error)
	// SQL gives reading access to the layers above.
	SQL() *sql.DB
	// Quote makes an identifier safe for a statement.
	Quote(identifier string) string
	// Tables lists the tables, sorted. A list that cannot be read is an
	// error, never an empty list.
	Tables(ctx context.Context) ([]string, error)
	// Schema describes a table; one that does not exist is an error.
	Schema(ctx context.Context, table string) (TableSchema, error)
	// Fingerprint reads every row of the tables that only lets through (nil:
	// all of them). It reports progress in rows.
	Fingerprint(ctx context.Context, only func(table string) bool, report progress.Reporter) (Fingerprint, error)
	// Size is the size of the database in bytes, as a dump would need it at
	// most.
	Size(ctx context.Context) (int64, error)
	// Dump writes a consistent copy to path (mode 0600), while others go on
	// writing. The file appears under its name only when it is complete and
	// flushed. A full disk is an error that matches syscall.ENOSPC.
	Dump(ctx context.Context, path string, report progress.Reporter) (DumpInfo, error)
	// Integrity has the engine check itself. What it finds is an
	// *IntegrityError.
	Integrity(ctx context.Context) error
	// Sessions lists the processes or sessions that have the database open,
	// other than this process.
	Sessions(ctx context.Context) ([]string, error)
	Close() error
}

// DumpName is the file name of a vendor's dump in a backup.
func DumpName(vendor Vendor) string {
	switch vendor {
	case SQLite:
		return "database.sqlite"
	case Postgres, CockroachDB, Redshift:
		return "database.pgdump"
	case MySQL:
		return "database.sql.zst"
	case MSSQL, Oracle:
		return "database.sql"
	}
	return "database.dump"
}
