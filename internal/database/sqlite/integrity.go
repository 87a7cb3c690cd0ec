package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"bunnyhop/internal/database"
)

// firstProblems is how many problems of each kind are listed.
const firstProblems = 20

// Integrity runs SQLite's integrity_check and foreign_key_check.
func (d *DB) Integrity(ctx context.Context) error { return integrity(ctx, d.sql, d.path) }

func integrity(ctx context.Context, pool *sql.DB, path string) error {
	found := &database.IntegrityError{}
	var err error
	if found.Damage, err = damage(ctx, pool); err != nil {
		return fmt.Errorf("checking the database: %w", describe(err, path))
	}
	if len(found.Damage) > 0 {
		return found // references of a damaged file say nothing
	}
	if found.ForeignKeys, err = foreignKeys(ctx, pool); err != nil {
		return fmt.Errorf("checking the database's references: %w", describe(err, path))
	}
	if len(found.ForeignKeys) > 0 {
		return found
	}
	return nil
}

// damage lists what integrity_check finds. Some damage makes the check itself
// fail, which is a finding too.
func damage(ctx context.Context, pool *sql.DB) ([]string, error) {
	rows, err := pool.QueryContext(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", firstProblems))
	if err != nil {
		return corruption(nil, err)
	}
	defer rows.Close() //nolint:errcheck // only read from
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		if line != "ok" {
			lines = append(lines, line)
		}
	}
	return corruption(lines, rows.Err())
}

func corruption(lines []string, err error) ([]string, error) {
	if code, ok := codeOf(err); ok && (code == sqlite3.ErrCorrupt || code == sqlite3.ErrNotADB) {
		return append(lines, err.Error()), nil
	}
	return lines, err
}

func foreignKeys(ctx context.Context, pool *sql.DB) ([]string, error) {
	rows, err := pool.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // only read from
	var lines []string
	for rows.Next() && len(lines) < firstProblems {
		var table, parent string
		var rowid sql.NullInt64 // NULL for a table without row ids
		var key int
		if err := rows.Scan(&table, &rowid, &parent, &key); err != nil {
			return nil, err
		}
		if rowid.Valid {
			lines = append(lines, fmt.Sprintf("row %d of %s points at a missing row of %s", rowid.Int64, table, parent))
		} else {
			lines = append(lines, fmt.Sprintf("a row of %s points at a missing row of %s", table, parent))
		}
	}
	return lines, rows.Err()
}
