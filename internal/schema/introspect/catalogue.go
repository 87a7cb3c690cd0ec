package introspect

import (
	"context"
	"database/sql"
	"fmt"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// catalogue is what the database itself knows, in the words of Directus
// (@directus/schema 10.13.4's and 12.4.0's, dist/index.js: tableInfo,
// columnInfo, foreignKeys and the primary of overview).
type catalogue struct {
	tables []string
	// keyed are the tables with a primary key of one column: the only ones
	// that Directus can work with.
	keyed   map[string]bool
	columns []column
	keys    []foreignKey
}

type column struct {
	table, name   string
	dataType      string
	defaultValue  *string // as Directus reads it: without quotes
	maxLength     *float64
	precision     *float64
	scale         *float64
	nullable      bool
	unique        bool
	indexed       bool
	primary       bool
	autoIncrement bool
	generated     bool
	expression    *string
	refTable      *string
	refColumn     *string
}

type foreignKey struct {
	table, column      string
	refTable           string
	refColumn          *string
	constraint         *string
	onUpdate, onDelete *string
}

func readCatalogue(ctx context.Context, tx *sql.Tx, vendor database.Vendor, options Options, f snapshot.Features) (*catalogue, error) {
	switch vendor {
	case database.SQLite:
		return readSQLite(ctx, tx, f)
	case database.Postgres:
		return readPostgres(ctx, tx, options.SearchPath)
	case database.MySQL:
		return readMySQL(ctx, tx)
	default:
		return nil, fmt.Errorf("%s is not read", vendor)
	}
}

// scan runs a query and hands over its rows, one by one.
func scan(ctx context.Context, tx *sql.Tx, query string, args []any, each func(scan func(...any) error) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func pointer(text sql.NullString) *string {
	if !text.Valid {
		return nil
	}
	return &text.String
}

func number(n sql.NullFloat64) *float64 {
	if !n.Valid {
		return nil
	}
	return &n.Float64
}

// notEmpty is the value, or nil for an empty one.
func notEmpty(text sql.NullString) *string {
	if text.String == "" {
		return nil
	}
	return pointer(text)
}
