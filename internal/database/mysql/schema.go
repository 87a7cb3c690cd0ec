package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/database"
)

// column is a column as the catalogue describes it.
type column struct {
	Table, Name, Type, Data, Nullable, Default, Extra, Collation, Charset, Generated string
	HasDefault                                                                       bool
	Key                                                                              int
}

// virtual columns are computed on reading.
func (c column) virtual() bool { return strings.Contains(c.Extra, "VIRTUAL") }

func (c column) generated() bool {
	return c.Generated != "" || strings.Contains(c.Extra, "VIRTUAL") || strings.Contains(c.Extra, "STORED")
}

// lossy columns lose digits as text: the server writes a FLOAT with six
// significant digits, and stores up to nine. With a number of decimals,
// FLOAT(10,5), all of them are written.
func (c column) lossy() bool { return c.Data == "float" && !strings.Contains(c.Type, "(") }

// described is a table's definition, from SHOW CREATE TABLE, which is what a
// dump holds too.
type described struct {
	table       table
	columns     []column
	lines       []string // one for each column
	indexes     []string
	constraints []string
	options     string
	statement   string // without the schema's own name
	qualified   bool   // the server's text has the schema's own name in it
}

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// describeTables reads the definitions of tables.
func describeTables(ctx context.Context, conn *sql.Conn, schema string, tables []table) (map[string]*described, error) {
	columns, err := readColumns(ctx, conn, schema, tables)
	if err != nil {
		return nil, err
	}
	all := map[string]*described{}
	for _, t := range tables {
		statement, err := showTable(ctx, conn, schema, t.Name)
		if err != nil {
			return nil, err
		}
		d := &described{table: t, columns: columns[t.Name]}
		d.statement = strings.ReplaceAll(statement, quote(schema)+".", "")
		d.qualified = d.statement != statement
		if err := d.parse(); err != nil {
			return nil, fmt.Errorf("reading the definition of table %q: %w", t.Name, err)
		}
		all[t.Name] = d
	}
	return all, nil
}

// showTable reads the statement that makes a table.
func showTable(ctx context.Context, conn *sql.Conn, schema, name string) (string, error) {
	var again, statement string
	if err := conn.QueryRowContext(ctx, "SHOW CREATE TABLE "+quote(schema)+"."+quote(name)).Scan(&again, &statement); err != nil {
		return "", fmt.Errorf("reading the definition of table %q: %w", name, err)
	}
	return statement, nil
}

// indexLine is how the definition of an index begins.
var indexLine = regexp.MustCompile(`^(?:UNIQUE |FULLTEXT |SPATIAL |VECTOR )?(?:KEY|INDEX) `)

// parse takes the statement apart by its lines, as the server writes it: one
// for each column, index and constraint, indented by two blanks.
func (d *described) parse() error {
	_, body, ok := strings.Cut(d.statement, "(\n")
	if !ok {
		return errors.New("the server's CREATE TABLE has an unexpected form")
	}
	body, d.options, ok = strings.Cut(body, "\n)")
	if !ok {
		return errors.New("the server's CREATE TABLE has no end")
	}
	for item := range strings.SplitSeq(strings.TrimPrefix(body, "  "), "\n  ") {
		item = strings.TrimSuffix(item, ",")
		switch {
		case strings.HasPrefix(item, "`"):
			d.lines = append(d.lines, item)
		case indexLine.MatchString(item):
			d.indexes = append(d.indexes, item)
		default: // PRIMARY KEY, CONSTRAINT, PERIOD
			d.constraints = append(d.constraints, item)
		}
	}
	before, comment, _ := strings.Cut(d.options, " COMMENT=")
	d.options = strings.TrimSpace(autoIncrement.ReplaceAllString(before, ""))
	if comment != "" {
		d.options += " COMMENT=" + comment
	}
	slices.Sort(d.lines)
	slices.Sort(d.indexes)
	slices.Sort(d.constraints)
	return nil
}

