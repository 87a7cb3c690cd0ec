package introspect

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/snapshot"
)

// meta is what the rows of Directus say, cast as Directus casts them.
type meta struct {
	collectionRows, fieldRows, relationRows []snapshot.Object
}

func readMeta(ctx context.Context, tx *sql.Tx, db database.Database) (*meta, error) {
	m := &meta{}
	tables := []struct {
		name string
		rows *[]snapshot.Object
	}{{"directus_fields", &m.fieldRows}, {"directus_collections", &m.collectionRows}, {"directus_relations", &m.relationRows}}
	for _, table := range tables {
		var err error
		if *table.rows, err = readRows(ctx, tx, db, table.name); err != nil {
			return nil, fmt.Errorf("reading %s: %w", table.name, err)
		}
	}
	more := specials(m.fieldRows)
	for _, table := range tables {
		cast(*table.rows, more[table.name], casts[table.name])
	}
	for _, rows := range [][]snapshot.Object{m.fieldRows, m.relationRows} {
		slices.SortStableFunc(rows, func(a, b snapshot.Object) int { return cmp.Compare(idOf(a), idOf(b)) })
	}
	return m, nil
}

func idOf(row snapshot.Object) float64 {
	id, _ := snapshot.Number(row, "id")
	return id
}

// specials are those of fields that a project has added to Directus' tables.
func specials(rows []snapshot.Object) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, row := range rows {
		table := snapshot.Text(row, "collection")
		if casts[table] == nil {
			continue
		}
		for special := range strings.SplitSeq(snapshot.Text(row, "special"), ",") {
			if special != castBoolean && special != castJSON && special != castCSV {
				continue
			}
			if all[table] == nil {
				all[table] = map[string]string{}
			}
			all[table][snapshot.Text(row, "field")] = special
		}
	}
	return all
}

func readRows(ctx context.Context, tx *sql.Tx, db database.Database, table string) ([]snapshot.Object, error) {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+db.Quote(table)) //nolint:gosec // the name is a constant, and quoted
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	values, targets := make([]any, len(types)), make([]any, len(types))
	for i := range values {
		targets[i] = &values[i]
	}
	var all []snapshot.Object
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := make(snapshot.Object, len(types))
		for i, column := range types {
			row[column.Name()] = value(values[i], column.DatabaseTypeName())
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// value is what a Node driver gives for a value: JSON columns come parsed.
func value(from any, kind string) any {
	switch from := from.(type) {
	case []byte:
		return value(string(from), kind)
	case string:
		if kind == "JSON" || kind == "JSONB" {
			return parsed(from)
		}
		return from
	case int64:
		return float64(from)
	case int32:
		return float64(from)
	case time.Time:
		return from.UTC().Format("2006-01-02T15:04:05.000Z")
	case nil, bool, float64:
		return from
	}
	return fmt.Sprint(from)
}

// cast does what Directus does to values that it reads (@directus/api 10.13.4
// and 12.4.0, dist/services/payload.js).
func cast(rows []snapshot.Object, all ...map[string]string) {
	by := map[string]string{}
	for _, more := range all {
		maps.Copy(by, more)
	}
	for _, row := range rows {
		for column, how := range by {
			from, ok := row[column]
			if !ok {
				continue
			}
			switch how {
			case castBoolean:
				row[column] = castToBoolean(from)
			case castJSON:
				if text, ok := from.(string); ok {
					row[column] = parsed(text)
				}
			case castCSV:
				if text, ok := from.(string); ok {
					row[column] = splitCSV(text)
				}
			}
		}
	}
}

func castToBoolean(from any) any {
	switch from {
	case true, 1.0, "1":
		return true
	case false, 0.0, "0":
		return false
	case nil, "":
		return nil
	}
	return from
}

func splitCSV(text string) any {
	list := []any{}
	if text == "" {
		return list
	}
	for part := range strings.SplitSeq(text, ",") {
		list = append(list, part)
	}
	return list
}
