package mysql

import (
	"context"

	"bunnyhop/internal/database"
)

var _ database.Kept = (*DB)(nil)

// DataDir is the server's data folder.
func (d *DB) DataDir(ctx context.Context) string {
	var dir string
	if d.sql.QueryRowContext(ctx, "SELECT @@datadir").Scan(&dir) != nil {
		return ""
	}
	return dir
}
