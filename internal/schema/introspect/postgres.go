package introspect

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// In these queries $1 is the search path.
const (
	postgresTables = `SELECT c.relname, EXISTS (
			SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = ANY ($1) AND c.relkind = 'r' ORDER BY c.relname`
	// Lengths and precisions come from the type's modifier; a varchar without
	// a length has the length -5 to Directus.
	postgresColumns = `SELECT c.relname, a.attname, a.atttypid::regtype::text, NOT a.attnotnull,
			pg_catalog.pg_get_expr(d.adbin, d.adrelid), /*generated*/ AS generated,
			CASE WHEN a.atttypid IN (1042, 1043) THEN a.atttypmod - 4 WHEN a.atttypid IN (1560, 1562) THEN a.atttypmod END,
			CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
				WHEN 1700 THEN CASE WHEN a.atttypmod <> -1 THEN ((a.atttypmod - 4) >> 16) & 65535 END END,
			CASE WHEN a.atttypid IN (20, 21, 23) THEN 0
				WHEN a.atttypid = 1700 AND a.atttypmod <> -1 THEN (a.atttypmod - 4) & 65535 END,
			EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND NOT i.indisunique AND a.attnum = ALL (i.indkey))
		FROM pg_catalog.pg_attribute a
		JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE n.nspname = ANY ($1) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY c.relname, a.attnum`
	// Only constraints of one column count.
	postgresConstraints = `SELECT k.contype::text, c.relname, a.attname, k.conname, f.relname, g.attname,
			k.confupdtype::text, k.confdeltype::text,
			CASE WHEN k.contype = 'p' THEN coalesce(pg_catalog.pg_get_serial_sequence(c.oid::regclass::text, a.attname), '') <> '' ELSE false END
		FROM pg_catalog.pg_constraint k
		JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
		JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
		LEFT JOIN pg_catalog.pg_attribute g ON g.attrelid = k.confrelid AND g.attnum = k.confkey[1]
		WHERE n.nspname = ANY ($1) AND k.contype IN ('p', 'u', 'f') AND array_length(k.conkey, 1) = 1
			AND (k.confkey IS NULL OR array_length(k.confkey, 1) = 1)
		ORDER BY k.oid`
	postgresGeometries = `SELECT f_table_name, f_geometry_column, type FROM geometry_columns WHERE f_table_schema = ANY ($1)
		UNION SELECT f_table_name, f_geography_column, type FROM geography_columns WHERE f_table_schema = ANY ($1)`
)

func readPostgres(ctx context.Context, tx *sql.Tx, path []string) (*catalogue, error) {
	if len(path) == 0 {
		path = []string{"public"}
	}
	c := &catalogue{keyed: map[string]bool{}}
	err := scan(ctx, tx, postgresTables, []any{path}, func(scan func(...any) error) error {
		var table string
		var keyed bool
		err := scan(&table, &keyed)
		c.tables = append(c.tables, table)
		c.keyed[table] = c.keyed[table] || keyed
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.postgresColumns(ctx, tx, path); err != nil {
		return nil, err
	}
	if err := c.postgresConstraints(ctx, tx, path); err != nil {
		return nil, err
	}
	return c, c.postgresGeometries(ctx, tx, path)
}

func (c *catalogue) postgresColumns(ctx context.Context, tx *sql.Tx, path []string) error {
	var version int
	if err := tx.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	generated := "''"
	if version >= 120000 {
		generated = "a.attgenerated::text"
	}
	query := strings.Replace(postgresColumns, "/*generated*/", generated, 1)
	return scan(ctx, tx, query, []any{path}, func(scan func(...any) error) error {
		var (
			col                      column
			expression               sql.NullString
			generated                string
			length, precision, scale sql.NullFloat64
		)
		err := scan(&col.table, &col.name, &col.dataType, &col.nullable, &expression, &generated, &length, &precision, &scale, &col.indexed)
		if err != nil {
			return err
		}
		switch generated {
		case "":
			col.defaultValue = postgresDefault(pointer(expression))
		case "s":
			col.generated, col.expression = true, pointer(expression)
		}
		col.maxLength, col.precision, col.scale = number(length), number(precision), number(scale)
		c.columns = append(c.columns, col)
		return nil
	})
}

// actions are the letters of pg_constraint.
var actions = map[string]string{"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "a": "NO ACTION"}

func (c *catalogue) postgresConstraints(ctx context.Context, tx *sql.Tx, path []string) error {
	at := make(map[name][]*column, len(c.columns))
	for i := range c.columns {
		col := &c.columns[i]
		at[name{col.table, col.name}] = append(at[name{col.table, col.name}], col)
	}
	return scan(ctx, tx, postgresConstraints, []any{path}, func(scan func(...any) error) error {
		var (
			key                    foreignKey
			kind, constraint       string
			refTable, refColumn    sql.NullString
			onUpdate, onDelete     string
			counting               bool
			updateRule, deleteRule *string
		)
		err := scan(&kind, &key.table, &key.column, &constraint, &refTable, &refColumn, &onUpdate, &onDelete, &counting)
		if err != nil {
			return err
		}
		for _, col := range at[name{key.table, key.column}] {
			col.unique = col.unique || kind == "u" || kind == "p"
			col.primary = col.primary || kind == "p"
			col.autoIncrement = col.autoIncrement || counting
			if kind == "f" && col.refTable == nil {
				col.refTable, col.refColumn = pointer(refTable), pointer(refColumn)
			}
		}
		if kind != "f" {
			return nil
		}
		if rule, ok := actions[onUpdate]; ok {
			updateRule = &rule
		}
		if rule, ok := actions[onDelete]; ok {
			deleteRule = &rule
		}
		key.refTable, key.refColumn, key.constraint = refTable.String, pointer(refColumn), &constraint
		key.onUpdate, key.onDelete = updateRule, deleteRule
		c.keys = append(c.keys, key)
		return nil
	})
}

// postgresGeometries replaces the types of PostGIS' columns by what they hold.
func (c *catalogue) postgresGeometries(ctx context.Context, tx *sql.Tx, path []string) error {
	var hasPostGIS bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'postgis_version')").Scan(&hasPostGIS)
	if err != nil || !hasPostGIS {
		return err
	}
	types := map[name]string{}
	err = scan(ctx, tx, postgresGeometries, []any{path}, func(scan func(...any) error) error {
		var at name
		var kind string
		err := scan(&at[0], &at[1], &kind)
		types[at] = kind
		return err
	})
	for i := range c.columns {
		col := &c.columns[i]
		if slices.Contains([]string{"point", "polygon"}, col.dataType) {
			col.dataType = "unknown"
		}
		if kind, ok := types[name{col.table, col.name}]; ok {
			col.dataType = kind
		}
	}
	return err
}

// postgresDefault takes the type off a default, by its first "::", even one
// within quotes.
func postgresDefault(value *string) *string {
	if value == nil || strings.HasPrefix(*value, "nextval(") {
		return value
	}
	text, _, _ := strings.Cut(*value, "::")
	return unquoted(&text)
}
