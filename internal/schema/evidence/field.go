package evidence

import (
	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func (v *view) field() {
	at := name{v.change.Collection, v.change.Field}
	switch v.change.Action {
	case compare.Create:
		if after, ok := v.change.After.(snapshot.Field); ok && !after.Alias() && v.tabled(at.collection) {
			v.newColumn(after)
		}
	case compare.Delete:
		v.dropColumn(at)
	case compare.Replace:
		v.dropColumn(at)
		if after, ok := v.change.After.(snapshot.Field); ok && !after.Alias() {
			v.fill(after)
		}
	case compare.Update:
		if v.change.Path[0] == "type" || v.change.Path[0] == "schema" {
			if f, ok := v.column(at); ok {
				v.alter(f)
			}
		}
	}
}

func (v *view) dropColumn(at name) {
	f, ok := v.column(at)
	if !ok {
		return
	}
	if snapshot.Flag(f.Schema, "is_primary_key") {
		v.block("it is the table's primary key, without which Directus cannot work with the table")
	}
	const label = "values in the column"
	if n, ok := v.number(label, question{kind: nonNull, collection: at.collection, field: at.field}); ok {
		v.loss(label, n)
		v.lost(n)
	}
}

// newColumn looks at the table that gets a column.
func (v *view) newColumn(f snapshot.Field) {
	const label = "a column of that name"
	a, known := v.ask(question{kind: exists, collection: f.Collection, field: f.Field})
	if known && !v.failed(label, a.err) && a.yes {
		v.block("the table has a column of that name, which Directus does not track; it does not make it again")
		return
	}
	v.fill(f)
}

// fill looks at what the rows of a table would have in a new column
// (measured with @directus/api 12.4.0 on all three kinds of database).
func (v *view) fill(f snapshot.Field) {
	if snapshot.Flag(f.Schema, "is_primary_key") || snapshot.Flag(f.Schema, "has_auto_increment") {
		v.block("the table has a primary key already, which Directus cannot change")
		return
	}
	standard := f.Schema["default_value"]
	required := f.Schema["is_nullable"] == false && standard == nil
	unique := snapshot.Flag(f.Schema, "is_unique") && (standard != nil || required)
	moving := v.vendor == database.SQLite && isNow(standard)
	if !required && !unique && !moving {
		return
	}
	const label = "rows in the table"
	n, ok := v.number(label, question{kind: rows, collection: f.Collection})
	if !ok {
		return
	}
	v.count(label, n)
	defer func() { v.finding.Unfilled = required && v.finding.Blocked != "" }()
	switch {
	case required && n > 0:
		v.required(f, n)
	case moving && n > 0:
		v.block("SQLite adds no column whose default is the current time to a table with rows: leave the default out at first")
	}
	if unique && n > 1 {
		v.block("%s would have the same value, and each must have one of its own", things(n, "row", "rows"))
	}
}

func isNow(standard any) bool {
	text, _ := standard.(string)
	return text == "CURRENT_TIMESTAMP" || text == "now()" || text == "NOW()"
}

// required: rows would be without a value in a field that must have one.
// MySQL lets them have an empty one, which for some types is not valid.
func (v *view) required(f snapshot.Field, n int64) {
	empty := map[family]string{textual: "an empty text", whole: "0", exact: "0", approximate: "0", truth: "false"}[Column{Type: f.Type}.family()]
	if v.vendor == database.MySQL && empty != "" {
		v.say("what they get, for want of a default", empty)
		v.finding.Risk = change.Caution
		return
	}
	v.block("%s no value for it, and the field must have one: give it a default", things(n, "row would have", "rows would have"))
}

func (v *view) systemIndex() {
	dropped := v.change.Action == compare.Delete
	if v.change.Action == compare.Update && v.change.Attribute() == "schema.is_indexed" {
		dropped = v.change.After != true
	}
	if dropped {
		v.dropIndex()
	}
}

func (v *view) dropIndex() {
	v.finding.Risk = change.Caution
	v.say("the index", "is dropped; reads that use it get slower")
	const label = "rows in the table"
	if n, ok := v.number(label, question{kind: rows, collection: v.change.Collection}); ok {
		v.count(label, n)
	}
}
