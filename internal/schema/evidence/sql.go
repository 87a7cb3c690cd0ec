package evidence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"bunnyhop/internal/database"
)

// Database asks a database itself.
func Database(db database.Database) Source { return &sqlSource{db: db} }

type sqlSource struct{ db database.Database }

// names are quoted by the driver's rules.
type names struct{ table, column string }

func (s *sqlSource) names(collection, field string) names {
	return names{s.db.Quote(collection), s.db.Quote(field)}
}

func (s *sqlSource) one(ctx context.Context, query string) (int64, error) {
	var n int64
	if err := s.db.SQL().QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("asking the database: %w", err)
	}
	return n, nil
}

// where counts rows by a condition.
func (s *sqlSource) where(ctx context.Context, n names, condition string) (int64, error) {
	return s.one(ctx, "SELECT count(*) FROM "+n.table+" WHERE "+condition) //nolint:gosec // identifiers are quoted by the driver's rules
}

func (s *sqlSource) Exists(ctx context.Context, collection, field string) (bool, error) {
	tables, err := s.db.Tables(ctx)
	if err != nil || !slices.Contains(tables, collection) || field == "" {
		return err == nil && slices.Contains(tables, collection), err
	}
	schema, err := s.db.Schema(ctx, collection)
	return slices.ContainsFunc(schema.Columns, func(c database.Column) bool { return c.Name == field }), err
}

func (s *sqlSource) Rows(ctx context.Context, collection string) (int64, error) {
	return s.where(ctx, s.names(collection, ""), "1 = 1")
}

func (s *sqlSource) NonNull(ctx context.Context, collection, field string) (int64, error) {
	n := s.names(collection, field)
	return s.where(ctx, n, n.column+" IS NOT NULL")
}

func (s *sqlSource) Nulls(ctx context.Context, collection, field string) (int64, error) {
	n := s.names(collection, field)
	return s.where(ctx, n, n.column+" IS NULL")
}

// text is a value as the text that a column of characters would hold.
func (s *sqlSource) text(column string) string {
	switch s.db.Vendor() {
	case database.Postgres:
		return column + "::text"
	case database.SQLite:
		return "CAST(" + column + " AS TEXT)"
	default:
		return "CAST(" + column + " AS CHAR)"
	}
}

// characters are counted, not bytes.
func (s *sqlSource) characters(column string) string {
	if s.db.Vendor() == database.SQLite {
		return "length(" + s.text(column) + ")"
	}
	return "char_length(" + s.text(column) + ")"
}

func (s *sqlSource) Longest(ctx context.Context, collection, field string) (int64, error) {
	n := s.names(collection, field)
	return s.one(ctx, "SELECT coalesce(max("+s.characters(n.column)+"), 0) FROM "+n.table) //nolint:gosec // as above
}

// Duplicates leaves it to the column's collation what is the same, as a unique
// index does.
func (s *sqlSource) Duplicates(ctx context.Context, collection, field string) (int64, error) {
	n := s.names(collection, field)
	return s.one(ctx, "SELECT count("+n.column+") - count(DISTINCT "+n.column+") FROM "+n.table) //nolint:gosec // as above
}

func (s *sqlSource) Dangling(ctx context.Context, collection, field, related, relatedKey string) (int64, error) {
	n, to := s.names(collection, field), s.names(related, relatedKey)
	count := func(value, key string) (int64, error) {
		return s.where(ctx, names{table: n.table + " AS many"}, value+" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "+to.table+" AS one WHERE "+key+" = "+value+")")
	}
	value, key := "many."+n.column, "one."+to.column
	dangling, err := count(value, key)
	if state(err) == "42883" { // PostgreSQL compares no uuid with a varchar
		return count(s.text(value), s.text(key))
	}
	return dangling, err
}

// state is PostgreSQL's code of an error.
func state(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

func (s *sqlSource) Groups(ctx context.Context, collection, field string) (map[string]int64, error) {
	n := s.names(collection, field)
	rows, err := s.db.SQL().QueryContext(ctx, "SELECT "+s.text(n.column)+", count(*) FROM "+n.table+" GROUP BY "+n.column) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("asking the database: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	found := map[string]int64{}
	for rows.Next() {
		var value sql.NullString
		var count int64
		if err := rows.Scan(&value, &count); err != nil {
			return nil, fmt.Errorf("asking the database: %w", err)
		}
		found[value.String] += count
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("asking the database: %w", err)
	}
	return found, nil
}

func (s *sqlSource) Unfit(ctx context.Context, collection, field string, from, to Column) (Fit, error) {
	n := s.names(collection, field)
	var condition string
	var ok bool
	switch s.db.Vendor() {
	case database.Postgres:
		return s.postgresUnfit(ctx, n, from, to)
	case database.MySQL:
		condition, ok = s.mysqlUnfit(n.column, from, to)
	default:
		condition, ok = s.sqliteUnfit(n.column, from, to)
	}
	if !ok {
		return Fit{}, ErrCannotTell
	}
	found, err := s.where(ctx, n, n.column+" IS NOT NULL AND ("+condition+")")
	return Fit{Unfit: found}, err
}

// What a number looks like that stays the same as one: no zeros before it.
const (
	wholeText   = `'^(0|-?[1-9][0-9]*)$'`
	decimalText = `'^-?(0|[1-9][0-9]*)([.][0-9]+)?$'`
)

// outside is whether a number is too large for a column of whole numbers.
func outside(number string, to Column) string {
	if to.Type == "bigInteger" {
		return number + " NOT BETWEEN -9223372036854775808 AND 9223372036854775807"
	}
	return number + " NOT BETWEEN -2147483648 AND 2147483647"
}

// rounded is whether a number has too many digits before or after the point.
func rounded(number string, to Column) string {
	return fmt.Sprintf("(abs(%s) >= 1e%d OR round(%s, %d) <> %s)", number, max(to.Precision-to.Scale, 0), number, to.Scale, number)
}
