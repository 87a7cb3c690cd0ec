package introspect

import (
	"context"
	"database/sql"
	"regexp"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// tables of a file, with a pragma for each.
const (
	sqliteTables  = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	sqliteColumns = `SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
		FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid`
	sqliteIndexes = `SELECT t.name, i.seq, i."unique", c.name
		FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, i.seq, c.seqno`
	sqliteKeys = `SELECT t.name, k."from", k."table", k."to", k.on_update, k.on_delete
		FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) k
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, k.id, k.seq`
	// What says AUTOINCREMENT anywhere, as Directus looks.
	sqliteCounting = `SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'`
)

var (
	parenthesis = regexp.MustCompile(`\(([^)]+)\)`)
	notLetter   = regexp.MustCompile(`[^a-zA-Z]`)
)

type sqliteIndex struct {
	unique  bool
	columns []string
}

func readSQLite(ctx context.Context, tx *sql.Tx, f snapshot.Features) (*catalogue, error) {
	c := &catalogue{keyed: map[string]bool{}}
	counting := map[string]bool{}
	for query, take := range map[string]func(string){
		sqliteTables:   func(name string) { c.tables = append(c.tables, name) },
		sqliteCounting: func(name string) { counting[name] = true },
	} {
		err := scan(ctx, tx, query, nil, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			take(name)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	indexes, err := sqliteIndexesOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := c.sqliteForeignKeys(ctx, tx); err != nil {
		return nil, err
	}
	keys := map[name]foreignKey{}
	for _, key := range c.keys {
		if at := (name{key.table, key.column}); keys[at].table == "" {
			keys[at] = key
		}
	}
	parts := map[string]int{} // of each table's primary key
	err = scan(ctx, tx, sqliteColumns, nil, func(scan func(...any) error) error {
		var (
			col          column
			declared     sql.NullString
			notNull, pk  int
			hidden       int
			defaultValue sql.NullString
		)
		if err := scan(&col.table, &col.name, &declared, &notNull, &defaultValue, &pk, &hidden); err != nil {
			return err
		}
		col.dataType = strings.ToLower(notLetter.ReplaceAllString(declared.String, ""))
		col.maxLength = lengthOf(declared.String)
		col.defaultValue = unquoted(pointer(defaultValue))
		col.nullable, col.generated, col.primary = notNull == 0, hidden != 0, pk == 1
		col.autoIncrement = pk == 1 && counting[col.table]
		col.unique, col.indexed = sqliteIndexed(indexes[col.table], col.name, f)
		if key, ok := keys[name{col.table, col.name}]; ok {
			col.refTable, col.refColumn = &key.refTable, key.refColumn
		}
		if pk != 0 {
			parts[col.table]++
		}
		c.columns = append(c.columns, col)
		return nil
	})
	for table, n := range parts {
		c.keyed[table] = n == 1
	}
	return c, err
}

// sqliteIndexed mirrors two ways of looking: up to 11.1.0 only the first index
// counts that has the column at all.
func sqliteIndexed(indexes []sqliteIndex, column string, f snapshot.Features) (unique, indexed bool) {
	for _, index := range indexes {
		has := false
		for _, name := range index.columns {
			has = has || name == column
		}
		if !has {
			continue
		}
		if !f.Indexes {
			return index.unique && len(index.columns) == 1, false
		}
		if len(index.columns) == 1 {
			unique, indexed = unique || index.unique, indexed || !index.unique
		}
	}
	return unique, indexed
}

func sqliteIndexesOf(ctx context.Context, tx *sql.Tx) (map[string][]sqliteIndex, error) {
	all, last := map[string][]sqliteIndex{}, map[string]int{}
	err := scan(ctx, tx, sqliteIndexes, nil, func(scan func(...any) error) error {
		var (
			table  string
			seq    int
			unique bool
			column sql.NullString // null: an expression
		)
		if err := scan(&table, &seq, &unique, &column); err != nil {
			return err
		}
		if before, ok := last[table]; !ok || before != seq {
			all[table] = append(all[table], sqliteIndex{unique: unique})
			last[table] = seq
		}
		index := &all[table][len(all[table])-1]
		index.columns = append(index.columns, column.String)
		return nil
	})
	return all, err
}

func (c *catalogue) sqliteForeignKeys(ctx context.Context, tx *sql.Tx) error {
	return scan(ctx, tx, sqliteKeys, nil, func(scan func(...any) error) error {
		var (
			key              foreignKey
			to               sql.NullString // null: the other table's primary key
			onUpdate, onDrop sql.NullString
		)
		if err := scan(&key.table, &key.column, &key.refTable, &to, &onUpdate, &onDrop); err != nil {
			return err
		}
		key.refColumn, key.onUpdate, key.onDelete = pointer(to), pointer(onUpdate), pointer(onDrop)
		c.keys = append(c.keys, key)
		return nil
	})
}

// lengthOf is the number in the parentheses of a declared type; two numbers
// are none to Directus.
func lengthOf(declared string) *float64 {
	match := parenthesis.FindStringSubmatch(declared)
	if match == nil {
		return nil
	}
	n, ok := jsNumber(match[1])
	if !ok {
		return nil
	}
	return &n
}
