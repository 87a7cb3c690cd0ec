package postgres

import (
	"context"

	"bunnyhop/internal/database"
)

var _ database.Tooled = (*DB)(nil)

// DumpTool names the pg_dump that would be used.
func (d *DB) DumpTool(ctx context.Context) (string, error) {
	t, err := findTools(ctx, d.config, d.version)
	if err != nil {
		return "", err
	}
	return "pg_dump " + t.text, nil
}
