package compare

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// plain is a field with a column as Directus describes it.
func plain(name string, sort float64, edit func(*snapshot.Field)) snapshot.Field {
	f := snapshot.Field{
		Collection: "posts", Field: name, Type: "string",
		Meta: snapshot.Object{
			"collection": "posts", "field": name, "interface": "input", "options": nil, "sort": sort, "width": "full", "special": nil, "group": nil, "note": nil,
		},
		Schema: snapshot.Object{
			"name": name, "table": "posts", "data_type": "varchar", "max_length": 255.0, "is_nullable": true, "is_unique": false, "default_value": nil,
			"is_primary_key": false, "is_generated": false, "has_auto_increment": false, "numeric_precision": nil, "numeric_scale": nil,
		},
	}
	if edit != nil {
		edit(&f)
	}
	return f
}

func posts(fields ...snapshot.Field) *snapshot.Snapshot {
	key := plain("id", 1, func(f *snapshot.Field) {
		f.Type, f.Schema["data_type"], f.Schema["is_primary_key"], f.Schema["max_length"] = "integer", "integer", true, nil
	})
	return &snapshot.Snapshot{
		Version: 1, Directus: "11.17.4", Vendor: "sqlite",
		Collections: []snapshot.Collection{{Collection: "posts", Meta: snapshot.Object{"collection": "posts"}, Schema: snapshot.Object{"name": "posts"}}},
		Fields:      append([]snapshot.Field{key}, fields...),
	}
}

