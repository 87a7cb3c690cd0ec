package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// table is a table of any schema but the system's, which no extension owns.
type table struct {
	OID         uint32
	Schema      string
	Name        string
	Partitioned bool  // its rows are those of its partitions, which are tables of their own
	Bytes       int64 // on the disk, without indexes
	Estimate    int64 // of the number of rows
	label       string
}

// sql is the table's name for a statement.
func (t table) sql() string { return quote(t.Schema) + "." + quote(t.Name) }

// ownSchema is the condition for the schemas that are not the system's. Names
// that begin with pg_ are reserved.
const ownSchema = `n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

// notExtension is the condition for what no extension has brought.
func notExtension(class, oid string) string {
	return fmt.Sprintf(`NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = '%s'::regclass AND e.objid = %s AND e.deptype = 'e')`, class, oid)
}

// tables lists the tables of the database with the names by which the layers
// above know them: plain in the first schema of the search path, with their
// schema elsewhere.
func (d *DB) tables(ctx context.Context, conn *pgx.Conn) ([]table, error) {
	type row struct {
		OID         uint32
		Schema      string
		Name        string
		Partitioned bool
		Bytes       int64
		Estimate    int64
	}
	rows, err := collect[row](ctx, conn, `SELECT c.oid, n.nspname, c.relname, c.relkind = 'p',
			coalesce(pg_table_size(c.oid), 0), greatest(c.reltuples, 0)::int8
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND `+ownSchema+` AND `+notExtension("pg_class", "c.oid")+`
		ORDER BY n.nspname <> $1, n.nspname, c.relname`, d.schema)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	all := make([]table, 0, len(rows))
	taken := map[string]bool{}
	for _, r := range rows {
		t := table{OID: r.OID, Schema: r.Schema, Name: r.Name, Partitioned: r.Partitioned, Bytes: r.Bytes, Estimate: r.Estimate}
		t.label = t.Name
		if t.Schema != d.schema {
			t.label = t.Schema + "." + t.Name
		}
		if taken[t.label] { // a dot in a name
			t.label = t.sql()
		}
		taken[t.label] = true
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b table) int { return strings.Compare(a.label, b.label) })
	return all, nil
}

// Tables lists the tables of all schemas: those of the first schema in the
// search path by their name, others as schema.name. Tables of the system and
// of extensions are left out. A partitioned table and its partitions are all
// listed.
func (d *DB) Tables(ctx context.Context) ([]string, error) {
	labels := []string{}
	err := d.read(ctx, func(conn *pgx.Conn) error {
		all, err := d.tables(ctx, conn)
		for _, t := range all {
			labels = append(labels, t.label)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return labels, nil
}

// Schema describes a table.
func (d *DB) Schema(ctx context.Context, name string) (database.TableSchema, error) {
	var schema database.TableSchema
	err := d.read(ctx, func(conn *pgx.Conn) error {
		all, err := d.tables(ctx, conn)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(t table) bool { return t.label == name })
		if i < 0 {
			return fault.Newf("there is no table %q in database %q", name, d.config.Name)
		}
		described, err := describeTables(ctx, conn, all[i:i+1])
		if err == nil {
			schema = described[all[i].OID].schema
		}
		return err
	})
	return schema, err
}
