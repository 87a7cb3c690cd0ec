package introspect

import (
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/snapshot"
)

// aliasTypes mark a field that has no column (@directus/api 10.13.4 to 12.4.0,
// dist/constants.js).
var aliasTypes = []string{"alias", "o2m", "m2m", "m2a", "o2a", "files", "translations"}

func (b *builder) collections() []snapshot.Collection {
	all := []snapshot.Collection{}
	tables := map[string]bool{}
	for _, table := range b.tables {
		tables[table] = true
	}
	seen := map[string]bool{}
	for _, row := range b.collectionRows {
		c := snapshot.Collection{Collection: snapshot.Text(row, "collection"), Meta: b.order(row)}
		if tables[c.Collection] {
			c.Schema = snapshot.Object{"name": c.Collection}
		}
		seen[c.Collection] = true
		all = append(all, c)
	}
	for _, table := range b.tables {
		if !seen[table] && !b.features.TrackedOnly && !directus.SystemTable(table) {
			seen[table] = true
			all = append(all, snapshot.Collection{Collection: table, Schema: snapshot.Object{"name": table}})
		}
	}
	all = slices.DeleteFunc(all, func(c snapshot.Collection) bool { return b.excluded(c.Collection) })
	slices.SortStableFunc(all, func(x, y snapshot.Collection) int { return compareText(x.Collection, y.Collection) })
	return all
}

// order sorts lists where the version did.
func (b *builder) order(row snapshot.Object) snapshot.Object {
	if !b.features.Indexes {
		sortLists(row)
	}
	return row
}

// described is a field with the id of its row; 0: it has none.
type described struct {
	snapshot.Field
	id     float64
	system bool
}

func (b *builder) known(table string) bool {
	return b.keyed[table] && !strings.Contains(table, " ") && !b.excluded(table)
}

// describe lists every field of every table that Directus can work with.
func (b *builder) describe() []described {
	rows := make(map[name]snapshot.Object, len(b.fieldRows))
	for _, row := range b.fieldRows {
		at := name{snapshot.Text(row, "collection"), snapshot.Text(row, "field")}
		if rows[at] == nil {
			rows[at] = row
		}
	}
	all := make([]described, 0, len(b.columns)+len(b.fieldRows))
	for _, col := range b.columns {
		if !b.known(col.table) {
			continue
		}
		row := rows[name{col.table, col.name}]
		d := described{
			Field:  snapshot.Field{Collection: col.table, Field: col.name},
			system: row == nil && b.systemField(col.table, col.name),
		}
		var special []string
		if row != nil {
			d.id, d.Meta = idOf(row), row
			if row["special"] != nil {
				special = snapshot.Strings(row, "special")
			}
		}
		d.Type = localType(col, special, b.features)
		d.Schema = b.schema(col, d.Type)
		if slices.Contains(special, "cast-timestamp") {
			d.Type = "timestamp"
		} else if slices.Contains(special, "cast-datetime") {
			d.Type = "dateTime"
		}
		all = append(all, d)
	}
	for _, row := range b.fieldRows {
		collection := snapshot.Text(row, "collection")
		isAlias := slices.ContainsFunc(snapshot.Strings(row, "special"), func(s string) bool { return slices.Contains(aliasTypes, s) })
		if isAlias && b.known(collection) {
			all = append(all, described{id: idOf(row), Field: snapshot.Field{
				Collection: collection, Field: snapshot.Text(row, "field"), Type: "alias", Meta: row,
			}})
		}
	}
	return all
}

func (b *builder) fields() []snapshot.Field {
	all := slices.DeleteFunc(b.describe(), func(d described) bool { return d.system || d.Meta == nil && b.features.TrackedOnly })
	slices.SortStableFunc(all, func(x, y described) int {
		if c := compareText(x.Collection, y.Collection); c != 0 {
			return c
		}
		if !b.features.ByID {
			return compareText(x.Field.Field, y.Field.Field)
		}
		return compareID(x.id, y.id)
	})
	fields := make([]snapshot.Field, len(all))
	for i, d := range all {
		fields[i] = d.Field
		fields[i].Meta = withoutID(d.Meta)
		// Its driver's rows are no plain objects, and those of aliases reach
		// the snapshot as they are.
		if d.Schema != nil || b.vendor != database.MySQL {
			b.order(fields[i].Meta)
		}
		if !b.features.Indexes {
			sortLists(d.Schema)
		}
	}
	return fields
}

// compareID orders by row; what has none comes last.
func compareID(a, b float64) int {
	switch {
	case a == b:
		return 0
	case a == 0:
		return 1
	case b == 0 || a < b:
		return -1
	}
	return 1
}

func withoutID(row snapshot.Object) snapshot.Object {
	if row == nil {
		return nil
	}
	without := make(snapshot.Object, len(row))
	for key, value := range row {
		if key != "id" {
			without[key] = value
		}
	}
	return without
}

// schema is what a snapshot keeps of a column (dist/utils/sanitize-schema.js).
func (b *builder) schema(c column, kind string) snapshot.Object {
	o := snapshot.Object{
		"name": c.name, "table": c.table, "data_type": c.dataType, "default_value": defaultValue(c, kind),
		"max_length": optional(c.maxLength), "numeric_precision": optional(c.precision), "numeric_scale": optional(c.scale),
		"is_nullable": c.nullable, "is_unique": c.unique, "is_primary_key": c.primary,
		"is_generated": c.generated, "generation_expression": optional(c.expression), "has_auto_increment": c.autoIncrement,
		"foreign_key_table": optional(c.refTable), "foreign_key_column": optional(c.refColumn),
	}
	if b.features.Indexes {
		o["is_indexed"] = c.indexed
	}
	return o
}

func optional[T any](value *T) any {
	if value == nil {
		return nil
	}
	if n, ok := any(*value).(float64); ok {
		return finite(n)
	}
	return *value
}

func (b *builder) systemFields() []snapshot.SystemField {
	if !b.features.SystemFields {
		return nil
	}
	all := []snapshot.SystemField{}
	rows := make(map[name]bool, len(b.fieldRows))
	for _, row := range b.fieldRows {
		rows[name{snapshot.Text(row, "collection"), snapshot.Text(row, "field")}] = true
	}
	for _, col := range b.columns {
		if at := (name{col.table, col.name}); col.indexed && !rows[at] && b.known(col.table) && b.systemField(col.table, col.name) {
			all = append(all, snapshot.SystemField{Collection: col.table, Field: col.name, Schema: snapshot.Object{"is_indexed": true}})
		}
	}
	slices.SortStableFunc(all, func(x, y snapshot.SystemField) int {
		if c := compareText(x.Collection, y.Collection); c != 0 {
			return c
		}
		return compareText(x.Field, y.Field)
	})
	return all
}
