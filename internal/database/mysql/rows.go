package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// stored are the columns whose values are stored, sorted by name.
func (d *described) stored() []column {
	columns := slices.DeleteFunc(slices.Clone(d.columns), column.virtual)
	slices.SortFunc(columns, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	return columns
}

// oneTable lets a table go after work, as the dump tools do. Until its end, a
// transaction keeps a lock on the definition of every table that it has read:
// a change of one would wait, and everybody else for that change.
func oneTable(ctx context.Context, conn *sql.Conn, work func() error) error {
	if _, err := conn.ExecContext(ctx, "SAVEPOINT bunnyhop"); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT bunnyhop")
	return err
}

// readTable calls each with the values of every row. A prepared statement is
// answered in binary form, in which a FLOAT has all its bits; as text it has
// six digits. The values are only valid until each returns.
func readTable(ctx context.Context, conn *sql.Conn, schema, table string, columns []column, each func([]driver.Value) error) error {
	expressions := make([]string, len(columns))
	for i, c := range columns {
		expressions[i] = quote(c.Name)
	}
	query := "SELECT " + strings.Join(expressions, ", ") + " FROM " + quote(schema) + "." + quote(table)
	err := conn.Raw(func(raw any) error {
		statement, err := raw.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer statement.Close() //nolint:errcheck // a broken connection is closed
		rows, err := statement.(driver.StmtQueryContext).QueryContext(ctx, nil)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // read to the end, or broken
		values := make([]driver.Value, len(columns))
		for {
			if err := rows.Next(values); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			plain(values)
			if err := each(values); err != nil {
				return err
			}
		}
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("reading table %q: %w", table, err)
	}
	return nil
}

// plain makes values of the few types that have a digest. A negative zero is
// zero: the server tells no difference, and as text it has no sign.
func plain(values []driver.Value) {
	for i, value := range values {
		switch v := value.(type) {
		case float32:
			values[i] = float64(v) + 0
		case float64:
			values[i] = v + 0
		}
	}
}

// sizeOf is about how many bytes a row has.
func sizeOf(values []driver.Value) (n int) {
	for _, value := range values {
		if b, ok := value.([]byte); ok {
			n += len(b)
		}
	}
	return n
}
