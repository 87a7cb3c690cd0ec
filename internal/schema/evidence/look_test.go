package evidence

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func evidence(label, value string) change.Evidence {
	return change.Evidence{Label: label, Value: value}
}

func loses(label, value string) change.Evidence {
	return change.Evidence{Label: label, Value: value, Loss: true}
}

type lookCase struct {
	name   string
	vendor string // empty: postgres
	change compare.Change
	with   []compare.Change
	source facts
	want   Finding
}

func (c *lookCase) run(t *testing.T) {
	vendor := c.vendor
	if vendor == "" {
		vendor = "postgres"
	}
	found := gather(t, &fake{facts: c.source}, blog(vendor), append(c.with, c.change)...)
	if diff := cmp.Diff(c.want, found[c.change.Key()]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func numbers(question string, n int64) facts { return facts{numbers: map[string]int64{question: n}} }

func fits(question string, fit Fit) facts { return facts{fits: map[string]Fit{question: fit}} }

func on(field, attribute string, before, after any) compare.Change {
	return update(compare.Field, "posts", field, attribute, before, after)
}

func created(field, kind string, more object) compare.Change {
	return compare.Change{Entity: compare.Field, Action: compare.Create, Collection: "posts", Field: field, After: column("posts", field, kind, more)}
}

func TestLookAtFields(t *testing.T) {
	for _, test := range []lookCase{
		{
			name: "a drop with values", change: compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "title"},
			source: numbers("values posts.title", 1204),
			want:   Finding{Evidence: []change.Evidence{loses("values in the column", "1,204")}, Risk: change.Destructive, Rows: 1204},
		},
		{
			name: "a drop without", change: compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "title"},
			want: Finding{Evidence: []change.Evidence{evidence("values in the column", "0")}, Risk: change.Caution},
		},
		{name: "an alias has nothing", change: compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "notice"}},
		{
			name: "a column becomes an alias", change: compare.Change{
				Entity: compare.Field, Action: compare.Replace, Collection: "posts", Field: "body", After: snapshot.Field{Collection: "posts", Field: "body", Type: "alias"},
			},
			source: numbers("values posts.body", 2),
			want:   Finding{Evidence: []change.Evidence{loses("values in the column", "2")}, Risk: change.Destructive, Rows: 2},
		},
		{
			name: "the key", change: compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "people", Field: "id"},
			want: Finding{
				Evidence: []change.Evidence{evidence("values in the column", "0")}, Risk: change.Caution,
				Blocked: "it is the table's primary key, without which Directus cannot work with the table",
			},
		},
		{
			name: "a cut", change: on("title", "schema.max_length", 255.0, 50.0), source: numbers("longest posts.title", 87),
			want: Finding{
				Evidence: []change.Evidence{loses("longest value today", "87 characters")}, Risk: change.Destructive,
				Blocked: "the longest value has 87 characters, and 50 would be kept",
			},
		},
		{
			name: "SQLite cuts nothing", vendor: "sqlite", change: on("title", "schema.max_length", 255.0, 50.0), source: numbers("longest posts.title", 87),
			want: Finding{
				Evidence: []change.Evidence{loses("longest value today", "87 characters")}, Risk: change.Destructive,
				Blocked: "the longest value has 87 characters, and 50 would be allowed",
			},
		},
		{
			name: "just no cut", change: on("title", "schema.max_length", 255.0, 50.0), source: numbers("longest posts.title", 50),
			want: Finding{Evidence: []change.Evidence{evidence("longest value today", "50 characters")}},
		},
		{name: "longer", change: on("title", "schema.max_length", 255.0, 300.0)},
		{
			name: "a length in a text", change: on("body", "type", "text", "string"), with: []compare.Change{on("body", "schema.max_length", nil, 1000.0)},
			source: numbers("longest posts.body", 1001),
			want: Finding{
				Evidence: []change.Evidence{loses("longest value today", "1,001 characters")}, Risk: change.Destructive,
				Blocked: "the longest value has 1,001 characters, and 1,000 would be kept",
			},
		},
		{name: "a text of a string", change: on("title", "type", "string", "text")},
		{
			name: "numbers that are none", change: on("title", "type", "string", "integer"), source: fits("unfit posts.title → integer", Fit{Unfit: 3}),
			want: Finding{
				Evidence: []change.Evidence{loses("values that do not fit", "3")}, Risk: change.Destructive, Rows: 3,
				Blocked: "3 values do not fit integer, and would be refused, cut or changed",
			},
		},
		{
			name: "one at least", change: on("title", "type", "string", "date"), source: fits("unfit posts.title → date", Fit{Unfit: 1, AtLeast: true}),
			want: Finding{
				Evidence: []change.Evidence{loses("values that do not fit", "at least 1")}, Risk: change.Destructive, Rows: 1,
				Blocked: "at least 1 value does not fit date, and would be refused, cut or changed",
			},
		},
		{
			name: "all fit", change: on("title", "type", "string", "integer"),
			want: Finding{Evidence: []change.Evidence{evidence("values that do not fit", "0")}},
		},
		{
			name: "no way", change: on("seen", "type", "timestamp", "json"), source: fits("unfit posts.seen → json", Fit{Never: true}),
			want: Finding{Blocked: "the database turns no such value into json"},
		},
		{
			name: "digits", change: on("price", "schema.numeric_scale", 5.0, 2.0), source: fits("unfit posts.price → decimal of 10 digits, 2 of them after the point", Fit{Unfit: 9}),
			want: Finding{
				Evidence: []change.Evidence{loses("values that do not fit", "9")}, Risk: change.Destructive, Rows: 9,
				Blocked: "9 values do not fit decimal of 10 digits, 2 of them after the point, and would be refused, cut or changed",
			},
		},
		{
			name: "not told over REST", change: on("title", "type", "string", "integer"),
			source: facts{errors: map[string]error{"unfit posts.title → integer": ErrCannotTell}},
			want: Finding{Risk: change.Destructive, Evidence: []change.Evidence{
				evidence("values that do not fit", "cannot be told from here"), evidence("the values", "are converted by the database, which may cut them"),
			}},
		},
		{
			name: "the column is made anew", change: on("old", "schema.default_value", nil, 1.0), source: fits("unfit posts.old → float", Fit{Unfit: 1}),
			want: Finding{
				Evidence: []change.Evidence{loses("values that do not fit", "1")}, Risk: change.Destructive, Rows: 1,
				Blocked: "Directus makes the column anew, as float: 1 value does not fit float, and would be refused, cut or changed",
			},
		},
		{name: "and loses nothing", change: on("old", "schema.default_value", nil, 1.0)},
		{name: "a default", change: on("title", "schema.default_value", nil, "x")},
		{name: "what the Studio shows", change: on("title", "meta.note", nil, "x")},
		{
			name: "a varchar without a length", change: on("endless", "schema.default_value", nil, "x"),
			want: Finding{Blocked: "the column is a varchar without a length, which Directus cannot alter: give the field a length too"},
		},
		{
			name: "which gets one", change: on("endless", "schema.max_length", -5.0, 20.0), source: numbers("longest posts.endless", 1),
			want: Finding{Evidence: []change.Evidence{evidence("longest value today", "1 character")}},
		},
		{
			name: "must have a value", change: on("title", "schema.is_nullable", true, false), source: numbers("nulls posts.title", 1),
			want: Finding{Evidence: []change.Evidence{evidence("rows without a value", "1")}, Blocked: "1 row has no value, and the field must have one: fill them first"},
		},
		{
			name: "all have one", change: on("title", "schema.is_nullable", true, false),
			want: Finding{Evidence: []change.Evidence{evidence("rows without a value", "0")}},
		},
		{name: "need not have a value", change: on("strict", "schema.is_nullable", false, true)},
		{
			name: "unique", change: on("title", "schema.is_unique", false, true), source: numbers("duplicates posts.title", 2),
			want: Finding{
				Evidence: []change.Evidence{evidence("values that repeat another", "2")},
				Blocked:  "2 values repeat another, and each must be there once: change them first",
			},
		},
		{name: "not unique", change: on("title", "schema.is_unique", true, false)},
		{
			name: "an index", change: on("title", "schema.is_indexed", true, false), source: numbers("rows posts", 1000000),
			want: Finding{Risk: change.Caution, Evidence: []change.Evidence{evidence("the index", "is dropped; reads that use it get slower"), evidence("rows in the table", "1,000,000")}},
		},
		{name: "a new index", change: on("title", "schema.is_indexed", false, true)},
		{name: "another key", change: on("title", "schema.is_primary_key", false, true), want: Finding{Blocked: "Directus cannot change the primary key of a table"}},
		{name: "a key's type", change: on("id", "type", "integer", "bigInteger"), want: Finding{Blocked: "Directus cannot alter the column that is a table's primary key"}},
		{name: "counts up", change: on("author", "schema.has_auto_increment", false, true), want: Finding{Blocked: "Directus cannot make a column count up"}},
		{name: "generated", change: on("author", "schema.is_generated", false, true), want: Finding{Blocked: "Directus does not make generated columns"}},
	} {
		t.Run(test.name, test.run)
	}
}