// digest depends on no order and on no schema name.
func (d *described) digest() string {
	text, err := json.Marshal([]any{d.lines, d.indexes, d.constraints, d.options})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// schema is the definition for the layers above. What holds for the table as
// a whole is among the constraints.
func (d *described) schema() database.TableSchema {
	s := database.TableSchema{Indexes: append([]string{}, d.indexes...), Constraints: append([]string{}, d.constraints...)}
	s.Constraints = append(s.Constraints, d.options)
	slices.Sort(s.Constraints)
	for _, c := range d.columns {
		s.Columns = append(s.Columns, c.forCaller(d.table.Collation))
	}
	return s
}

func (c column) forCaller(tableCollation string) database.Column {
	out := database.Column{Name: c.Name, Type: c.Type, NotNull: c.Nullable == "NO", PrimaryKey: c.Key, Generated: c.generated()}
	if c.Collation != "" && c.Collation != tableCollation {
		out.Type += " COLLATE " + c.Collation
	}
	switch {
	case c.generated():
		out.Default = c.Generated
	case strings.Contains(c.Extra, "auto_increment"):
		out.Default = "AUTO_INCREMENT"
	case c.HasDefault:
		out.Default = c.Default
	}
	if _, update, ok := strings.Cut(strings.ToLower(c.Extra), "on update "); ok {
		out.Default = strings.TrimSpace(out.Default + " ON UPDATE " + update)
	}
	return out
}

// readColumns reads the columns of tables, in table order.
func readColumns(ctx context.Context, q querier, schema string, tables []table) (map[string][]column, error) {
	condition, args := inSchema, []any{schema, schema}
	if len(tables) == 1 {
		condition, args = inSchema+"AND table_name = ? ", append(args, tables[0].Name)
	}
	type primary struct {
		Table, Column string
		Place         int
	}
	keys, err := collect(ctx, q, func(p *primary) []any { return []any{&p.Table, &p.Column, &p.Place} },
		"SELECT table_name, column_name, seq_in_index FROM information_schema.statistics WHERE"+condition+"AND index_name = 'PRIMARY'", args...)
	if err != nil {
		return nil, fmt.Errorf("reading the primary keys: %w", err)
	}
	places := map[[2]string]int{}
	for _, k := range keys {
		places[[2]string{k.Table, k.Column}] = k.Place
	}
	columns, err := collect(ctx, q, func(c *column) []any {
		return []any{&c.Table, &c.Name, &c.Type, &c.Data, &c.Nullable, &c.Default, &c.HasDefault, &c.Extra, &c.Collation, &c.Charset, &c.Generated}
	}, `SELECT table_name, column_name, column_type, data_type, is_nullable, coalesce(column_default, ''), column_default IS NOT NULL,
			extra, coalesce(collation_name, ''), coalesce(character_set_name, ''), coalesce(generation_expression, '')
		FROM information_schema.columns WHERE`+condition+"ORDER BY table_name, ordinal_position", args...)
	if err != nil {
		return nil, fmt.Errorf("reading the columns: %w", err)
	}
	all := map[string][]column{}
	for _, c := range columns {
		c.Key = places[[2]string{c.Table, c.Name}]
		all[c.Table] = append(all[c.Table], c.settled())
	}
	return all, nil
}

// settled makes the default a piece of SQL, which it is in MariaDB (where no
// default of a column that may be NULL is "NULL") and in MySQL only if it is
// an expression.
func (c column) settled() column {
	c.Data = strings.ToLower(c.Data)
	switch {
	case c.Default == "NULL" && c.Nullable == "YES":
		c.Default, c.HasDefault = "", false
	case !c.HasDefault, strings.Contains(c.Extra, "DEFAULT_GENERATED"), sqlDefault.MatchString(c.Default):
	default:
		c.Default = literal(c.Default)
	}
	return c
}

// sqlDefault is a default that is SQL as it is: a number, a quoted text, a
// bit value, a call of a function.
var sqlDefault = regexp.MustCompile(`(?is)^(-?[0-9][0-9.e+-]*|'.*'|b'[01]*'|0x[0-9a-f]*|[a-z_]+(\(.*\))?|\(.*\)|CURRENT_TIMESTAMP.*)$`)
