package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/database"
)

// maxFound is how many findings are listed, and checkAtOnce how many tables
// are checked with one statement.
const (
	maxFound    = 10
	checkAtOnce = 50
)

// Integrity has the server check its tables, and looks for references that
// lead nowhere, which a server only lets in while its checks are switched
// off. Damage to a row also shows when all of them are read, by Fingerprint.
func (d *DB) Integrity(ctx context.Context) error {
	found := &database.IntegrityError{}
	err := d.read(ctx, func(conn *sql.Conn) error {
		all, err := listTables(ctx, conn, d.name)
		if err != nil {
			return err
		}
		if found.Damage, err = damage(ctx, conn, d.name, withoutSequences(all)); err != nil {
			return err
		}
		found.ForeignKeys, err = danglings(ctx, conn, d.name)
		return err
	})
	if err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	if len(found.Damage) > 0 || len(found.ForeignKeys) > 0 {
		return found
	}
	return nil
}

func damage(ctx context.Context, q querier, schema string, tables []table) ([]string, error) {
	type finding struct{ table, op, kind, text string }
	var found []string
	for piece := range slices.Chunk(tables, checkAtOnce) {
		names := make([]string, len(piece))
		for i, t := range piece {
			names[i] = quote(schema) + "." + quote(t.Name)
		}
		rows, err := collect(ctx, q, func(f *finding) []any { return []any{&f.table, &f.op, &f.kind, &f.text} },
			"CHECK TABLE "+strings.Join(names, ", ")+" QUICK")
		if err != nil {
			return nil, fmt.Errorf("checking the tables: %w", err)
		}
		for _, f := range rows {
			if kind := strings.ToLower(f.kind); kind != "error" && kind != "warning" && (kind != "status" || f.text == "OK") {
				continue // notes: "The storage engine for the table doesn't support check"
			}
			if found = append(found, f.table+": "+f.text); len(found) == maxFound {
				return found, nil
			}
		}
	}
	return found, nil
}

// foreignKey is one column of a foreign key; those with the same name and
// child follow each other.
type foreignKey struct{ name, child, column, parentSchema, parent, parentColumn string }

func danglings(ctx context.Context, conn *sql.Conn, schema string) ([]string, error) {
	all, err := collect(ctx, conn, func(k *foreignKey) []any {
		return []any{&k.name, &k.child, &k.column, &k.parentSchema, &k.parent, &k.parentColumn}
	}, `SELECT constraint_name, table_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
		FROM information_schema.key_column_usage WHERE`+inSchema+`AND referenced_table_name IS NOT NULL
		ORDER BY BINARY table_name, BINARY constraint_name, ordinal_position`, schema, schema)
	if err != nil {
		return nil, fmt.Errorf("listing the foreign keys: %w", err)
	}
	var found []string
	for len(all) > 0 && len(found) < maxFound {
		n := slices.IndexFunc(all, func(k foreignKey) bool { return k.name != all[0].name || k.child != all[0].child })
		if n < 0 {
			n = len(all)
		}
		key := all[:n]
		all = all[n:]
		var count int64
		if err := conn.QueryRowContext(ctx, orphans(schema, key)).Scan(&count); err != nil {
			return nil, fmt.Errorf("checking the foreign key %q: %w", key[0].name, err)
		}
		if count > 0 {
			found = append(found, fmt.Sprintf("%d or more rows of %s point at nothing in %s (%s)", count, key[0].child, key[0].parent, key[0].name))
		}
	}
	return found, nil
}

// orphans is the query that counts rows of the child without a parent, the
// first ones only.
func orphans(schema string, key []foreignKey) string {
	var joins, set []string
	for _, k := range key {
		joins = append(joins, "p."+quote(k.parentColumn)+" = c."+quote(k.column))
		set = append(set, "c."+quote(k.column)+" IS NOT NULL")
	}
	return fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s.%s AS c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s.%s AS p WHERE %s) LIMIT %d) AS d",
		quote(schema), quote(key[0].child), strings.Join(set, " AND "), quote(key[0].parentSchema), quote(key[0].parent), strings.Join(joins, " AND "), maxFound)
}
