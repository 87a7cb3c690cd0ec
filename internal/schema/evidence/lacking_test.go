package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func TestLacking(t *testing.T) {
	shown := func(meta object) compare.Change {
		return compare.Change{Entity: compare.Field, Action: compare.Create, Collection: "posts", Field: "x", After: snapshot.Field{Meta: meta}}
	}
	repeater := object{"interface": "list", "options": object{"fields": []any{object{"field": "a", "meta": object{"interface": "wysiwyg"}}, "odd", object{"field": "b"}}}}
	nothing := evidence("interface wysiwyg", "neither Directus 11.17.4 nor an extension there has it")
	has := func(kind, id string) bool { return kind == "interface" && id == "wysiwyg" }
	for _, test := range []struct {
		name   string
		change compare.Change
		studio Studio
		want   []change.Evidence
	}{
		{"Directus' own", shown(object{"interface": "input", "display": "labels"}), Studio{Directus: "10.13.4"}, nil},
		{"of its settings", shown(object{"interface": "system-scope"}), Studio{Directus: "10.13.4"}, nil},
		{"nothing", shown(nil), Studio{Directus: "10.13.4"}, nil},
		{"an extension's", shown(object{"interface": "wysiwyg"}), Studio{Directus: "11.17.4"}, []change.Evidence{nothing}},
		{"which is there", shown(object{"interface": "wysiwyg"}), Studio{Directus: "11.17.4", Has: has}, nil},
		{"but not for displays", shown(object{"display": "wysiwyg"}), Studio{Directus: "11.17.4", Has: has}, []change.Evidence{evidence("display wysiwyg", nothing.Value)}},
		{"in a repeater", shown(repeater), Studio{Directus: "11.17.4"}, []change.Evidence{nothing}},
		{"one attribute", update(compare.Field, "posts", "x", "meta.interface", "input", "wysiwyg"), Studio{Directus: "11.17.4"}, []change.Evidence{nothing}},
		{"options", update(compare.Field, "posts", "x", "meta.options.fields", nil, repeater["options"].(object)["fields"]), Studio{Directus: "11.17.4"}, []change.Evidence{nothing}},
		{"all of it", update(compare.Field, "posts", "x", "meta", nil, repeater), Studio{Directus: "11.17.4"}, []change.Evidence{nothing}},
		{"not any more", update(compare.Field, "posts", "x", "meta.interface", "wysiwyg", nil), Studio{Directus: "11.17.4"}, nil},
		{"what is later", shown(object{"interface": "group-tabs"}), Studio{Directus: "10.13.4"}, []change.Evidence{evidence("interface group-tabs", "Directus 11.17.4 has it; 10.13.4 may not")}},
		{"a collection's", compare.Change{Entity: compare.Collection, Action: compare.Create, Collection: "x", After: snapshot.Collection{Meta: object{"display": "x"}}}, Studio{Directus: "12.4.0"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := Lacking([]compare.Change{test.change}, test.studio)
			if diff := cmp.Diff(test.want, found[test.change.Key()]); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A real project of each version uses nothing that its Studio does not have.
func TestLackingKnowsWhatDirectusHas(t *testing.T) {
	for _, version := range schematest.Versions {
		s, err := snapshot.Parse(schematest.Fresh(version, database.SQLite).Snapshot(t))
		if err != nil {
			t.Fatal(err)
		}
		var changes []compare.Change
		for _, f := range s.Fields {
			changes = append(changes, compare.Change{Entity: compare.Field, Action: compare.Create, Collection: f.Collection, Field: f.Field, After: f})
		}
		if found := Lacking(changes, Studio{Directus: version}); len(found) > 0 || len(changes) < 100 {
			t.Errorf("%s: of %d fields, %v", version, len(changes), found)
		}
	}
}

func TestInExtensions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("editor/dist/index.js", `export default{id:"wysiwyg",name:"Editor"}`)
	write("editor/node_modules/other/index.js", `"elsewhere"`)
	write("bundle/dist/app.js", "const a={id:`stars`}")
	write("hook/dist/index.js", `"hooked"`)
	has, err := InExtensions([]directus.Extension{
		{Name: "editor", Type: "interface", Path: filepath.Join(dir, "editor")},
		{Name: "bundle", Type: "bundle", Entries: []string{"display stars", "hook x"}, Path: filepath.Join(dir, "bundle")},
		{Name: "hook", Type: "hook", Path: filepath.Join(dir, "hook")},
		{Name: "broken", Type: "interface", Problem: "not loaded", Path: filepath.Join(dir, "none")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[want]bool{
		{"interface", "wysiwyg"}: true, {"interface", "wysi"}: false, {"display", "wysiwyg"}: false, {"interface", "elsewhere"}: false,
		{"display", "stars"}: true, {"interface", "hooked"}: false,
	} {
		if got := has(id.kind, id.id); got != want {
			t.Errorf("%v: %v", id, got)
		}
	}
	if _, err := InExtensions([]directus.Extension{{Type: "interface", Path: filepath.Join(dir, "none")}}); err == nil {
		t.Error("an extension that cannot be read: no error")
	}
}

func TestNamed(t *testing.T) {
	has := Named([]directus.LoadedExtension{
		{Name: "@acme/directus-extension-wysiwyg-interface", Type: "interface", Enabled: true},
		{Name: "directus-extension-display-stars", Type: "display", Enabled: true},
		{Name: "off", Type: "interface"},
	})
	for id, want := range map[want]bool{
		{"interface", "wysiwyg"}: true, {"interface", "interface-wysiwyg"}: true, {"display", "stars"}: true, {"display", "wysiwyg"}: false, {"interface", "off"}: false,
	} {
		if got := has(id.kind, id.id); got != want {
			t.Errorf("%v: %v", id, got)
		}
	}
}
