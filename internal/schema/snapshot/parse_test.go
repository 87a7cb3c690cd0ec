package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/fault"
)

const small = `{"version": 1, "directus": "11.17.4", "vendor": "sqlite",
	"collections": [{"collection": "posts", "meta": {"note": "é 🎉", "sort": 1.5}, "schema": {"name": "posts"}}, {"collection": "all", "meta": {}, "odd": [1, {"a": null}]}],
	"fields": [{"collection": "posts", "field": "id", "type": "integer", "meta": null, "schema": {"default_value": null, "is_unique": true}},
		{"collection": "posts", "field": "tags", "type": "alias", "meta": {"special": ["m2m"]}, "schema": null}],
	"systemFields": [{"collection": "directus_users", "field": "email", "schema": {"is_indexed": true}}],
	"relations": [{"collection": "posts_tags", "field": "item", "related_collection": null, "meta": {"one_allowed_collections": ["a", "b"]}}],
	"later": {"kept": true}}`

func TestParse(t *testing.T) {
	want := &Snapshot{
		Version: 1, Directus: "11.17.4", Vendor: "sqlite",
		Collections: []Collection{
			{Collection: "posts", Meta: Object{"note": "é 🎉", "sort": 1.5}, Schema: Object{"name": "posts"}},
			{Collection: "all", Meta: Object{}, Extra: Object{"odd": []any{1.0, Object{"a": nil}}}},
		},
		Fields: []Field{
			{Collection: "posts", Field: "id", Type: "integer", Schema: Object{"default_value": nil, "is_unique": true}},
			{Collection: "posts", Field: "tags", Type: "alias", Meta: Object{"special": []any{"m2m"}}},
		},
		SystemFields: []SystemField{{Collection: "directus_users", Field: "email", Schema: Object{"is_indexed": true}}},
		Relations:    []Relation{{Collection: "posts_tags", Field: "item", Meta: Object{"one_allowed_collections": []any{"a", "b"}}}},
		Extra:        Object{"later": Object{"kept": true}},
	}
	asYAML := func(text string) string {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		out, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, text := range map[string]string{
		"JSON": small, "wrapped": `{"data": ` + small + `}`, "BOM": "\ufeff" + small,
		"YAML": asYAML(small), "wrapped YAML": asYAML(`{"data": ` + small + `}`), "YAML with a mark": "---\n" + asYAML(small),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error("(-want +got)\n" + diff)
			}
			written, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(written)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, again); diff != "" {
				t.Error("written and read again (-want +got)\n" + diff)
			}
		})
	}
}

