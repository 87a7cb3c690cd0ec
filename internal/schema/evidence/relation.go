package evidence

import (
	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func (v *view) relation() {
	switch v.change.Action {
	case compare.Create:
		if after, ok := v.change.After.(snapshot.Relation); ok && after.Schema != nil {
			v.newKey(after.Schema)
		}
	case compare.Delete:
		v.dropRelation()
	case compare.Update:
		v.changeKey()
	case compare.Replace:
	}
}

// changeKey is one attribute of a relation.
func (v *view) changeKey() {
	switch v.change.Attribute() {
	case "schema":
		if after, ok := v.change.After.(snapshot.Object); ok && after != nil {
			v.newKey(after)
			return
		}
		v.block("Directus does not take a foreign key off alone: delete the relation and create it without one")
	case "schema.on_delete":
		rule, _ := v.change.After.(string)
		v.onDelete(rule)
	case "schema.on_update":
	}
}

// newKey looks at a foreign key on a column that has values already.
// SQLite does not look at them when Directus makes the key, and refuses later
// what touches such a row.
func (v *view) newKey(schema snapshot.Object) {
	at := name{v.change.Collection, v.change.Field}
	related := v.change.Related
	field, ok := v.column(at)
	if related == "" || !ok {
		return // nothing points yet
	}
	v.setNull(field, snapshot.Text(schema, "on_delete"))
	const label = "values without a row that they point at"
	q := question{kind: dangling, collection: at.collection, field: at.field, related: related, relatedKey: v.key(related)}
	if !v.tabled(related) || q.relatedKey == "" { // a table that is empty, being new
		q = question{kind: nonNull, collection: at.collection, field: at.field}
	}
	n, ok := v.number(label, q)
	if !ok {
		return
	}
	v.count(label, n)
	if n > 0 {
		v.block("%s at no row of %s, and a foreign key refuses them: correct or empty them first", things(n, "value points", "values point"), related)
	}
}

// setNull: MySQL refuses such a key on a column that must have a value, and
// the others fail when a row is deleted.
func (v *view) setNull(field snapshot.Field, rule string) {
	if rule == "SET NULL" && v.vendor == database.MySQL && field.Schema["is_nullable"] == false {
		v.block("the field must have a value, so the database refuses to empty it when the row that it points at is deleted")
	}
}

func (v *view) onDelete(rule string) {
	at := name{v.change.Collection, v.change.Field}
	field, ok := v.column(at)
	if !ok {
		return
	}
	v.setNull(field, rule)
	if rule != "CASCADE" {
		return
	}
	const label = "rows that go when the row that they point at is deleted"
	v.finding.Risk = change.Caution
	if n, ok := v.number(label, question{kind: nonNull, collection: at.collection, field: at.field}); ok {
		v.count(label, n)
	}
}

func (v *view) dropRelation() {
	at := name{v.change.Collection, v.change.Field}
	if _, ok := v.column(at); !ok || v.change.Related == "" {
		return
	}
	const label = "values that stay, and that nothing checks any more"
	if n, ok := v.number(label, question{kind: nonNull, collection: at.collection, field: at.field}); ok {
		v.count(label, n)
	}
}