func TestLookAtNewFields(t *testing.T) {
	rows := func(n int64) facts { return numbers("rows posts", n) }
	inTable := func(n string) []change.Evidence { return []change.Evidence{evidence("rows in the table", n)} }
	for _, test := range []lookCase{
		{name: "any", change: created("x", "string", nil), source: rows(9)},
		{
			name: "required", change: created("x", "string", object{"is_nullable": false}), source: rows(1),
			want: Finding{Evidence: inTable("1"), Blocked: "1 row would have no value for it, and the field must have one: give it a default", Unfilled: true},
		},
		{name: "required, no rows", change: created("x", "string", object{"is_nullable": false}), want: Finding{Evidence: inTable("0")}},
		{name: "required, with a default", change: created("x", "string", object{"is_nullable": false, "default_value": "y"}), source: rows(9)},
		{
			name: "MySQL fills it", vendor: "mysql", change: created("x", "integer", object{"is_nullable": false}), source: rows(2),
			want: Finding{Risk: change.Caution, Evidence: append(inTable("2"), evidence("what they get, for want of a default", "0"))},
		},
		{
			name: "with what is no date", vendor: "mysql", change: created("x", "date", object{"is_nullable": false}), source: rows(2),
			want: Finding{Evidence: inTable("2"), Blocked: "2 rows would have no value for it, and the field must have one: give it a default", Unfilled: true},
		},
		{
			name: "unique, the same for all", change: created("x", "string", object{"is_unique": true, "default_value": "y"}), source: rows(2),
			want: Finding{Evidence: inTable("2"), Blocked: "2 rows would have the same value, and each must have one of its own"},
		},
		{name: "unique, empty", change: created("x", "string", object{"is_unique": true}), source: rows(2)},
		{
			name: "SQLite and the time", vendor: "sqlite", change: created("x", "timestamp", object{"default_value": "CURRENT_TIMESTAMP"}), source: rows(1),
			want: Finding{Evidence: inTable("1"), Blocked: "SQLite adds no column whose default is the current time to a table with rows: leave the default out at first"},
		},
		{name: "others and the time", change: created("x", "timestamp", object{"default_value": "CURRENT_TIMESTAMP"}), source: rows(1)},
		{name: "a key", change: created("x", "integer", object{"is_primary_key": true}), want: Finding{Blocked: "the table has a primary key already, which Directus cannot change"}},
		{
			name: "a column that nobody tracks", change: created("x", "string", nil), source: facts{there: map[string]bool{"exists posts.x": true}},
			want: Finding{Blocked: "the table has a column of that name, which Directus does not track; it does not make it again"},
		},
		{
			name: "with its collection", change: compare.Change{
				Entity: compare.Field, Action: compare.Create, Collection: "new", Field: "id", After: column("new", "id", "integer", object{"is_primary_key": true, "is_nullable": false}),
			},
		},
		{
			name: "of Directus' own table", change: compare.Change{
				Entity: compare.Field, Action: compare.Create, Collection: "directus_users", Field: "x", After: column("directus_users", "x", "string", object{"is_nullable": false}),
			},
			source: numbers("rows directus_users", 4),
			want:   Finding{Evidence: inTable("4"), Blocked: "4 rows would have no value for it, and the field must have one: give it a default", Unfilled: true},
		},
	} {
		t.Run(test.name, test.run)
	}
}