// TestParseYAMLValues reads what js-yaml, which Directus writes with, means.
func TestParseYAMLValues(t *testing.T) {
	value, err := decodeYAML([]byte("a: &x {n: 1, s: '1', b: true, z: ~, e: , d: 2024-02-29, f: 1.5e3, h: 0x10, 'no': no, y: y}\nb: *x\nc: |\n  two\n  lines\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner := Object{"n": 1.0, "s": "1", "b": true, "z": nil, "e": nil, "d": "2024-02-29", "f": 1500.0, "h": 16.0, "no": "no", "y": "y"}
	if diff := cmp.Diff(Object{"a": inner, "b": inner, "c": "two\nlines\n"}, value); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func TestParseRefuses(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(small, old, replacement, 1) }
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		n, before := string(rune('a'+i)), string(rune('a'+i-1))
		bomb += n + "0: &" + n + "0 [*" + before + "0, *" + before + "0, *" + before + "0, *" + before + "0, *" + before + "0]\n"
	}
	tests := map[string]struct{ text, want string }{
		"nothing":            {"", "it is empty"},
		"blanks":             {" \n\t", "it is empty"},
		"cut off":            {small[:len(small)/2], "cut off"},
		"cut off in a word":  {small[:len(small)-20], "cut off"},
		"more after it":      {small + "{}", "something follows the end"},
		"a list":             {"[1]", "a list, not an object"},
		"a word":             {"hello", "text, not an object"},
		"another document":   {`{"name": "x"}`, "no list of collections"},
		"a difference":       {`{"hash": "x", "diff": {"collections": []}}`, "not a snapshot"},
		"key twice":          {with(`"version": 1,`, `"version": 1, "version": 1,`), `line 1: the key "version" is given twice`},
		"inner key twice":    {with(`"sort": 1.5`, `"sort": 1.5, "sort": 2`), `line 2: the key "sort" is given twice`},
		"invalid UTF-8":      {with("é", "\xff"), "not valid UTF-8"},
		"UTF-16":             {"\xff\xfe{\x00", "UTF-16"},
		"huge number":        {with("1.5", "1e999"), "out of range"},
		"deep":               {with("1.5", strings.Repeat("[", 200)+strings.Repeat("]", 200)), "nested more than 100 deep"},
		"very deep":          {with("1.5", strings.Repeat("[", 1<<20)), "nested more than 100 deep"},
		"no version":         {with(`"version": 1,`, ``), "version is missing"},
		"version 3":          {with(`"version": 1,`, `"version": 3,`), "version is 3"},
		"no Directus":        {with(`"directus": "11.17.4",`, ``), "directus is missing"},
		"number for text":    {with(`"11.17.4"`, `11`), "directus is a number, not text"},
		"collections object": {with(`"relations": [`, `"relations": {}, "x": [`), "relations is an object, not a list"},
		"no fields":          {with(`"fields"`, `"felds"`), "fields is missing"},
		"collection a list":  {with(`[{"collection": "posts"`, `[[], {"collection": "posts"`), "collections[0] is a list, not an object"},
		"no name":            {with(`"collection": "posts",`, ``), "collections[0].collection is missing"},
		"empty name":         {with(`"field": "id"`, `"field": ""`), "fields[0].field is empty"},
		"meta a list":        {with(`"meta": null`, `"meta": []`), "fields[0].meta is a list, not an object"},
		"field twice":        {with(`"field": "tags", "type": "alias"`, `"field": "id", "schema": {}, "type": "integer", "x": 0`), "given twice"},
		"collection twice":   {with(`"collection": "all"`, `"collection": "posts"`), `"posts" is described twice`},
		"log before it":      {"10:00:00 INFO: Extensions loaded\nversion: 1\n", ""},
		"YAML bomb":          {bomb, "million values"},
		"YAML in itself":     {"a: &a [*a]\n", "contains itself"},
		"YAML key twice":     {"a: 1\na: 2\n", "given twice"},
		"YAML merge":         {"a: &a {b: 1}\nc:\n  <<: *a\n", "a key is not plain text"},
		"YAML tag":           {"a: !!binary aGk=\n", "a snapshot never has"},
		"YAML own tag":       {"a: !js/function x\n", "a snapshot never has"},
		"YAML infinity":      {"a: .inf\n", "not a number that JSON has"},
		"YAML two":           {"a: 1\n---\nb: 1\n", "more than one document"},
		"YAML deep":          {"a: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "nested more than 100 deep"},
		"YAML very deep":     {"a: " + strings.Repeat("[", 1<<20), ""},
		"YAML lines":         {strings.Repeat("- a\n", maxYAMLParts+1), "million values"},
		"JSON values":        {"[" + strings.Repeat("0,", maxValues+1) + "0]", "million values"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Parse([]byte(test.text))
			var said *fault.Error
			if !errors.As(err, &said) || said.Hint == "" {
				t.Fatalf("Parse gives %+v, %v", s, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("Parse says %.300q, not %q", err, test.want)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{small, `{"data": ` + small + `}`, "version: 1\ncollections: &a []\nfields: *a\n", "[", "a: {b: [c]}", "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("what was read is not read again: %v\n%s", err, written)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Error("written and read again (-first +second)\n" + diff)
		}
	})
}

// TestWriteIsTheDocument: what is written an entry at a time is what the whole
// document would be.
func TestWriteIsTheDocument(t *testing.T) {
	for name, text := range map[string]string{
		"full": `{"version":1,"directus":"11.17.4","vendor":"sqlite","collections":[{"collection":"a","meta":null,"schema":{"name":"a"}},{"collection":"<b>&","meta":{"note":"é\u2028"}}],
			"fields":[{"collection":"a","field":"id","type":"integer","meta":null,"schema":{"n":1}}],"systemFields":[],"relations":[{"collection":"a","field":"b","related_collection":null}],"zz":[1],"aa":"<"}`,
		"empty": `{"version":1,"directus":"10.13.4","collections":[],"fields":[],"relations":[]}`,
	} {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := json.Marshal(s.Object())
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := s.Write(&got); err != nil || got.String() != string(want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got.String(), want)
		}
		if again, err := json.Marshal(s); err != nil || string(again) != string(want) {
			t.Errorf("%s: %v\n%s", name, err, again)
		}
	}
}
