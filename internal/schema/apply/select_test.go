package apply

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func parsed(t *testing.T, text string) *Diff {
	t.Helper()
	diff, err := ParseDiff(&directus.SchemaDiff{Hash: "hash", Diff: json.RawMessage(text)})
	if err != nil {
		t.Fatal(err)
	}
	return diff
}

func inDiff(list, entry string) string {
	lists := map[string]string{"collections": "", "fields": "", "systemFields": "", "relations": ""}
	lists[list] = entry
	return `{"collections":[` + lists["collections"] + `],"fields":[` + lists["fields"] + `],"systemFields":[` + lists["systemFields"] + `],"relations":[` + lists["relations"] + `]}`
}

// TestSelect sends what was accepted, whole or in part, and leaves out what
// the server sees besides.
func TestSelect(t *testing.T) {
	have := fixture(t, schematest.Fresh("11.17.4", database.MySQL))
	want := edited(have, "posts", "title", func(f *snapshot.Field) {
		f.Meta["note"], f.Meta["options"] = "New", snapshot.Object{"list": []any{"a", "b"}}
	})
	entry := `{"collection":"posts","field":"title","diff":[` +
		`{"kind":"E","path":["schema","default_value"],"lhs":null,"rhs":"x"},` +
		`{"kind":"E","path":["meta","note"],"lhs":null,"rhs":"New"},` +
		`{"kind":"E","path":["meta","options"],"lhs":null,"rhs":{"list":["a"]}},` +
		`{"kind":"A","path":["meta","options","list"],"index":1,"item":{"kind":"N","rhs":"b"}}]},` +
		`{"collection":"posts","field":"slug","diff":[{"kind":"E","path":["schema","is_indexed"],"lhs":false,"rhs":true}]},` +
		`{"collection":"posts","field":"other","diff":[{"kind":"N","rhs":{}}]}`
	send, left, err := Select(parsed(t, inDiff("fields", entry)), have, want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"field posts.title schema.default_value", "field posts.slug schema.is_indexed", "field posts.other"}, left); diff != "" {
		t.Error("left out (-want +got)\n" + diff)
	}
	encoded, err := send.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	_ = json.Unmarshal(encoded.Diff, &got)
	only := strings.Replace(entry, `{"kind":"E","path":["schema","default_value"],"lhs":null,"rhs":"x"},`, "", 1)
	_ = json.Unmarshal([]byte(inDiff("fields", only[:strings.Index(only, `,{"collection":"posts","field":"slug"`)])), &wanted)
	if diff := cmp.Diff(wanted, got); diff != "" || encoded.Hash != "hash" {
		t.Error("sent (-want +got)\n" + diff)
	}
	collapsed := `{"collection":"posts","field":"title","diff":[{"kind":"E","path":["meta"],"lhs":null,"rhs":` + marshal(t, stateOf(want)[thing{"field", "posts", "title"}]["meta"]) + `}]}`
	if _, left, err := Select(parsed(t, inDiff("fields", collapsed)), have, want); err != nil || len(left) > 0 {
		t.Errorf("collapsed, as from 12.4.0 on: %v, left out %v", err, left)
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSelectRefuses(t *testing.T) {
	have := fixture(t, schematest.Fresh("11.17.4", database.MySQL))
	want := edited(have, "posts", "title", note)
	for name, test := range map[string]struct{ diff, want string }{
		"nothing":                        {inDiff("fields", ""), "field posts.title meta.note is missing"},
		"another value":                  {inDiff("fields", `{"collection":"posts","field":"title","diff":[{"kind":"E","path":["meta","note"],"rhs":"Old"}]}`), "field posts.title meta.note would become Old"},
		"a whole meta with more":         {inDiff("fields", `{"collection":"posts","field":"title","diff":[{"kind":"E","path":["meta"],"rhs":{"note":"New"}}]}`), "field posts.title meta would become"},
		"deletes a table, says it edits": {inDiff("collections", `{"collection":"posts","diff":[{"kind":"D","path":["meta","note"],"lhs":1},{"kind":"E","path":["meta","icon"],"rhs":1}]}`), "#27877"},
		"deletes a relation, too":        {inDiff("relations", `{"collection":"posts","field":"page","diff":[{"kind":"D","path":["schema"],"lhs":1}]}`), "#27877"},
		"deletes a field, too":           {inDiff("fields", `{"collection":"posts","field":"page","diff":[{"kind":"D","path":["schema","x"],"lhs":1}]}`), "#27877"},
		"creates what is there":          {inDiff("collections", `{"collection":"posts","diff":[{"kind":"N","path":["meta","x"],"rhs":1}]}`), "would create what is there already: collection posts"},
		"a path to nowhere":              {inDiff("fields", `{"collection":"posts","field":"title","diff":[{"kind":"E","path":["meta","note","a","b"],"rhs":1},{"kind":"E","path":["meta","note",0],"rhs":1}]}`), "leads nowhere"},
	} {
		if _, _, err := Select(parsed(t, test.diff), have, want); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSelectUngroups: 10.13.4 reads the group of what it deletes from the diff,
// and skips it if it has one.
func TestSelectUngroups(t *testing.T) {
	have := fixture(t, schematest.Fresh("10.13.4", database.MySQL))
	want := *have
	want.Collections, want.Fields, want.Relations = nil, nil, nil
	for _, c := range have.Collections {
		if c.Collection != "codes" {
			want.Collections = append(want.Collections, c)
		}
	}
	_ = want
	entry := ungrouped(parsed(t, inDiff("collections", `{"collection":"codes","diff":[{"kind":"D","lhs":{"collection":"codes","meta":{"group":"content","icon":"x"}}}]}`)).Collections[0])
	if got := marshal(t, entry.Items[0].raw); got != `{"kind":"D","lhs":{"collection":"codes","meta":{"group":null,"icon":"x"}}}` {
		t.Error(got)
	}
}

func TestPatched(t *testing.T) {
	for _, test := range []struct{ object, items, want string }{
		{`{"a":1}`, `[{"kind":"E","path":["a"],"lhs":1,"rhs":2},{"kind":"N","path":["b","c"],"rhs":3}]`, `{"a":2,"b":{"c":3}}`},
		{`{"a":{"b":1,"c":2}}`, `[{"kind":"D","path":["a","b"],"lhs":1}]`, `{"a":{"c":2}}`},
		{`{"a":[1]}`, `[{"kind":"A","path":["a"],"index":2,"item":{"kind":"N","rhs":3}},{"kind":"A","path":["a"],"index":1,"item":{"kind":"N","rhs":2}}]`, `{"a":[1,2,3]}`},
		{`{"a":[1,2,3]}`, `[{"kind":"A","path":["a"],"index":2,"item":{"kind":"D","lhs":3}},{"kind":"A","path":["a"],"index":1,"item":{"kind":"D","lhs":2}},{"kind":"E","path":["a",0],"lhs":1,"rhs":9}]`, `{"a":[9]}`},
		{`{"a":[{"b":1}]}`, `[{"kind":"E","path":["a",0,"b"],"lhs":1,"rhs":null}]`, `{"a":[{"b":null}]}`},
	} {
		var object snapshot.Object
		var items []any
		if json.Unmarshal([]byte(test.object), &object) != nil || json.Unmarshal([]byte(test.items), &items) != nil {
			t.Fatal(test)
		}
		entry, err := parseEntry("field", snapshot.Object{"collection": "x", "field": "y", "diff": items})
		if err != nil {
			t.Fatal(err)
		}
		got, err := patched(object, entry.Items)
		if err != nil || marshal(t, got) != test.want || marshal(t, object) != test.object {
			t.Errorf("%s: %s, %v; before: %s", test.items, marshal(t, got), err, marshal(t, object))
		}
	}
}

func FuzzParseDiff(f *testing.F) {
	f.Add(inDiff("fields", `{"collection":"posts","field":"title","diff":[{"kind":"A","path":["meta",0],"index":1,"item":{"kind":"N","rhs":"b"}}]}`))
	f.Add(`{"collections":[{"collection":"a","diff":[{"kind":"D","path":["meta"],"lhs":1}]}]}`)
	f.Fuzz(func(_ *testing.T, text string) {
		diff, err := ParseDiff(&directus.SchemaDiff{Hash: "hash", Diff: json.RawMessage(text)})
		if err != nil {
			return
		}
		_ = Misrouted(diff)
		for _, entry := range diff.Entries() {
			_, _ = patched(snapshot.Object{"meta": []any{snapshot.Object{}}}, entry.Items)
		}
		_, _ = diff.Encode()
	})
}
