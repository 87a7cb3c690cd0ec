package apply

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func fixture(t *testing.T, f schematest.Fixture) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Parse(f.Snapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	own := func(name string) bool {
		return name == "made_by_hand" || name == "two_keys" || strings.HasPrefix(name, "only_") || strings.HasPrefix(name, "untracked") || strings.Contains(name, " ") || name == "no_key"
	}
	s.Collections = slices.DeleteFunc(s.Collections, func(c snapshot.Collection) bool { return own(c.Collection) })
	s.Fields = slices.DeleteFunc(s.Fields, func(f snapshot.Field) bool { return own(f.Collection) || f.Meta == nil && f.Field != "id" })
	s.Relations = slices.DeleteFunc(s.Relations, func(r snapshot.Relation) bool { return own(r.Collection) || r.Meta == nil })
	return s
}

func changes(t *testing.T, a, b *snapshot.Snapshot) []compare.Change {
	t.Helper()
	result, err := compare.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return result.Changes
}

// TestRenderWords renders a model of one vendor for an empty project of
// another, and compares it with what Directus tells there of the same model.
func TestRenderWords(t *testing.T) {
	for _, version := range schematest.Versions {
		for _, to := range schematest.Vendors {
			real := fixture(t, schematest.Fresh(version, to))
			empty := *real
			empty.Collections, empty.Fields, empty.Relations = nil, nil, nil
			for _, from := range schematest.Vendors {
				t.Run(version+" "+string(from)+" to "+string(to), func(t *testing.T) {
					got, err := Render(&empty, changes(t, &empty, fixture(t, schematest.Fresh("12.4.0", from))))
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range changes(t, real, sortedLists(got)) {
						if !expected(c, from, to) {
							t.Errorf("%s %s: %.80v → %.80v", c.Action, c.Key(), c.Before, c.After)
						}
					}
				})
			}
		}
	}
}

// expected are the ways in which what is sent differs from what is told then.
func expected(c compare.Change, from, to database.Vendor) bool {
	switch c.Attribute() {
	case "type":
		return c.After == "uuid" && c.Before == "string" || to == database.SQLite || from == database.SQLite || c.Before == "unknown" || c.Field == "id"
	case "schema.is_unique", "schema.is_nullable":
		if c.Field == "slug" { // 10.13.4 on SQLite does not see it
			return true
		}
		return c.Field == "id" || c.Field == "code" // keys
	case "schema.is_indexed":
		return to == database.MySQL || from == database.MySQL
	case "schema.default_value":
		return c.Field == "id" || strings.Contains(c.Field, "default") || strings.Contains(c.Field, "unicode") || c.Before == nil || c.Collection == "options"
	case "schema.is_generated", "schema.generation_expression":
		return c.Field == "made"
	case "schema.data_type":
		return c.After == "json" || c.Before == "int unsigned" && c.After == "int" || c.Field == "id" || from == database.SQLite || from == database.MySQL && to == database.MySQL
	case "schema.max_length":
		return c.Before == 4294967295.0
	case "schema.numeric_precision", "schema.numeric_scale":
		return from == database.SQLite || c.Field == "id" || to == database.SQLite
	case "schema.on_update", "schema.on_delete":
		return from == database.MySQL || to == database.MySQL
	case "meta.options", "meta.special":
		return true
	}
	return false
}

