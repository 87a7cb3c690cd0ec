package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// table is a base table, or one of MariaDB's sequences, which are tables to
// the server.
type table struct {
	Name      string
	Kind      string // table_type
	Engine    string
	Rows      int64 // the server's estimate
	Bytes     int64 // of the rows on the disk, roughly
	Next      int64 // the next AUTO_INCREMENT number; 0 and 1 are none given out
	Collation string
}

func (t table) sequence() bool  { return t.Kind == "SEQUENCE" }
func (t table) versioned() bool { return t.Kind == "SYSTEM VERSIONED" }

// transactional reports whether a snapshot holds for the table. RocksDB and
// others with transactions have snapshots of their own kind.
func (t table) transactional() bool { return strings.EqualFold(t.Engine, "InnoDB") }

// last is the last automatic number given out.
func (t table) last() int64 { return max(t.Next-1, 0) }

// inSchema is the condition for what belongs to a schema, whose name is given
// twice: plainly, by which the server finds it, and byte by byte, because the
// comparison takes other letters for the same.
const inSchema = " table_schema = ? AND BINARY table_schema = ? "

// listTables lists the tables of a schema and its sequences, sorted by name.
// Views are not among them.
func listTables(ctx context.Context, q querier, schema string) ([]table, error) {
	all, err := collect(ctx, q, func(t *table) []any {
		return []any{&t.Name, &t.Kind, &t.Engine, &t.Rows, &t.Bytes, &t.Next, &t.Collation}
	}, `SELECT table_name, table_type, coalesce(engine, ''), CAST(coalesce(table_rows, 0) AS SIGNED),
			CAST(coalesce(data_length, 0) AS SIGNED), CAST(coalesce(auto_increment, 0) AS SIGNED), coalesce(table_collation, '')
		FROM information_schema.tables WHERE`+inSchema+`AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')`, schema, schema)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	slices.SortFunc(all, func(a, b table) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// withoutSequences are the tables that have rows of their own.
func withoutSequences(all []table) []table {
	return slices.DeleteFunc(slices.Clone(all), table.sequence)
}

// Tables lists the tables of the schema, sorted.
func (d *DB) Tables(ctx context.Context) ([]string, error) {
	all, err := listTables(ctx, d.sql, d.name)
	if err != nil {
		return nil, describe(err, d.config)
	}
	names := []string{}
	for _, t := range withoutSequences(all) {
		names = append(names, t.Name)
	}
	return names, nil
}

// Schema describes a table.
func (d *DB) Schema(ctx context.Context, name string) (database.TableSchema, error) {
	var schema database.TableSchema
	err := d.read(ctx, func(conn *sql.Conn) error {
		all, err := listTables(ctx, conn, d.name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(t table) bool { return t.Name == name && !t.sequence() })
		if i < 0 {
			return fault.Newf("there is no table %q in database %q", name, d.name)
		}
		described, err := describeTables(ctx, conn, d.name, all[i:i+1])
		if err == nil {
			schema = described[name].schema()
		}
		return err
	})
	return schema, err
}
