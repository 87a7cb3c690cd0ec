// Package connect opens, restores and copies databases of whatever vendor a
// project's configuration names.
package connect

import (
	"context"
	"fmt"
	"os"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysql"
	"bunnyhop/internal/database/postgres"
	"bunnyhop/internal/database/sqlite"
	"bunnyhop/internal/progress"
)

// Mode says what a connection may do.
type Mode = database.Mode

// The modes, repeated so that callers need one import.
const (
	ReadOnly  = database.ReadOnly
	ReadWrite = database.ReadWrite
)

// supported returns the vendor of a configuration, or why nothing can be done
// with it.
func supported(config database.Config) (database.Vendor, error) {
	if err := database.Supported(config.Client); err != nil {
		return "", err
	}
	vendor, _ := config.Vendor()
	return vendor, nil
}

// Open opens an existing database and reads from it once. It never creates
// anything. What is missing, wrong or unreadable is a *fault.Error.
func Open(ctx context.Context, config database.Config, mode Mode) (database.Database, error) {
	vendor, err := supported(config)
	if err != nil {
		return nil, err
	}
	switch vendor {
	case database.SQLite:
		return opened(sqlite.Open(ctx, config.Filename, mode))
	case database.Postgres:
		return opened(postgres.Open(ctx, config, mode))
	case database.MySQL:
		return opened(mysql.Open(ctx, config, mode))
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return nil, fmt.Errorf("no way to open %s", vendor)
}

// opened keeps a typed nil from becoming a non-nil interface.
func opened[D database.Database](db D, err error) (database.Database, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Restore replaces the database of config with a dump. The dump is restored
// to a new place, checked there, and swapped in; killed at any instant, either
// the old database is in place with all it had, or the new one, and running
// Restore again finishes the work. The database must not be in use.
func Restore(ctx context.Context, config database.Config, dump string, report progress.Reporter) error {
	vendor, err := supported(config)
	if err != nil {
		return err
	}
	switch vendor {
	case database.SQLite:
		return sqlite.Restore(ctx, config.Filename, dump, report)
	case database.Postgres:
		return postgres.Restore(ctx, config, dump, report)
	case database.MySQL:
		return mysql.Restore(ctx, config, dump, report)
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return fmt.Errorf("no way to restore %s", vendor)
}

// Scratch is the place of a database that belongs to nobody: a copy that is
// looked at, or tried out, and dropped.
type Scratch struct {
	// Config leads to a database of the same vendor; on a server, the scratch
	// database is made beside that one.
	Config database.Config
	// Dir is a folder for it alone: the place of SQLite's file.
	Dir string
	// Name is its name on a server (see database.ScratchName).
	Name string
}

// RestoreScratch restores a dump into a new scratch database and returns how
// to reach it. One that an interrupted run left there is dropped first.
func RestoreScratch(ctx context.Context, scratch Scratch, dump string, report progress.Reporter) (database.Config, error) {
	vendor, err := supported(scratch.Config)
	if err != nil {
		return database.Config{}, err
	}
	switch vendor {
	case database.SQLite:
		if err := os.MkdirAll(scratch.Dir, 0o700); err != nil {
			return database.Config{}, fmt.Errorf("making the scratch folder: %w", err)
		}
		filename, err := sqlite.RestoreScratch(ctx, dump, scratch.Dir)
		return database.Config{Client: scratch.Config.Client, Filename: filename}, err
	case database.Postgres:
		return postgres.RestoreScratch(ctx, scratch.Config, dump, scratch.Name, report)
	case database.MySQL:
		return mysql.RestoreScratch(ctx, scratch.Config, dump, scratch.Name, report)
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return database.Config{}, fmt.Errorf("no way to restore %s", vendor)
}

// DropScratch drops a scratch database with its folder; one that is gone
// already is no error.
func DropScratch(ctx context.Context, scratch Scratch) error {
	vendor, err := supported(scratch.Config)
	if err != nil {
		return err
	}
	switch vendor {
	case database.SQLite: // it is in the folder
	case database.Postgres:
		if err := postgres.DropScratch(ctx, named(scratch)); err != nil {
			return err
		}
	case database.MySQL:
		if err := mysql.DropScratch(ctx, named(scratch)); err != nil {
			return err
		}
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	if scratch.Dir == "" {
		return nil
	}
	return os.RemoveAll(scratch.Dir)
}

// named leads to the scratch database itself.
func named(scratch Scratch) database.Config {
	config := scratch.Config
	config.Name = scratch.Name
	return config
}

// Scratches lists the names of the scratch databases on a server, of any run
// of any project.
func Scratches(ctx context.Context, config database.Config) ([]string, error) {
	vendor, err := supported(config)
	if err != nil {
		return nil, err
	}
	switch vendor {
	case database.SQLite:
		return nil, nil
	case database.Postgres:
		return postgres.Scratches(ctx, config)
	case database.MySQL:
		return mysql.Scratches(ctx, config)
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return nil, fmt.Errorf("no way to list the databases of %s", vendor)
}
