package evidence

import (
	"slices"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func (v *view) collection() {
	at := v.change.Collection
	before, was := v.change.Before.(snapshot.Collection)
	after, will := v.change.After.(snapshot.Collection)
	switch v.change.Action {
	case compare.Create:
		v.newTable(at, will && !after.Folder())
	case compare.Delete:
		v.finding.Risk = change.Caution
		if was && !before.Folder() {
			v.dropTable(at)
		}
	case compare.Replace:
		if was && !before.Folder() {
			v.dropTable(at)
		} else {
			v.newTable(at, true)
		}
	case compare.Update:
	}
}

// newTable looks for a table of the name: from 11.10 on a snapshot leaves out
// what Directus does not track, and Directus refuses to make it again
// (@directus/api 12.4.0, dist/services/collections.js, createOne).
func (v *view) newTable(at string, table bool) {
	const label = "a table of that name"
	if !table {
		return
	}
	a, known := v.ask(question{kind: exists, collection: at})
	if !known || v.failed(label, a.err) || !a.yes {
		return
	}
	if n, ok := v.number("rows in the table that is there", question{kind: rows, collection: at}); ok {
		v.count("rows in the table that is there", n)
	}
	v.block("the database has a table of that name, which Directus does not track; it does not make it again")
}

// belongings are the rows that go with a collection (@directus/api 12.4.0,
// dist/services/collections.js, deleteOne, and the foreign keys on
// directus_collections).
var belongings = []struct{ table, label string }{
	{"directus_revisions", "revisions of its items"},
	{"directus_versions", "content versions of its items"},
	{"directus_comments", "comments on its items"},
	{"directus_shares", "shares of its items"},
	{"directus_activity", "entries in the activity log"},
	{"directus_permissions", "permissions"},
	{"directus_presets", "bookmarks and presets"},
}

func (v *view) dropTable(at string) {
	const label = "rows in the table"
	if n, ok := v.number(label, question{kind: rows, collection: at}); ok {
		v.loss(label, n)
		v.lost(n)
	} else {
		v.finding.Risk = "" // not known to be empty
	}
	for _, r := range v.relations {
		v.pointers(at, r)
	}
	for _, b := range belongings {
		a, known := v.ask(question{kind: exists, collection: b.table})
		if !known || v.failed(b.label, a.err) || !a.yes {
			continue
		}
		v.group(b.label, b.table, "collection", at)
	}
}

// group tells how many rows of a table have a value, if any.
func (v *view) group(label, table, field, value string) {
	a, known := v.ask(question{kind: groups, collection: table, field: field})
	if known && !v.failed(label, a.err) && a.groups[value] > 0 {
		v.loss(label, a.groups[value])
	}
}

// pointers tells which values of a relation lead to a table that is dropped.
func (v *view) pointers(at string, r snapshot.Relation) {
	if r.Collection == at || v.deleted[r.Collection] {
		return
	}
	label := "values in " + r.Collection + "." + r.Field + " that point at it"
	if r.Related == at {
		if _, ok := v.column(name{r.Collection, r.Field}); !ok {
			return
		}
		if n, ok := v.number(label, question{kind: nonNull, collection: r.Collection, field: r.Field}); ok && n > 0 {
			v.loss(label, n)
		}
		return
	}
	allowed, holder := snapshot.Strings(r.Meta, "one_allowed_collections"), snapshot.Text(r.Meta, "one_collection_field")
	if r.Related == "" && slices.Contains(allowed, at) && holder != "" {
		v.group(label, r.Collection, holder, at)
	}
}
