package evidence

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/introspect"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestGatherOnRealProjects changes the data model of a project that a real
// Directus 12.4.0 made, and looks at the rows in it.
func TestGatherOnRealProjects(t *testing.T) {
	for _, vendor := range schematest.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			config := schematest.Fresh("12.4.0", vendor).Config(t)
			db, current := read(t, config)
			q := db.Quote
			w := open(t, config, connect.ReadWrite)
			for _, statement := range []string{
				"INSERT INTO " + q("types") + " (" + q("string") + ", " + q("string_short") + ", " + q("text") + ", " + q("decimal") + ") VALUES ('日本語🎉', 'a', 'x', 1.25), ('12', 'a', NULL, 2), (NULL, NULL, 'y', NULL)",
				"INSERT INTO " + q("tags") + " (" + q("id") + ", " + q("name") + ") VALUES ('3f9c1a52-0000-4000-8000-000000000001', 'one')",
				"INSERT INTO " + q("posts_tags") + " (" + q("tags_id") + ") VALUES ('3f9c1a52-0000-4000-8000-000000000001'), (NULL)",
				"INSERT INTO " + q("directus_permissions") + " (" + q("collection") + ", " + q("action") + ", " + q("policy") + ") SELECT 'tags', 'read', " + q("id") + " FROM " + q("directus_policies"),
			} {
				if _, err := w.SQL().Exec(statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			result, err := compare.Compare(current, edited(current))
			if err != nil {
				t.Fatal(err)
			}
			found, err := Gather(context.Background(), Database(db), current, result.Changes, progress.Discard)
			if err != nil {
				t.Fatal(err)
			}
			digits := Finding{Evidence: []change.Evidence{loses("values that do not fit", "1")}, Risk: change.Destructive, Rows: 1}
			digits.Blocked = "1 value does not fit decimal of 10 digits, 1 of them after the point, and would be refused, cut or changed"
			if vendor == database.SQLite {
				delete(found, "field types.decimal schema.numeric_scale") // it has no such thing
			} else if diff := cmp.Diff(digits, found["field types.decimal schema.numeric_scale"]); diff != "" {
				t.Errorf("decimal (-want +got)\n%s", diff)
			}
			delete(found, "field types.decimal schema.numeric_scale")
			kept := "would be kept"
			if vendor == database.SQLite {
				kept = "would be allowed"
			}
			want := map[string]Finding{
				"collection tags": {Rows: 1, Risk: change.Destructive, Evidence: []change.Evidence{
					loses("rows in the table", "1"), loses("values in posts_tags.tags_id that point at it", "1"), loses("permissions", "2"),
				}},
				"relation posts_tags.tags_id → tags": {Evidence: []change.Evidence{evidence("values that stay, and that nothing checks any more", "1")}},
				"field types.text":                   {Rows: 2, Risk: change.Destructive, Evidence: []change.Evidence{loses("values in the column", "2")}},
				"field types.string schema.max_length": {
					Risk: change.Destructive, Evidence: []change.Evidence{loses("longest value today", "4 characters")}, Blocked: "the longest value has 4 characters, and 3 " + kept,
				},
				"field types.string_short schema.is_unique": {
					Evidence: []change.Evidence{evidence("values that repeat another", "1")}, Blocked: "1 value repeats another, and each must be there once: change them first",
				},
				"field types.string_short schema.is_nullable": {
					Evidence: []change.Evidence{evidence("rows without a value", "1")}, Blocked: "1 row has no value, and the field must have one: fill them first",
				},
				"collection no_key": {Evidence: []change.Evidence{evidence("rows in the table that is there", "0")}, Blocked: "the database has a table of that name, which Directus does not track; it does not make it again"},
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func open(t *testing.T, config database.Config, mode connect.Mode) database.Database {
	t.Helper()
	db, err := connect.Open(context.Background(), config, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func read(t *testing.T, config database.Config) (database.Database, *snapshot.Snapshot) {
	t.Helper()
	db := open(t, config, connect.ReadOnly)
	s, err := introspect.Read(context.Background(), db, introspect.Options{Version: "12.4.0"})
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

// edited is a project's data model with some changes.
func edited(current *snapshot.Snapshot) *snapshot.Snapshot {
	wanted := *current
	wanted.Collections, wanted.Fields, wanted.Relations = nil, nil, nil
	for _, c := range current.Collections {
		if c.Collection != "tags" {
			wanted.Collections = append(wanted.Collections, c)
		}
	}
	wanted.Collections = append(wanted.Collections, snapshot.Collection{Collection: "no_key", Meta: object{"collection": "no_key"}, Schema: object{"name": "no_key"}})
	set := map[string]object{
		"string": {"max_length": 3.0}, "string_short": {"is_unique": true, "is_nullable": false}, "decimal": {"numeric_scale": 1.0}, "integer": {"default_value": 3.0},
	}
	for _, f := range current.Fields {
		if f.Collection == "tags" || f.Collection == "types" && f.Field == "text" {
			continue
		}
		if changes := set[f.Field]; f.Collection == "types" && changes != nil {
			schema := object{}
			for _, from := range []object{f.Schema, changes} {
				for key, value := range from {
					schema[key] = value
				}
			}
			f.Schema = schema
		}
		wanted.Fields = append(wanted.Fields, f)
	}
	for _, r := range current.Relations {
		if r.Related != "tags" && r.Collection != "tags" {
			wanted.Relations = append(wanted.Relations, r)
		}
	}
	return &wanted
}
