package connect

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysql"
	"bunnyhop/internal/database/postgres"
)

// Look tells what is at a place into which something may be restored: whether
// there is a database, and how many tables it has.
func Look(ctx context.Context, config database.Config) (exists bool, tables int, err error) {
	vendor, err := supported(config)
	if err != nil {
		return false, 0, err
	}
	if vendor == database.SQLite {
		info, err := os.Stat(config.Filename)
		if errors.Is(err, fs.ErrNotExist) {
			return false, 0, nil
		}
		if err != nil || info.Size() == 0 {
			return err == nil, 0, err
		}
	}
	db, err := Open(ctx, config, ReadOnly)
	if postgres.Missing(err) || mysql.Missing(err) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	names, err := db.Tables(ctx)
	return true, len(names), errors.Join(err, db.Close())
}
