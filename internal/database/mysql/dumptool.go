package mysql

import (
	"context"
	"path/filepath"

	"bunnyhop/internal/database"
)

var _ database.Tooled = (*DB)(nil)

// DumpTool names the program that would be used.
func (d *DB) DumpTool(ctx context.Context) (string, error) {
	t, err := findTools(ctx, d.config, d.version)
	if err != nil {
		return "", err
	}
	return filepath.Base(t.dump) + " " + t.version.text, nil
}