func TestLookAtCollections(t *testing.T) {
	posts, people, folder := blog("postgres").Collections[0], blog("postgres").Collections[1], blog("postgres").Collections[3]
	drop := func(c snapshot.Collection) compare.Change {
		return compare.Change{Entity: compare.Collection, Action: compare.Delete, Collection: c.Collection, Before: c}
	}
	for _, test := range []lookCase{
		{
			name: "a drop", change: drop(people),
			source: facts{
				numbers: map[string]int64{"rows people": 12, "values posts.author": 30},
				there:   map[string]bool{"exists directus_revisions.": true, "exists directus_permissions.": true},
				groups: map[string]map[string]int64{
					"groups blocks.kind": {"people": 2, "posts": 5}, "groups directus_revisions.collection": {"people": 40000}, "groups directus_permissions.collection": {"posts": 1},
				},
			},
			want: Finding{Risk: change.Destructive, Rows: 12, Evidence: []change.Evidence{
				loses("rows in the table", "12"), loses("values in posts.author that point at it", "30"), loses("values in blocks.item that point at it", "2"),
				loses("revisions of its items", "40,000"),
			}},
		},
		{
			name: "an empty one", change: drop(people), with: []compare.Change{drop(posts)},
			want: Finding{Risk: change.Caution, Evidence: []change.Evidence{evidence("rows in the table", "0")}},
		},
		{name: "a folder", change: drop(folder), want: Finding{Risk: change.Caution}},
		{
			name: "a table becomes a folder", change: compare.Change{Entity: compare.Collection, Action: compare.Replace, Collection: "people", Before: people, After: folder},
			source: numbers("rows people", 1),
			want:   Finding{Risk: change.Destructive, Rows: 1, Evidence: []change.Evidence{loses("rows in the table", "1")}},
		},
		{name: "a new one", change: compare.Change{Entity: compare.Collection, Action: compare.Create, Collection: "new", After: posts}},
		{
			name: "one that nobody tracks", change: compare.Change{Entity: compare.Collection, Action: compare.Create, Collection: "new", After: posts},
			source: facts{there: map[string]bool{"exists new.": true}, numbers: map[string]int64{"rows new": 7}},
			want: Finding{
				Evidence: []change.Evidence{evidence("rows in the table that is there", "7")},
				Blocked:  "the database has a table of that name, which Directus does not track; it does not make it again",
			},
		},
	} {
		t.Run(test.name, test.run)
	}
}

