package advisory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/systemschema"
)

// reading keeps what the rules of one check have read, so that each system
// table, the access rules and the sources of extensions are read once, and the
// system tables compared once.
type reading struct {
	tables  []string
	rows    map[string][]row
	access  *directus.AccessMatrix
	sources *sources
	// snapshots are those of the project's folder, once it was searched.
	snapshots []snapshot
	searched  bool
	drift     *systemschema.Report
}

// cached makes an input whose readers remember.
func (in Input) cached() Input {
	if in.read == nil {
		in.read = &reading{rows: map[string][]row{}}
	}
	return in
}

// columnsRead are the columns that are read of tables that hold more, or more
// secret things, than the rules look at. Of other tables all are read. Columns
// that a version does not have are left out.
var columnsRead = map[string][]string{
	"directus_users":    {"id", "email", "role", "status", "provider"},
	"directus_fields":   {"id", "collection", "field", "special", "interface", "options", "readonly"},
	"directus_files":    {}, // may have millions of rows
	"directus_activity": {},
	"directus_sessions": {}, "directus_revisions": {},
}

// row is a row of a system table; null is "".
type row struct {
	columns map[string]int
	values  []string
}

// has reports whether the table has the column, in this version.
func (r row) has(column string) bool { _, ok := r.columns[column]; return ok }

// text is a value as text, "" where it is null or there is no such column.
func (r row) text(column string) string {
	if i, ok := r.columns[column]; ok {
		return r.values[i]
	}
	return ""
}

// flag is a value as a boolean, false for null.
func (r row) flag(column string) bool {
	switch strings.ToLower(r.text(column)) {
	case "1", "t", "true", "\x01":
		return true
	}
	return false
}

// name is what people know the row by: its name, key, or id.
func (r row) name() string {
	for _, column := range []string{"name", "key", "collection", "id"} {
		if text := r.text(column); text != "" {
			return text
		}
	}
	return "?"
}

// hasTable reports whether the database has a table.
func (in Input) hasTable(ctx context.Context, table string) (bool, error) {
	if in.DB == nil {
		return false, nil
	}
	if in.read != nil && in.read.tables != nil {
		return slices.Contains(in.read.tables, table), nil
	}
	tables, err := in.DB.Tables(ctx)
	if err != nil {
		return false, fmt.Errorf("listing the tables: %w", err)
	}
	if in.read != nil {
		in.read.tables = tables
	}
	return slices.Contains(tables, table), nil
}

// rows reads a system table, once in a check; none where there is no such table
// or no database. It is not for tables that may be large: see count.
func (in Input) rows(ctx context.Context, table string) ([]row, error) {
	if in.read != nil {
		if rows, done := in.read.rows[table]; done {
			return rows, nil
		}
	}
	exists, err := in.hasTable(ctx, table)
	if err != nil || !exists {
		return nil, err
	}
	columns := []string{"*"}
	if some, limited := columnsRead[table]; limited {
		if columns, err = in.columns(ctx, table); err != nil {
			return nil, err
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return !slices.Contains(some, c) })
		if len(columns) == 0 {
			return nil, fmt.Errorf("the table %s is not read as a whole", table)
		}
		for i, column := range columns {
			columns[i] = in.DB.Quote(column)
		}
	}
	rows, err := scanRows(ctx, in.DB, "SELECT "+strings.Join(columns, ", ")+" FROM "+in.DB.Quote(table)) //nolint:gosec // quoted
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	if in.read != nil {
		in.read.rows[table] = rows
	}
	return rows, nil
}

// columns lists the columns of a table, none where there is no such table.
func (in Input) columns(ctx context.Context, table string) ([]string, error) {
	exists, err := in.hasTable(ctx, table)
	if err != nil || !exists {
		return nil, err
	}
	rows, err := in.DB.SQL().QueryContext(ctx, "SELECT * FROM "+in.DB.Quote(table)+" WHERE 1 = 0") //nolint:gosec // quoted
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", table, err)
	}
	defer rows.Close() //nolint:errcheck // nothing is read
	names, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", table, err)
	}
	return names, rows.Err()
}

// count counts the rows of a table for which a condition holds ("" for all); 0
// where there is no such table. The condition is the caller's own text.
func (in Input) count(ctx context.Context, table, where string) (int, error) {
	exists, err := in.hasTable(ctx, table)
	if err != nil || !exists {
		return 0, err
	}
	query := "SELECT COUNT(*) FROM " + in.DB.Quote(table) //nolint:gosec // quoted
	if where != "" {
		query += " WHERE " + where
	}
	var n int
	if err := in.DB.SQL().QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting rows of %s: %w", table, err)
	}
	return n, nil
}

// access is who may do what, read once in a check; nil without a database.
func (in Input) access(ctx context.Context) (*directus.AccessMatrix, error) {
	if in.DB == nil {
		return &directus.AccessMatrix{}, nil
	}
	if in.read != nil && in.read.access != nil {
		return in.read.access, nil
	}
	matrix, err := directus.ReadAccess(ctx, in.DB)
	if err == nil && in.read != nil {
		in.read.access = matrix
	}
	return matrix, err
}

func scanRows(ctx context.Context, db directus.Database, query string) ([]row, error) {
	result, err := db.SQL().QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer result.Close() //nolint:errcheck // Err tells
	names, err := result.Columns()
	if err != nil {
		return nil, err
	}
	columns := make(map[string]int, len(names))
	for i, name := range names {
		columns[name] = i
	}
	values, targets := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	var all []row
	for result.Next() {
		if err := result.Scan(targets...); err != nil {
			return nil, err
		}
		r := row{columns: columns, values: make([]string, len(names))}
		for i := range values {
			r.values[i] = values[i].String
		}
		all = append(all, r)
	}
	return all, result.Err()
}
