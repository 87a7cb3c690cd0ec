package advisory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
)

// CollationScript returns statements that give the tables of Directus in a
// MySQL or MariaDB database, and those of the project that foreign keys tie to
// them, one collation, which new tables then get too. They are made to be read
// before they are executed, after a backup and while the server is stopped; ""
// means that there is nothing to do.
func CollationScript(ctx context.Context, in Input) (string, error) {
	if in.Vendor != mysqlVendor || in.DB == nil {
		return "", nil
	}
	c, err := readCharsets(ctx, in)
	if err != nil || len(c.unlike()) == 0 {
		return "", err
	}
	lines, err := c.script(ctx, in)
	return strings.Join(append(lines, ""), "\n"), err
}

// script makes the statements, one a line. A column that a foreign key uses
// cannot be converted, not even without foreign_key_checks (MariaDB 10.11.19:
// error 1833), so the keys go and come back.
func (c charsets) script(ctx context.Context, in Input) ([]string, error) {
	target := c.target()
	charset, _, _ := strings.Cut(target, "_")
	suffix := " CHARACTER SET " + charset + " COLLATE " + target
	keys, err := readKeys(ctx, in)
	if err != nil {
		return nil, err
	}
	converted := c.converted(target, keys)
	var drop, convert, add []string
	for _, k := range keys {
		if !c.isText(k.table, k.columns[0]) || !converted[k.table] && !converted[k.parent] {
			continue
		}
		table := "ALTER TABLE " + in.DB.Quote(k.table)
		drop = append(drop, table+" DROP FOREIGN KEY "+in.DB.Quote(k.name)+";")
		add = append(add, fmt.Sprintf("%s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s ON UPDATE %s;", table,
			in.DB.Quote(k.name), quoteAll(in.DB, k.columns), in.DB.Quote(k.parent), quoteAll(in.DB, k.references), k.onDelete, k.onUpdate))
	}
	for _, t := range c.tables {
		if !converted[t.name] {
			continue
		}
		convert = append(convert, "ALTER TABLE "+in.DB.Quote(t.name)+" CONVERT TO"+suffix+";")
		var json []string
		for _, column := range t.columns {
			if column.json { // the conversion takes its own collation away
				json = append(json, "MODIFY "+in.DB.Quote(column.name)+" "+column.declaration())
			}
		}
		if len(json) > 0 {
			convert = append(convert, "ALTER TABLE "+in.DB.Quote(t.name)+" "+strings.Join(json, ", ")+";")
		}
	}
	lines := slices.Concat(drop, convert, add)
	if c.database != target {
		lines = append(lines, "ALTER DATABASE"+suffix+";")
	}
	if c.fresh != target && c.configured {
		lines = append(lines, "-- and in the project's configuration: DB_CHARSET="+charset+" and DB_COLLATE="+target+
			" (knex reads it; the driver says in the log that it does not know it)")
	}
	return lines, nil
}

// target is the collation to come to: the usual one, unless that is one of a
// character set that does not hold every text while others here do.
func (c charsets) target() string {
	usual := c.usual()
	if strings.HasPrefix(usual, "utf8mb4_") {
		return usual
	}
	for _, better := range []string{c.most("utf8mb4_"), c.fresh, c.database} {
		if strings.HasPrefix(better, "utf8mb4_") {
			return better
		}
	}
	return usual
}

// converted are the tables to convert: those of Directus that are unlike the
// target, and whatever foreign keys join to them by columns that are.
func (c charsets) converted(target string, keys []keyConstraint) map[string]bool {
	converted := map[string]bool{}
	for _, t := range c.tables {
		if t.system && !t.like(target) {
			converted[t.name] = true
		}
	}
	for changed := true; changed; {
		changed = false
		for _, k := range keys {
			for _, end := range [][2]string{{k.table, k.parent}, {k.parent, k.table}} {
				// Both columns of a key are alike now.
				if converted[end[0]] && !converted[end[1]] && c.isText(k.table, k.columns[0]) && c.of(k.table, k.columns[0]) != target {
					converted[end[1]], changed = true, true
				}
			}
		}
	}
	return converted
}

func (c charsets) isText(table, column string) bool {
	for _, t := range c.tables {
		if t.name == table {
			return slices.ContainsFunc(t.columns, func(have columnCharset) bool { return have.name == column })
		}
	}
	return false
}

func (t tableCharset) like(collation string) bool {
	return t.collation == collation && !slices.ContainsFunc(t.columns, func(column columnCharset) bool {
		return !column.json && column.collation != collation
	})
}

// keyConstraint is a foreign key as it is.
type keyConstraint struct {
	name, table, parent string
	columns, references []string
	onDelete, onUpdate  string
}

func readKeys(ctx context.Context, in Input) ([]keyConstraint, error) {
	rows, err := records(ctx, in.DB, `SELECT k.CONSTRAINT_NAME AS name, k.TABLE_NAME AS tbl, k.COLUMN_NAME AS col, k.REFERENCED_TABLE_NAME AS parent,
			k.REFERENCED_COLUMN_NAME AS reference, r.DELETE_RULE AS on_delete, r.UPDATE_RULE AS on_update
		FROM information_schema.KEY_COLUMN_USAGE AS k
		JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
			ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
		WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_SCHEMA = DATABASE()
		ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`)
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys: %w", err)
	}
	var keys []keyConstraint
	for _, row := range rows {
		if n := len(keys); n == 0 || keys[n-1].name != row["name"] || keys[n-1].table != row["tbl"] {
			keys = append(keys, keyConstraint{
				name: row["name"], table: row["tbl"], parent: row["parent"], onDelete: row["on_delete"], onUpdate: row["on_update"],
			})
		}
		last := &keys[len(keys)-1]
		last.columns, last.references = append(last.columns, row["col"]), append(last.references, row["reference"])
	}
	return keys, nil
}

func quoteAll(db directus.Database, names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = db.Quote(name)
	}
	return strings.Join(list, ", ")
}

// declaration is a JSON column's, as MariaDB takes it; the default is an
// expression there.
func (c columnCharset) declaration() string {
	text := "JSON NOT NULL"
	if c.nullable {
		text = "JSON NULL"
	}
	if c.standard != "" {
		text += " DEFAULT " + c.standard
	}
	if c.remark != "" {
		text += " COMMENT " + quoted(strings.ReplaceAll(c.remark, `\`, `\\`))
	}
	return text
}
