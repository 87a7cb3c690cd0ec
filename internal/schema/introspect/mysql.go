package introspect

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
)

const (
	mysqlTables  = `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`
	mysqlColumns = `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE,
			IS_NULLABLE = 'YES', COLUMN_KEY, EXTRA, GENERATION_EXPRESSION
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`
	mysqlUsage = `SELECT TABLE_NAME, COLUMN_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
		FROM information_schema.KEY_COLUMN_USAGE WHERE CONSTRAINT_SCHEMA = DATABASE()`
	mysqlIndexes = `SELECT DISTINCT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS
		WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 1 AND SEQ_IN_INDEX = 1 AND COLUMN_NAME IS NOT NULL`
	mysqlRules = `SELECT TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE
		FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()`
)

// shortest takes the first parentheses out of a type: "int(11) unsigned".
var shortest = regexp.MustCompile(`\(.*?\)`)

type usage struct {
	column, constraint  string
	refTable, refColumn *string
}

func readMySQL(ctx context.Context, tx *sql.Tx) (*catalogue, error) {
	c := &catalogue{keyed: map[string]bool{}}
	err := scan(ctx, tx, mysqlTables, nil, func(scan func(...any) error) error {
		var table string
		err := scan(&table)
		c.tables = append(c.tables, table)
		return err
	})
	if err != nil {
		return nil, err
	}
	uses := map[string][]usage{}
	err = scan(ctx, tx, mysqlUsage, nil, func(scan func(...any) error) error {
		var table string
		var u usage
		var refTable, refColumn sql.NullString
		err := scan(&table, &u.column, &u.constraint, &refTable, &refColumn)
		u.refTable, u.refColumn = pointer(refTable), pointer(refColumn)
		uses[table] = append(uses[table], u)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.mysqlColumns(ctx, tx, uses); err != nil {
		return nil, err
	}
	return c, c.mysqlKeys(ctx, tx, uses)
}

func (c *catalogue) mysqlColumns(ctx context.Context, tx *sql.Tx, uses map[string][]usage) error {
	indexed := map[name]bool{}
	err := scan(ctx, tx, mysqlIndexes, nil, func(scan func(...any) error) error {
		var at name
		err := scan(&at[0], &at[1])
		indexed[at] = true
		return err
	})
	if err != nil {
		return err
	}
	tables := map[string]bool{}
	for _, table := range c.tables {
		tables[table] = true
	}
	parts := map[string]int{} // of each table's primary key
	err = scan(ctx, tx, mysqlColumns, nil, func(scan func(...any) error) error {
		var (
			col                      column
			defaultValue, expression sql.NullString
			declared, key, extra     string
			length, precision, scale sql.NullFloat64
		)
		err := scan(&col.table, &col.name, &defaultValue, &declared, &length, &precision, &scale, &col.nullable, &key, &extra, &expression)
		if err != nil {
			return err
		}
		col.dataType = mysqlType(declared)
		col.defaultValue = unquoted(pointer(defaultValue))
		col.maxLength, col.precision, col.scale = number(length), number(precision), number(scale)
		col.expression, col.generated = notEmpty(expression), strings.HasSuffix(extra, "GENERATED")
		col.unique, col.primary, col.autoIncrement = key == "UNI", key == "PRI", extra == "auto_increment"
		col.indexed = indexed[name{col.table, col.name}]
		if u := firstUse(uses[col.table], col.name); u != nil {
			col.primary = col.primary || u.constraint == "PRIMARY"
			col.refTable, col.refColumn = u.refTable, u.refColumn
		}
		if key == "PRI" && tables[col.table] {
			parts[col.table]++
		}
		c.columns = append(c.columns, col)
		return nil
	})
	for table, n := range parts {
		c.keyed[table] = n == 1
	}
	return err
}

// firstUse is the row that Directus takes of several about one column: that of
// a foreign key. It means to sort them so; the sorting does nothing, but the
// way in which a server joins them has the same effect.
func firstUse(uses []usage, column string) *usage {
	var first *usage
	for i := range uses {
		u := &uses[i]
		if u.column == column && (first == nil || first.refTable == nil && u.refTable != nil) {
			first = u
		}
	}
	return first
}

func mysqlType(declared string) string {
	if strings.HasPrefix(declared, "tinyint(1)") {
		return "boolean"
	}
	if at := shortest.FindStringIndex(declared); at != nil {
		return declared[:at[0]] + declared[at[1]:]
	}
	return declared
}

func (c *catalogue) mysqlKeys(ctx context.Context, tx *sql.Tx, uses map[string][]usage) error {
	return scan(ctx, tx, mysqlRules, nil, func(scan func(...any) error) error {
		var table, constraint, refTable, onUpdate, onDelete string
		if err := scan(&table, &constraint, &refTable, &onUpdate, &onDelete); err != nil {
			return err
		}
		for _, u := range uses[table] {
			if u.constraint == constraint {
				c.keys = append(c.keys, foreignKey{
					table: table, column: u.column, refTable: refTable, refColumn: u.refColumn,
					constraint: &constraint, onUpdate: &onUpdate, onDelete: &onDelete,
				})
			}
		}
		return nil
	})
}
