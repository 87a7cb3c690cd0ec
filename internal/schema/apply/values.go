package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
)

// CopyValues gives every row the value of the old column in the new one, in
// one transaction that nobody else writes to the table in, and compares the
// two before it commits. It returns how many values there are. A row with
// another value then is an error, and leaves the table as it was.
func CopyValues(ctx context.Context, db database.Database, r compare.Rename) (values int64, err error) {
	tx, err := db.SQL().BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("copying values: %w", err)
	}
	defer func() {
		if err != nil {
			if failure := tx.Rollback(); failure != nil && !errors.Is(failure, sql.ErrTxDone) {
				err = errors.Join(err, failure)
			}
			err = fault.Wrap(err, "the values of "+r.Collection+"."+r.From+" could not be copied into "+r.To,
				"nothing of them was changed; without the copy, the fields are two that have nothing to do with each other")
		}
	}()
	c := columnsOf(db, r)
	kept, err := c.selfMoving(ctx, tx, r)
	if err != nil {
		return 0, err
	}
	statements := []string{"UPDATE " + c.table + " SET " + c.into + " = " + c.from + kept + " WHERE NOT " + c.same()}
	if db.Vendor() == database.Postgres {
		statements = append([]string{"LOCK TABLE " + c.table + " IN SHARE ROW EXCLUSIVE MODE"}, statements...)
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return 0, fmt.Errorf("copying values: %w", err)
		}
	}
	if values, err = c.compare(ctx, tx); err != nil {
		return 0, err
	}
	return values, tx.Commit()
}

// SameValues proves that no row has another value in the new column than in
// the old one.
func SameValues(ctx context.Context, db database.Database, r compare.Rename) error {
	_, err := columnsOf(db, r).compare(ctx, db.SQL())
	return err
}

// columns are the two columns, quoted by the driver's rules, with their table:
// to SQLite a quoted name alone that is none is a text.
type columns struct {
	vendor          database.Vendor
	table, from, to string
	into            string // the new one without its table, as it is set
}

func columnsOf(db database.Database, r compare.Rename) columns {
	table, into := db.Quote(r.Collection), db.Quote(r.To)
	return columns{db.Vendor(), table, table + "." + db.Quote(r.From), table + "." + into, into}
}

// same is whether a row has the same in both, no value being the same as none.
// Bytes are compared, not what a collation makes of them.
func (c columns) same() string {
	switch c.vendor {
	case database.Postgres: // which compares no json
		return "(" + c.from + "::text IS NOT DISTINCT FROM " + c.to + "::text)"
	case database.SQLite:
		return "(" + c.from + " IS " + c.to + " COLLATE BINARY AND typeof(" + c.from + ") = typeof(" + c.to + "))"
	default:
		return "(CAST(" + c.from + " AS BINARY) <=> CAST(" + c.to + " AS BINARY))"
	}
}

// selfMoving keeps columns of MySQL as they are that would get the current
// time whenever a row is written to.
func (c columns) selfMoving(ctx context.Context, tx *sql.Tx, r compare.Rename) (kept string, err error) {
	if c.vendor != database.MySQL {
		return "", nil
	}
	rows, err := tx.QueryContext(ctx, "SELECT concat('`', replace(column_name, '`', '``'), '`') FROM information_schema.columns "+
		"WHERE table_schema = database() AND table_name = ? AND column_name <> ? AND lower(extra) LIKE '%on update%'", r.Collection, r.To)
	if err != nil {
		return "", fmt.Errorf("asking for columns that change by themselves: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return "", fmt.Errorf("asking for columns that change by themselves: %w", err)
		}
		kept += ", " + name + " = " + name
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("asking for columns that change by themselves: %w", err)
	}
	return kept, nil
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// compare counts the values of both, and the rows with another one.
func (c columns) compare(ctx context.Context, db queryer) (values int64, err error) {
	var copied, other int64
	row := db.QueryRowContext(ctx, "SELECT count("+c.from+"), count("+c.to+"), coalesce(sum(CASE WHEN "+c.same()+" THEN 0 ELSE 1 END), 0) FROM "+c.table) //nolint:gosec // identifiers are quoted by the driver's rules
	if err := row.Scan(&values, &copied, &other); err != nil {
		return 0, fmt.Errorf("comparing values: %w", err)
	}
	if other > 0 || copied != values {
		return 0, fault.Newf("rows with another value in the new column than in the old one: %d (it has %d values, the old one %d)", other, copied, values).
			WithHint("somebody writes to them, or a trigger changes them")
	}
	return values, nil
}
