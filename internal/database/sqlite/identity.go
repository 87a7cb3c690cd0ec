package sqlite

import (
	"context"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/database"
)

// Identity reads device and inode of the file and the two numbers that
// SQLite keeps for applications in its header.
func (d *DB) Identity(ctx context.Context) (database.Identity, error) {
	id, err := idOf(d.path)
	if err != nil {
		return database.Identity{}, err
	}
	application, err := d.pragma(ctx, "application_id")
	if err != nil {
		return database.Identity{}, err
	}
	user, err := d.pragma(ctx, "user_version")
	if err != nil {
		return database.Identity{}, err
	}
	version, _, _ := sqlite3.Version()
	return database.Identity{
		Vendor: database.SQLite, Name: d.path, ServerVersion: version,
		SystemID: fmt.Sprintf("device %d inode %d application %d version %d", id.device, id.inode, application, user),
	}, nil
}

// Size is the number of pages times their size: the log's new pages count,
// free pages too.
func (d *DB) Size(ctx context.Context) (int64, error) {
	pages, err := d.pragma(ctx, "page_count")
	if err != nil {
		return 0, err
	}
	size, err := d.pragma(ctx, "page_size")
	if err != nil {
		return 0, err
	}
	return pages * size, nil
}

func (d *DB) pragma(ctx context.Context, name string) (int64, error) {
	var value int64
	if err := d.sql.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value); err != nil {
		return 0, fmt.Errorf("reading %s of the database: %w", name, describe(err, d.path))
	}
	return value, nil
}
