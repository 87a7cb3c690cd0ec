package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// table is an entry of the schema.
type table struct {
	name string
	sql  string
	kind tableKind
}

type tableKind int

const (
	ordinary tableKind = iota
	// virtual tables are computed by a module, which this program may not
	// have; what they store lies in shadow tables, which it can read.
	virtual
	shadow
)

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tables lists ordinary and virtual tables, not SQLite's own (sqlite_…) and
// not the shadow tables in which virtual ones store their data.
func (d *DB) Tables(ctx context.Context) ([]string, error) {
	all, err := tables(ctx, d.sql)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", describe(err, d.path))
	}
	names := []string{}
	for _, t := range all {
		if t.kind != shadow {
			names = append(names, t.name)
		}
	}
	return names, nil
}

// tables lists all tables but SQLite's own, sorted by name. (PRAGMA
// table_list would tell kinds too, but only of modules that are compiled in.)
func tables(ctx context.Context, q querier) ([]table, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // only read from
	var all []table
	for rows.Next() {
		var t table
		if err := rows.Scan(&t.name, &t.sql); err != nil {
			return nil, err
		}
		if words := tokenize(t.sql); len(words) > 1 && words[1].is("virtual") {
			t.kind = virtual
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].kind == ordinary && isShadow(all[i].name, all) {
			all[i].kind = shadow
		}
	}
	return all, nil
}

// shadowSuffixes are those of FTS3/4, FTS5, R*Tree and Geopoly.
var shadowSuffixes = []string{
	"content", "segments", "segdir", "docsize", "stat", // FTS3 and FTS4
	"data", "idx", "config", // FTS5, with content and docsize
	"node", "parent", "rowid", // R*Tree
}

func isShadow(name string, all []table) bool {
	for _, t := range all {
		if t.kind != virtual {
			continue
		}
		if suffix, ok := strings.CutPrefix(name, t.name+"_"); ok && slices.Contains(shadowSuffixes, suffix) {
			return true
		}
	}
	return false
}

// Schema describes a table. A virtual table has no columns here, and its
// definition as the only constraint.
func (d *DB) Schema(ctx context.Context, name string) (database.TableSchema, error) {
	all, err := tables(ctx, d.sql)
	if err != nil {
		return database.TableSchema{}, fmt.Errorf("listing the tables: %w", describe(err, d.path))
	}
	for _, t := range all {
		if t.name == name {
			schema, _, err := describeTable(ctx, d.sql, t)
			return schema, err
		}
	}
	return database.TableSchema{}, fault.Newf("there is no table %q in %s", name, d.path)
}

// describeTable returns the schema, and the names of the columns that are
// stored (which leaves out generated columns that are computed on reading),
// in table order.
func describeTable(ctx context.Context, q querier, t table) (database.TableSchema, []string, error) {
	if t.kind == virtual {
		return database.TableSchema{Constraints: []string{join(tokenize(t.sql))}}, nil, nil
	}
	schema := database.TableSchema{Constraints: extras(t.sql)}
	stored, err := readColumns(ctx, q, t.name, &schema)
	if err == nil {
		err = readIndexes(ctx, q, t.name, &schema)
	}
	if err == nil {
		err = readForeignKeys(ctx, q, t.name, &schema)
	}
	if err != nil {
		return database.TableSchema{}, nil, fmt.Errorf("reading the schema of table %q: %w", t.name, err)
	}
	slices.Sort(schema.Indexes)
	slices.Sort(schema.Constraints)
	return schema, stored, nil
}

func readColumns(ctx context.Context, q querier, name string, schema *database.TableSchema) ([]string, error) {
	var stored []string
	err := each(ctx, q, `SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid`,
		name, func(rows *sql.Rows) error {
			var c database.Column
			var initial sql.NullString
			var hidden int
			if err := rows.Scan(&c.Name, &c.Type, &c.NotNull, &initial, &c.PrimaryKey, &hidden); err != nil {
				return err
			}
			c.Default = initial.String
			c.Generated = hidden == generatedVirtual || hidden == generatedStored
			schema.Columns = append(schema.Columns, c)
			if hidden != generatedVirtual {
				stored = append(stored, c.Name)
			}
			return nil
		})
	if err == nil && len(stored) == 0 {
		err = fmt.Errorf("it has no columns")
	}
	return stored, err
}

// Values of the hidden column of PRAGMA table_xinfo.
const (
	generatedVirtual = 2
	generatedStored  = 3
)

func readIndexes(ctx context.Context, q querier, name string, schema *database.TableSchema) error {
	type index struct {
		name, origin string
		unique       bool
		sql          sql.NullString
	}
	var all []index
	err := each(ctx, q, `SELECT l.name, l."unique", l.origin, s.sql FROM pragma_index_list(?) AS l
		LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name`, name, func(rows *sql.Rows) error {
		var i index
		if err := rows.Scan(&i.name, &i.unique, &i.origin, &i.sql); err != nil {
			return err
		}
		all = append(all, i)
		return nil
	})
	if err != nil {
		return err
	}
	for _, i := range all {
		switch i.origin {
		case "pk": // told by the columns
		case "u":
			columns, err := indexColumns(ctx, q, i.name)
			if err != nil {
				return err
			}
			schema.Constraints = append(schema.Constraints, "UNIQUE "+columns)
		default:
			// The text from its ON is compared, as it also tells expressions
			// and the rows of a partial index.
			text := tokenize(i.sql.String)
			on := slices.IndexFunc(text, func(t token) bool { return t.is("on") })
			prefix := "INDEX "
			if i.unique {
				prefix = "UNIQUE INDEX "
			}
			schema.Indexes = append(schema.Indexes, prefix+quote(i.name)+" "+join(text[max(on, 0):]))
		}
	}
	return nil
}

func indexColumns(ctx context.Context, q querier, index string) (string, error) {
	var parts []string
	err := each(ctx, q, `SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno`,
		index, func(rows *sql.Rows) error {
			var column, collation sql.NullString
			var descending bool
			if err := rows.Scan(&column, &descending, &collation); err != nil {
				return err
			}
			part := quote(column.String)
			if name := strings.ToUpper(collation.String); name != "BINARY" {
				part += " COLLATE " + name
			}
			if descending {
				part += " DESC"
			}
			parts = append(parts, part)
			return nil
		})
	return "(" + strings.Join(parts, ", ") + ")", err
}

func readForeignKeys(ctx context.Context, q querier, name string, schema *database.TableSchema) error {
	type key struct{ from, to, rest, table string }
	keys := map[int]*key{}
	err := each(ctx, q, `SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq`,
		name, func(rows *sql.Rows) error {
			var id int
			var parent, from, update, remove string
			var to sql.NullString // NULL means the parent's primary key
			if err := rows.Scan(&id, &parent, &from, &to, &update, &remove); err != nil {
				return err
			}
			k := keys[id]
			if k == nil {
				keys[id] = &key{quote(from), quote(to.String), " ON UPDATE " + update + " ON DELETE " + remove, parent}
				return nil
			}
			k.from += ", " + quote(from)
			k.to += ", " + quote(to.String)
			return nil
		})
	for _, k := range keys {
		schema.Constraints = append(schema.Constraints,
			"FOREIGN KEY ("+k.from+") REFERENCES "+quote(k.table)+" ("+k.to+")"+k.rest)
	}
	return err
}

func each(ctx context.Context, q querier, query, arg string, visit func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query, arg)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // only read from
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
