package evidence

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// reading is one column whose values are read.
type reading struct {
	*sqlSource
	table, key, name, kind string
	plain                  func(text string) string
}

// mostRows is how many rows of a table are looked at: enough to tell, few
// enough to hold.
const mostRows = 100_000

// read returns the values that are there by the keys of their rows. Long ones
// stand as their digests.
func (c reading) read(ctx context.Context) (values map[string]string, capped bool, err error) {
	n := c.names(c.table, c.name)
	// To SQLite a quoted name alone that is none is a text.
	key := n.table + "." + c.db.Quote(c.key)
	n.column = n.table + "." + n.column
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s IS NOT NULL ORDER BY %s LIMIT %d",
		c.text(key), c.comparable(n.column), n.table, n.column, key, mostRows+1)
	rows, err := c.db.SQL().QueryContext(ctx, query)
	if err != nil {
		return nil, false, fmt.Errorf("asking the database: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	values = map[string]string{}
	for rows.Next() {
		var row, value sql.NullString
		if err := rows.Scan(&row, &value); err != nil {
			return nil, false, fmt.Errorf("asking the database: %w", err)
		}
		if len(values) == mostRows {
			capped = true
			break
		}
		if value.Valid {
			values[strings.ToLower(row.String)] = short(c.plain(value.String))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("asking the database: %w", err)
	}
	return values, capped, nil
}

// comparable is a value as a text that does not depend on the session.
func (c reading) comparable(quoted string) string {
	if c.kind == "timestamp" {
		switch c.db.Vendor() {
		case database.Postgres:
			return "extract(epoch FROM " + quoted + ")::text"
		case database.MySQL:
			return c.text("unix_timestamp(" + quoted + ")")
		default:
		}
	}
	return c.text(quoted)
}

func short(value string) string {
	if len(value) <= sha256.Size {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return string(sum[:])
}

// plainOf makes texts of values comparable: of two kinds of database, or of
// one, which spells a value in one way; nil: they cannot be.
func plainOf(kind string, oneVendor bool) func(string) string {
	switch kind {
	case "string", "text", "csv", "hash", "integer", "bigInteger":
		return func(text string) string { return text }
	case "uuid":
		return strings.ToLower
	case "boolean":
		return func(text string) string {
			if yes, err := strconv.ParseBool(text); err == nil {
				return strconv.FormatBool(yes)
			}
			return text
		}
	case "float", "decimal":
		return func(text string) string {
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				return strconv.FormatFloat(n, 'g', 6, 64) // what a float of 4 bytes has
			}
			return text
		}
	case "json":
		return func(text string) string {
			var value any
			if json.Unmarshal([]byte(text), &value) != nil {
				return text
			}
			again, err := json.Marshal(value)
			if err != nil {
				return text
			}
			return string(again)
		}
	case "date", "time", "dateTime", "timestamp":
		if oneVendor {
			return func(text string) string { return text }
		}
	}
	return nil
}

// standardOf is the value that the rows of a new column get.
func standardOf(f snapshot.Field, plain func(string) string) (string, bool) {
	switch value := f.Schema["default_value"].(type) {
	case nil:
		return "", false
	case string:
		return short(plain(value)), true
	case bool:
		return short(plain(strconv.FormatBool(value))), true
	case float64:
		return short(plain(strconv.FormatFloat(value, 'f', -1, 64))), true
	default:
		text, err := json.Marshal(value)
		return short(plain(string(text))), err == nil
	}
}
