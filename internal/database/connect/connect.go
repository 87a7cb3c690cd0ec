// Package connect opens, restores and copies databases of whatever vendor a
// project's configuration names.
package connect

import (
	"context"

	"bunnyhop/internal/database"
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

// Open opens an existing database and reads from it once. It never creates
// anything. What is missing, wrong or unreadable is a *fault.Error.
func Open(ctx context.Context, config database.Config, mode Mode) (database.Database, error) {
	if err := database.Supported(config.Client); err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, config.Filename, mode)
	if err != nil {
		return nil, err // a typed nil must not become a non-nil interface
	}
	return db, nil
}

// Restore replaces the database of config with a dump. The dump is copied to
// a new place, checked there, and swapped in; killed at any instant, either
// the old database is in place with all it had, or the new one, and running
// Restore again finishes the work. The database must not be in use.
func Restore(ctx context.Context, config database.Config, dumpPath string, report progress.Reporter) error {
	if err := database.Supported(config.Client); err != nil {
		return err
	}
	return sqlite.Restore(ctx, config.Filename, dumpPath, report)
}

// RestoreScratch restores a dump into a new database that belongs to nobody,
// in scratchDir, and returns how to reach it: config with the place changed.
// Removing scratchDir drops it.
func RestoreScratch(ctx context.Context, config database.Config, dumpPath, scratchDir string) (database.Config, error) {
	if err := database.Supported(config.Client); err != nil {
		return database.Config{}, err
	}
	filename, err := sqlite.RestoreScratch(ctx, dumpPath, scratchDir)
	if err != nil {
		return database.Config{}, err
	}
	config.Filename = filename
	return config, nil
}