func renamesOf(t *testing.T, current, wanted *snapshot.Snapshot) []Rename {
	t.Helper()
	result, err := Compare(current, wanted)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Renames(current, wanted, result.Changes)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRenames(t *testing.T) {
	set := func(part, key string, value any) func(*snapshot.Field) {
		return func(f *snapshot.Field) {
			if part == "meta" {
				f.Meta[key] = value
			} else {
				f.Schema[key] = value
			}
		}
	}
	leads := func(s *snapshot.Snapshot, field, to string) *snapshot.Snapshot {
		s.Relations = append(s.Relations, snapshot.Relation{Collection: "posts", Field: field, Related: to, Schema: snapshot.Object{"table": "posts"}})
		return s
	}
	ab := []Rename{{"posts", "a", "b", false}}
	moved := []Rename{{"posts", "a", "b", true}}
	between := plain("between", 3, nil)
	for name, test := range map[string]struct {
		current, wanted *snapshot.Snapshot
		want            []Rename
	}{
		"alike, at the same place":    {posts(plain("a", 2, nil)), posts(plain("b", 2, nil)), ab},
		"behind the same fields":      {posts(plain("a", 2, nil), between), posts(plain("b", 2.5, nil), between), ab},
		"moved":                       {posts(plain("a", 2, nil), between), posts(plain("b", 9, nil), between), moved},
		"in a group":                  {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "group", "seo"))), moved},
		"without a place":             {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "sort", nil))), moved},
		"another note":                {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "note", "As it was"))), ab},
		"another interface":           {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "interface", "input-hash"))), nil},
		"another width":               {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "width", "half"))), nil},
		"other options":               {posts(plain("a", 2, nil)), posts(plain("b", 2, set("meta", "options", snapshot.Object{"trim": true}))), nil},
		"another length":              {posts(plain("a", 2, nil)), posts(plain("b", 2, set("schema", "max_length", 100.0))), nil},
		"a value is required":         {posts(plain("a", 2, nil)), posts(plain("b", 2, set("schema", "is_nullable", false))), nil},
		"another default":             {posts(plain("a", 2, nil)), posts(plain("b", 2, set("schema", "default_value", "x"))), nil},
		"generated":                   {posts(plain("a", 2, set("schema", "is_generated", true))), posts(plain("b", 2, set("schema", "is_generated", true))), nil},
		"another type":                {posts(plain("a", 2, nil)), posts(plain("b", 2, func(f *snapshot.Field) { f.Type, f.Schema["data_type"] = "text", "text" })), nil},
		"two come at the same place":  {posts(plain("a", 2, nil)), posts(plain("b", 2, nil), plain("c", 2, nil)), nil},
		"two come at other places":    {posts(plain("a", 2, nil)), posts(plain("b", 8, nil), plain("c", 9, nil), between), nil},
		"two go":                      {posts(plain("a", 2, nil), plain("c", 2, nil)), posts(plain("b", 2, nil)), nil},
		"only one comes":              {posts(), posts(plain("b", 2, nil)), nil},
		"both are there":              {posts(plain("a", 2, nil)), posts(plain("a", 2, nil), plain("b", 2, nil)), nil},
		"a relation to another table": {leads(posts(plain("a", 2, nil)), "a", "people"), leads(posts(plain("b", 2, nil)), "b", "pages"), nil},
		"a relation is gone":          {leads(posts(plain("a", 2, nil)), "a", "people"), posts(plain("b", 2, nil)), nil},
		"a relation to the same":      {leads(posts(plain("a", 2, nil)), "a", "people"), leads(posts(plain("b", 2, nil)), "b", "people"), ab},
		"two pairs side by side": {
			posts(plain("a", 2, nil), plain("c", 3, nil)), posts(plain("b", 2, nil), plain("d", 3, nil)),
			[]Rename{{"posts", "a", "b", false}, {"posts", "c", "d", false}},
		},
		"two pairs, told apart by their places": {
			posts(plain("a", 2, nil), between, plain("c", 4, nil)), posts(plain("b", 2, nil), between, plain("d", 4, nil)),
			[]Rename{{"posts", "a", "b", false}, {"posts", "c", "d", false}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, renamesOf(t, test.current, test.wanted)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestRenamesAcrossVersionsAndVendors gives every column of a real model that
// can be told from all others another name, in the words of another version
// and another database.
func TestRenamesAcrossVersionsAndVendors(t *testing.T) {
	read := func(version string, vendor database.Vendor) *snapshot.Snapshot {
		s, err := snapshot.Parse(schematest.Fresh(version, vendor).Snapshot(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, test := range []struct {
		from, to           string
		fromVendor, vendor database.Vendor
	}{
		{"10.13.4", "12.4.0", database.SQLite, database.SQLite},
		{"12.4.0", "12.4.0", database.SQLite, database.Postgres},
		{"10.13.4", "12.4.0", database.MySQL, database.Postgres},
	} {
		current, wanted := read(test.from, test.fromVendor), read(test.to, test.vendor)
		found, tried := 0, 0
		real, err := Compare(current, wanted)
		if err != nil {
			t.Fatal(err)
		}
		differs := map[string]bool{} // one version made no unique column
		for _, c := range real.Changes {
			differs[c.Collection+"."+c.Field] = true
		}
		for i, f := range wanted.Fields {
			if f.Collection != "types" && f.Collection != "posts" || !named(f) || slices.ContainsFunc(wanted.Relations, func(r snapshot.Relation) bool { return r.Collection == f.Collection && r.Field == f.Field }) ||
				differs[f.Collection+"."+f.Field] {
				continue
			}
			changed := *wanted
			changed.Fields = append([]snapshot.Field{}, wanted.Fields...)
			f.Meta, f.Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
			old := f.Field
			f.Field = "renamed"
			if f.Meta != nil {
				f.Meta["field"] = "renamed"
			}
			f.Schema["name"] = "renamed"
			changed.Fields[i] = f
			tried++
			all := renamesOf(t, current, &changed)
			if len(all) == 1 && all[0].From == old && all[0].To == "renamed" && !all[0].Moved {
				found++
			} else {
				t.Logf("%s → %s: %s.%s: %v", test.from, test.to, f.Collection, old, all)
			}
		}
		if tried < 5 || found < tried {
			t.Errorf("%s on %s → %s on %s: %d of %d are found", test.from, test.fromVendor, test.to, test.vendor, found, tried)
		}
	}
}
