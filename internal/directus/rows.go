package directus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// row is one row by column name. Drivers give the same value as different Go
// types; the methods make one of them.
type row map[string]any

func (r row) has(column string) bool { _, ok := r[column]; return ok }

func (r row) isNull(column string) bool { return r[column] == nil }

// text is the value as text, "" for null.
func (r row) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

// flag is the value as a boolean, false for null.
func (r row) flag(column string) bool {
	switch v := r[column].(type) {
	case bool:
		return v
	case int64:
		return v != 0
	default:
		switch strings.ToLower(r.text(column)) {
		case "1", "t", "true", "\x01":
			return true
		}
		return false
	}
}

func (r row) number(column string) (int64, bool) {
	switch v := r[column].(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	case nil:
		return 0, false
	default:
		n, err := strconv.ParseInt(r.text(column), 10, 64)
		return n, err == nil
	}
}

// json is the value as JSON with sorted keys and without spaces, so that two
// databases that keep the same thing differently agree. Null, and JSON's null,
// are "". What is no JSON stays as it is.
func (r row) json(column string) string {
	text := strings.TrimSpace(r.text(column))
	if text == "" || text == "null" {
		return ""
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // 1.0 and 1 stay apart, and big numbers whole
	var value any
	if err := decoder.Decode(&value); err != nil {
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return text
	}
	return strings.TrimSpace(out.String())
}

// list is a comma-separated value, sorted, without spaces and empty parts.
func (r row) list(column string) []string {
	var parts []string
	for part := range strings.SplitSeq(r.text(column), ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// selectRows reads columns (all of them if none is named) of all rows.
func selectRows(ctx context.Context, db Database, table string, columns ...string) ([]row, error) {
	var all []row
	err := eachRow(ctx, db, table, columns, func(r row) error {
		all = append(all, r)
		return nil
	})
	return all, err
}

func eachRow(ctx context.Context, db Database, table string, columns []string, each func(row) error) error {
	what := "*"
	if len(columns) > 0 {
		quoted := make([]string, len(columns))
		for i, column := range columns {
			quoted[i] = db.Quote(column)
		}
		what = strings.Join(quoted, ", ")
	}
	return queryRows(ctx, db, "SELECT "+what+" FROM "+db.Quote(table), each) //nolint:gosec // identifiers are quoted by the driver's rules
}

func queryRows(ctx context.Context, db Database, query string, each func(row) error) error {
	rows, err := db.SQL().QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(names))
	targets := make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		r := make(row, len(names))
		for i, name := range names {
			// The driver may use its buffer again for the next row.
			if b, ok := values[i].([]byte); ok {
				values[i] = bytes.Clone(b)
			}
			r[name] = values[i]
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// columnsOf lists a table's columns in order, without reading a row.
func columnsOf(ctx context.Context, db Database, table string) ([]string, error) {
	rows, err := db.SQL().QueryContext(ctx, "SELECT * FROM "+db.Quote(table)+" WHERE 1 = 0") //nolint:gosec // quoted
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // nothing is read
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return columns, rows.Err()
}

func countRows(ctx context.Context, db Database, table, where string) (int, error) {
	query := "SELECT COUNT(*) FROM " + db.Quote(table) //nolint:gosec // quoted
	if where != "" {
		query += " WHERE " + where
	}
	var n int
	if err := db.SQL().QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting rows of %s: %w", table, err)
	}
	return n, nil
}

// tableSet is the set of the database's tables.
func tableSet(ctx context.Context, db Database) (map[string]bool, error) {
	tables, err := db.Tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	set := make(map[string]bool, len(tables))
	for _, table := range tables {
		set[table] = true
	}
	return set, nil
}

func compareText(a, b row, column string) int {
	return strings.Compare(a.text(column), b.text(column))
}