func TestRenderRefuses(t *testing.T) {
	all := fixture(t, schematest.Fresh("12.4.0", database.SQLite))
	for name, test := range map[string]struct {
		edit   func(s *snapshot.Snapshot)
		accept func(c compare.Change) bool
		want   string
	}{
		"a relation without its field": {
			func(s *snapshot.Snapshot) {
				s.Fields = append(s.Fields, snapshot.Field{Collection: "pages", Field: "tag", Type: "uuid", Meta: snapshot.Object{}, Schema: snapshot.Object{}})
				s.Relations = append(s.Relations, snapshot.Relation{Collection: "pages", Field: "tag", Related: "tags", Meta: snapshot.Object{}, Schema: snapshot.Object{}})
			},
			func(c compare.Change) bool { return c.Entity == compare.Relation }, "relation pages.tag is of the field pages.tag",
		},
		"a table's deletion without that of what leads to it": {
			func(s *snapshot.Snapshot) {
				gone := func(name string) bool { return name == "tags" }
				s.Collections = slices.DeleteFunc(slices.Clone(s.Collections), func(c snapshot.Collection) bool { return gone(c.Collection) })
				s.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(f snapshot.Field) bool { return gone(f.Collection) })
				s.Relations = slices.DeleteFunc(slices.Clone(s.Relations), func(r snapshot.Relation) bool { return gone(r.Collection) || gone(r.Related) })
			},
			func(c compare.Change) bool { return c.Entity == compare.Collection }, "relation posts_tags.tags_id leads to the collection tags",
		},
		"a foreign key away from a column on SQLite": {
			func(s *snapshot.Snapshot) {
				s.Relations = slices.DeleteFunc(slices.Clone(s.Relations), func(r snapshot.Relation) bool { return r.Collection == "posts" && r.Field == "page" })
			},
			func(compare.Change) bool { return true }, "cannot take a foreign key away from a column that stays: posts.page → pages",
		},
		"a type that Directus cannot make": {
			func(s *snapshot.Snapshot) {
				s.Fields = append(s.Fields, snapshot.Field{Collection: "pages", Field: "odd", Type: "unknown", Meta: snapshot.Object{}, Schema: snapshot.Object{"data_type": "enum"}})
			},
			func(compare.Change) bool { return true }, "cannot make the column pages.odd, which is of the type enum",
		},
		"a name with a space": {
			func(s *snapshot.Snapshot) {
				s.Collections = append(s.Collections, snapshot.Collection{Collection: "a b", Meta: snapshot.Object{}, Schema: snapshot.Object{"name": "a b"}})
			},
			func(compare.Change) bool { return true }, "a space in their names: a b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := *all
			wanted.Collections, wanted.Fields, wanted.Relations = slices.Clone(all.Collections), slices.Clone(all.Fields), slices.Clone(all.Relations)
			test.edit(&wanted)
			accepted := slices.DeleteFunc(changes(t, all, &wanted), func(c compare.Change) bool { return !test.accept(c) })
			_, err := Render(all, accepted)
			var said *fault.Error
			if !errors.As(err, &said) || !strings.Contains(err.Error(), test.want) || said.Hint == "" || said.State == "" {
				t.Errorf("Render says %v", err)
			}
		})
	}
}

// TestRenderLeavesOut: what the project's version does not know is not asked
// of it, and is said.
func TestRenderLeavesOut(t *testing.T) {
	old := fixture(t, schematest.Fresh("10.13.4", database.Postgres))
	wanted := fixture(t, schematest.Fresh("12.4.0", database.Postgres))
	for i, f := range wanted.Fields {
		if f.Collection == "posts" && f.Field == "title" {
			wanted.Fields[i].Meta = with(f.Meta, "searchable", false)
		}
	}
	wanted.Fields = append(wanted.Fields, snapshot.Field{
		Collection: "posts", Field: "later", Type: "string", Meta: snapshot.Object{"searchable": true, "note": "x"},
		Schema: snapshot.Object{"name": "later", "table": "posts", "is_indexed": true, "max_length": 10.0},
	})
	r, err := render(old, slices.DeleteFunc(changes(t, old, wanted), func(c compare.Change) bool { return c.Collection != "posts" }))
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, c := range r.lost {
		lost = append(lost, c.Key())
	}
	slices.Sort(lost)
	if diff := cmp.Diff([]string{"field posts.later schema.is_indexed", "field posts.title meta.searchable"}, lost); diff != "" {
		t.Error("lost (-want +got)\n" + diff)
	}
	if r.wanted.SystemFields != nil || r.wanted.Directus != "10.13.4" || r.wanted.Version != 1 {
		t.Errorf("%+v", r.wanted)
	}
	later := stateOf(r.wanted)[thing{compare.Field, "posts", "later"}]
	if diff := cmp.Diff(snapshot.Object{"note": "x"}, later["meta"]); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	if _, told := later["schema"].(snapshot.Object)["is_indexed"]; told {
		t.Error("10.13.4 is told of an index")
	}
}
