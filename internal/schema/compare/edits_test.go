package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestFourEdits: a snapshot of 10.13.4 in which a person changed four things is
// compared with the project after its upgrade to 12.4.0. Directus itself says
// that some two hundred entries differ.
func TestFourEdits(t *testing.T) {
	for _, from := range schematest.Fixtures() {
		if from.Made != "10.13.4" || from.Version != "10.13.4" {
			continue
		}
		for _, vendor := range schematest.Vendors {
			fourEdits(t, from, schematest.Upgraded(vendor))
		}
	}
}

func fourEdits(t *testing.T, from, upgraded schematest.Fixture) {
	t.Run(from.String()+" "+upgraded.String(), func(t *testing.T) {
		desired := load(t, from)
		edit(t, desired)
		result, err := Compare(load(t, upgraded), desired)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range result.Changes {
			if !own(c.Collection) && !firstIndex(c, from, upgraded) {
				got = append(got, string(c.Action)+" "+c.Key())
			}
		}
		want := []string{
			"update field options.indexed_later meta.note",
			"update field posts.cover meta.options",
			"create field posts.subtitle",
			"update field posts.title schema.max_length",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s\n%s", diff, show(result.Changes))
		}
		reasons := result.Reasons()
		for _, reason := range []Reason{UnknownAttribute, UnknownIndex, ListOrder, SystemFields, NotTracked} {
			if reasons[reason] == 0 {
				t.Errorf("nothing is noise because %s: %v", reason, reasons)
			}
		}
		t.Log(reasons)
	})
}

func edit(t *testing.T, s *snapshot.Snapshot) {
	t.Helper()
	done := 0
	for i := range s.Fields {
		f := &s.Fields[i]
		switch f.Collection + "." + f.Field {
		case "posts.title":
			f.Schema["max_length"] = 100.0
		case "posts.cover":
			f.Meta["options"] = snapshot.Object{"folder": "covers"}
		case "options.indexed_later":
			f.Meta["note"] = "New"
		default:
			continue
		}
		done++
	}
	s.Fields = append(s.Fields, snapshot.Field{
		Collection: "posts", Field: "subtitle", Type: "string", Meta: snapshot.Object{"interface": "input"}, Schema: snapshot.Object{"name": "subtitle", "table": "posts"},
	})
	if done != 3 {
		t.Fatalf("%d edits", done)
	}
}

// TestSeesAcrossVendors: what is noise when the same model lies on two
// databases must not hide what a person changes.
func TestSeesAcrossVendors(t *testing.T) {
	schema := func(field, key string, value any) func(*snapshot.Snapshot) {
		return func(s *snapshot.Snapshot) { at(s, field).Schema[key] = value }
	}
	edits := map[string]func(*snapshot.Snapshot){
		"field posts.title schema.is_nullable":              schema("posts.title", "is_nullable", true),
		"field posts.title schema.max_length":               schema("posts.title", "max_length", 199.0),
		"field posts.title schema.is_unique":                schema("posts.title", "is_unique", true),
		"field posts.status schema.default_value":           schema("posts.status", "default_value", "published"),
		"field types.integer_default schema.default_value":  schema("types.integer_default", "default_value", -43.0),
		"field types.boolean_true schema.default_value":     schema("types.boolean_true", "default_value", false),
		"field types.timestamp_now schema.default_value":    schema("types.timestamp_now", "default_value", nil),
		"field types.string_unicode schema.default_value":   schema("types.string_unicode", "default_value", "日本"),
		"field options.object_default schema.default_value": schema("options.object_default", "default_value", snapshot.Object{"a": 1.0}),
		"field types.text type":                             func(s *snapshot.Snapshot) { at(s, "types.text").Type = "integer" },
		"field types.date type":                             func(s *snapshot.Snapshot) { at(s, "types.date").Type = "time" },
		"field posts.tags meta.special":                     func(s *snapshot.Snapshot) { at(s, "posts.tags").Meta["special"] = []any{"o2m"} },
		"field options.choice meta.options.choices": func(s *snapshot.Snapshot) {
			at(s, "options.choice").Meta["options"].(snapshot.Object)["choices"] = []any{}
		},
		"relation posts.cover → directus_files schema.on_delete": func(s *snapshot.Snapshot) {
			for i, r := range s.Relations {
				if r.Collection == "posts" && r.Field == "cover" {
					s.Relations[i].Schema["on_delete"] = "CASCADE"
				}
			}
		},
		"collection pages meta.archive_value": func(s *snapshot.Snapshot) {
			for i, c := range s.Collections {
				if c.Collection == "pages" {
					s.Collections[i].Meta["archive_value"] = "old"
				}
			}
		},
	}
	for _, a := range schematest.Vendors {
		for _, b := range schematest.Vendors {
			for _, version := range schematest.Versions {
				for want, change := range edits {
					from, to := schematest.Fresh("12.4.0", a), schematest.Fresh(version, b)
					target := load(t, to)
					change(target)
					var got []string
					for _, c := range compared(t, load(t, from), target).Changes {
						if !own(c.Collection) && !firstIndex(c, from, to) {
							got = append(got, c.Key())
						}
					}
					if diff := cmp.Diff([]string{want}, got); diff != "" {
						t.Errorf("%s and %s (-want +got):\n%s", from, to, diff)
					}
				}
			}
		}
	}
}

func at(s *snapshot.Snapshot, name string) *snapshot.Field {
	for i, f := range s.Fields {
		if f.Collection+"."+f.Field == name {
			return &s.Fields[i]
		}
	}
	panic(name)
}
