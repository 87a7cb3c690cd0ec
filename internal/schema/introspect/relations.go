package introspect

import (
	"slices"

	"bunnyhop/internal/schema/snapshot"
)

// relations joins foreign keys with Directus' rows about them (@directus/api
// 10.13.4 to 12.4.0, dist/services/relations.js, stitchRelations).
func (b *builder) relations() []snapshot.Relation {
	type placed struct {
		snapshot.Relation
		id float64
	}
	rows := map[name][]snapshot.Object{}
	for _, row := range b.relationRows {
		at := name{snapshot.Text(row, "many_collection"), snapshot.Text(row, "many_field")}
		rows[at] = append(rows[at], row)
	}
	var all []placed
	used := map[*snapshot.Object]bool{}
	for _, key := range b.keys {
		r := placed{Relation: snapshot.Relation{Collection: key.table, Field: key.column, Related: key.refTable, Schema: snapshot.Object{
			"table": key.table, "column": key.column, "foreign_key_table": key.refTable, "foreign_key_column": optional(key.refColumn),
			"constraint_name": optional(key.constraint), "on_update": optional(key.onUpdate), "on_delete": optional(key.onDelete),
		}}}
		candidates := rows[name{key.table, key.column}]
		for i := range candidates {
			if one := snapshot.Text(candidates[i], "one_collection"); one == "" || one == key.refTable {
				r.Meta, r.id = candidates[i], idOf(candidates[i])
				used[&candidates[i]] = true
				break
			}
		}
		if r.Meta == nil && (b.features.TrackedOnly || b.systemRelation(key)) {
			continue
		}
		all = append(all, r)
	}
	for _, candidates := range rows {
		for i, row := range candidates {
			if !used[&candidates[i]] {
				all = append(all, placed{id: idOf(row), Relation: snapshot.Relation{
					Collection: snapshot.Text(row, "many_collection"), Field: snapshot.Text(row, "many_field"),
					Related: snapshot.Text(row, "one_collection"), Meta: row,
				}})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y placed) int {
		if c := compareText(x.Collection, y.Collection); c != 0 {
			return c
		}
		if b.features.ByID && (x.id != 0 || y.id != 0) {
			return compareID(x.id, y.id)
		}
		return compareText(x.Field, y.Field)
	})
	relations := make([]snapshot.Relation, len(all))
	for i, r := range all {
		relations[i] = r.Relation
		relations[i].Meta = b.order(withoutID(r.Meta))
	}
	return relations
}