func TestLookAtRelations(t *testing.T) {
	relation := func(field, related string, schema object) compare.Change {
		return compare.Change{
			Entity: compare.Relation, Action: compare.Create, Collection: "posts", Field: field, Related: related,
			After: snapshot.Relation{Collection: "posts", Field: field, Related: related, Schema: schema},
		}
	}
	rule := func(field, related, attribute string, after any) compare.Change {
		c := update(compare.Relation, "posts", field, attribute, "SET NULL", after)
		c.Related = related
		return c
	}
	counted := []change.Evidence{evidence("values without a row that they point at", "1")}
	const blocked = "1 value points at no row of people, and a foreign key refuses them: correct or empty them first"
	for _, test := range []lookCase{
		{
			name: "a key on values", change: relation("strict", "people", object{}), source: numbers("dangling posts.strict → people.id", 1),
			want: Finding{Evidence: counted, Blocked: blocked},
		},
		{
			name: "on values that point", change: relation("strict", "people", object{}),
			want: Finding{Evidence: []change.Evidence{evidence("values without a row that they point at", "0")}},
		},
		{
			name: "to one of Directus' own", change: relation("strict", "directus_users", object{}), source: numbers("dangling posts.strict → directus_users.id", 0),
			want: Finding{Evidence: []change.Evidence{evidence("values without a row that they point at", "0")}},
		},
		{
			name: "to a table that is new", change: relation("strict", "new", object{}), source: numbers("values posts.strict", 2),
			want: Finding{
				Evidence: []change.Evidence{evidence("values without a row that they point at", "2")},
				Blocked:  "2 values point at no row of new, and a foreign key refuses them: correct or empty them first",
			},
		},
		{name: "on a new field", change: relation("new", "people", object{})},
		{name: "without a key", change: relation("strict", "people", nil)},
		{
			name: "a key that was not there", change: rule("strict", "people", "schema", object{"on_delete": "CASCADE"}), source: numbers("dangling posts.strict → people.id", 1),
			want: Finding{Evidence: counted, Blocked: blocked},
		},
		{name: "no key any more", change: rule("author", "people", "schema", nil), want: Finding{Blocked: "Directus does not take a foreign key off alone: delete the relation and create it without one"}},
		{
			name: "rows go with theirs", change: rule("author", "people", "schema.on_delete", "CASCADE"), source: numbers("values posts.author", 30),
			want: Finding{Risk: change.Caution, Evidence: []change.Evidence{evidence("rows that go when the row that they point at is deleted", "30")}},
		},
		{name: "rows stay", change: rule("author", "people", "schema.on_delete", "NO ACTION")},
		{
			name: "nothing may be emptied", vendor: "mysql", change: rule("strict", "people", "schema.on_delete", "SET NULL"),
			want: Finding{Blocked: "the field must have a value, so the database refuses to empty it when the row that it points at is deleted"},
		},
		{
			name: "gone", change: compare.Change{Entity: compare.Relation, Action: compare.Delete, Collection: "posts", Field: "author", Related: "people"},
			source: numbers("values posts.author", 30),
			want:   Finding{Evidence: []change.Evidence{evidence("values that stay, and that nothing checks any more", "30")}},
		},
		{name: "what the Studio shows", change: rule("author", "people", "meta.sort_field", "x")},
	} {
		t.Run(test.name, test.run)
	}
}
