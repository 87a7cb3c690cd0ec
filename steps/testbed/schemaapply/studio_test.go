package schemaapply_test

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"bunnyhop/internal/schema/snapshot"
)

// mutated is a data model after a few random edits, each as the Studio would
// make it.
func mutated(r *rapid.T, s *snapshot.Snapshot, run int) *snapshot.Snapshot {
	w := *s
	w.Collections, w.Fields, w.Relations = slices.Clone(s.Collections), slices.Clone(s.Fields), slices.Clone(s.Relations)
	e := &studio{T: r, s: &w, run: run, old: map[string]bool{}}
	for _, c := range s.Collections {
		e.old[c.Collection] = !c.Folder()
	}
	for range rapid.IntRange(1, 12).Draw(r, "edits") {
		e.n++
		edit := rapid.SampledFrom([]func(){
			e.newTable, e.newTable, e.newFolder, e.noteOnTable, e.group, e.newField, e.newField, e.newField, e.editMeta, e.editMeta, e.editMeta,
			e.editColumn, e.editColumn, e.dropField, e.dropField, e.dropTable, e.manyToOne, e.manyToOne, e.oneToMany, e.manyToMany, e.manyToAny,
			e.editRelation, e.dropRelation, e.aliasField,
		}).Draw(r, "edit")
		edit()
	}
	return &w
}

// studio edits a snapshot.
type studio struct {
	*rapid.T
	s   *snapshot.Snapshot
	run int
	n   int
	old map[string]bool // collections that were there, which may have rows
}

func (e *studio) name(prefix string) string { return fmt.Sprintf("%s_%d_%d", prefix, e.run, e.n) }

func (e *studio) table() string {
	var all []string
	for _, c := range e.s.Collections {
		if !c.Folder() && c.Meta != nil {
			all = append(all, c.Collection)
		}
	}
	return rapid.SampledFrom(all).Draw(e.T, "table")
}

func (e *studio) pick(fits func(f snapshot.Field) bool) *snapshot.Field {
	var all []int
	for i, f := range e.s.Fields {
		if f.Meta != nil && fits(f) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &e.s.Fields[rapid.SampledFrom(all).Draw(e.T, "field")]
}

func (e *studio) key(table string) snapshot.Field {
	for _, f := range e.s.Fields {
		if f.Collection == table && snapshot.Flag(f.Schema, "is_primary_key") {
			return f
		}
	}
	return snapshot.Field{Field: "id", Type: "uuid", Schema: snapshot.Object{"data_type": "uuid"}} // directus_users
}

func (e *studio) newTable() {
	name := e.name(rapid.SampledFrom([]string{"t", "Table", "ümlaut"}).Draw(e.T, "name"))
	e.s.Collections = append(e.s.Collections, snapshot.Collection{
		Collection: name, Schema: snapshot.Object{"name": name},
		Meta: snapshot.Object{"collection": name, "note": e.text(), "hidden": rapid.Bool().Draw(e.T, "hidden"), "icon": "box", "singleton": rapid.Bool().Draw(e.T, "single")},
	})
	key := schemaField(name, "id", "integer", snapshot.Object{"hidden": true, "readonly": true}, snapshot.Object{"is_primary_key": true, "has_auto_increment": true, "is_nullable": false})
	switch rapid.IntRange(0, 3).Draw(e.T, "key") {
	case 0:
		key = schemaField(name, "id", "uuid", snapshot.Object{"special": []any{"uuid"}}, snapshot.Object{"is_primary_key": true, "is_nullable": false, "data_type": "uuid"})
	case 1:
		key = schemaField(name, "code", "string", nil, snapshot.Object{"is_primary_key": true, "is_nullable": false, "max_length": 30.0})
	}
	e.s.Fields = append(e.s.Fields, key)
	for i := range rapid.IntRange(0, 5).Draw(e.T, "fields") {
		e.s.Fields = append(e.s.Fields, e.field(name, fmt.Sprintf("f%d", i)))
	}
}

func (e *studio) newFolder() {
	name := e.name("folder")
	e.s.Collections = append(e.s.Collections, snapshot.Collection{Collection: name, Meta: snapshot.Object{"collection": name, "icon": "folder"}})
}

func (e *studio) meta(i int) snapshot.Object {
	e.s.Collections[i].Meta = maps.Clone(e.s.Collections[i].Meta)
	return e.s.Collections[i].Meta
}

func (e *studio) noteOnTable() {
	meta := e.meta(rapid.IntRange(0, len(e.s.Collections)-1).Draw(e.T, "collection"))
	switch rapid.IntRange(0, 4).Draw(e.T, "what") {
	case 0:
		meta["note"] = e.text()
	case 1:
		meta["translations"] = rapid.SampledFrom([]any{
			nil,
			[]any{},
			[]any{snapshot.Object{"language": "de-DE", "translation": "Ä", "singular": "a", "plural": "b"}},
			[]any{snapshot.Object{"language": "fr-FR", "translation": "F"}, snapshot.Object{"language": "de-DE", "translation": "D", "singular": "x"}},
		}).Draw(e.T, "translations")
	case 2:
		meta["sort"] = float64(rapid.IntRange(1, 50).Draw(e.T, "sort"))
	case 3:
		meta["hidden"], meta["color"] = rapid.Bool().Draw(e.T, "hidden"), "#FFA439"
	case 4:
		meta["display_template"] = rapid.SampledFrom([]any{nil, "{{id}}", "<{{id}}>"}).Draw(e.T, "template")
	}
}

func (e *studio) group() {
	var folders []string
	for _, c := range e.s.Collections {
		if c.Folder() {
			folders = append(folders, c.Collection)
		}
	}
	i := rapid.IntRange(0, len(e.s.Collections)-1).Draw(e.T, "collection")
	if len(folders) == 0 || e.s.Collections[i].Folder() {
		return
	}
	e.meta(i)["group"] = rapid.SampledFrom(folders).Draw(e.T, "group")
}

func (e *studio) text() string {
	return rapid.SampledFrom([]string{"", "A note", "it's \"quoted\" <b>&amp;</b>", "日本 🎉", "line\nbreak", "null", "{{x}}"}).Draw(e.T, "text")
}

// field is a new one of any type.
func (e *studio) field(table, name string) snapshot.Field {
	meta := snapshot.Object{"note": e.text(), "interface": "input", "required": rapid.Bool().Draw(e.T, "required"), "sort": float64(rapid.IntRange(1, 9).Draw(e.T, "sort"))}
	schema := snapshot.Object{"is_nullable": true}
	kind := rapid.SampledFrom([]string{
		"string", "text", "integer", "bigInteger", "float", "decimal", "boolean", "date", "time", "dateTime", "timestamp", "json", "csv", "uuid", "hash", "binary",
	}).Draw(e.T, "type")
	given := rapid.Bool().Draw(e.T, "default")
	set := func(value any) {
		if given {
			schema["default_value"] = value
		}
	}
	switch kind {
	case "string":
		schema["max_length"] = float64(rapid.IntRange(5, 500).Draw(e.T, "length"))
		schema["is_unique"], schema["is_indexed"] = rapid.Bool().Draw(e.T, "unique"), rapid.Bool().Draw(e.T, "indexed")
		set(rapid.SampledFrom([]string{"a", "", "it''s", "null", "1"}).Draw(e.T, "value"))
	case "integer", "bigInteger":
		set(float64(rapid.IntRange(-9, 9).Draw(e.T, "value")))
	case "float", "decimal":
		set(1.5)
	case "boolean":
		meta["special"] = []any{"cast-boolean"}
		set(rapid.Bool().Draw(e.T, "value"))
	case "date":
		set("2024-02-29")
	case "timestamp":
		set(rapid.SampledFrom([]string{"now()", "CURRENT_TIMESTAMP"}).Draw(e.T, "value"))
	case "json":
		meta["special"] = []any{"cast-json"}
		meta["options"] = snapshot.Object{"choices": []any{snapshot.Object{"text": "B", "value": "b"}, snapshot.Object{"text": "A", "value": "a"}}}
	case "csv":
		meta["special"] = []any{"cast-csv"}
	case "uuid":
		schema["data_type"] = "uuid"
	case "hash":
		meta["special"] = []any{"hash", "conceal"}
	}
	if given { // a unique default is there once too often
		schema["is_unique"] = false
	}
	if snapshot.Flag(schema, "is_indexed") && e.s.SystemFields == nil {
		delete(schema, "is_indexed")
	}
	return schemaField(table, name, kind, meta, schema)
}

func (e *studio) newField() { e.s.Fields = append(e.s.Fields, e.field(e.table(), e.name("field"))) }

func (e *studio) aliasField() {
	table, name := e.table(), e.name("group")
	e.s.Fields = append(e.s.Fields, schemaField(table, name, "alias", snapshot.Object{"interface": "group-raw", "special": []any{"alias", "no-data", "group"}}, nil))
	if f := e.pick(func(f snapshot.Field) bool { return f.Collection == table && f.Field != name }); f != nil {
		f.Meta = maps.Clone(f.Meta)
		f.Meta["group"] = name
	}
}

func (e *studio) editMeta() {
	f := e.pick(func(snapshot.Field) bool { return true })
	f.Meta = maps.Clone(f.Meta)
	switch rapid.IntRange(0, 6).Draw(e.T, "what") {
	case 0:
		f.Meta["note"] = e.text()
	case 1:
		f.Meta["width"] = rapid.SampledFrom([]string{"half", "full", "fill"}).Draw(e.T, "width")
	case 2:
		f.Meta["options"] = rapid.SampledFrom([]any{
			nil, snapshot.Object{}, snapshot.Object{"trim": true}, snapshot.Object{"a": snapshot.Object{"b": []any{1.0, 2.0, 3.0}}}, snapshot.Object{"toolbar": []any{"b", "a"}, "a": snapshot.Object{"b": []any{2.0}, "c": nil}},
		}).Draw(e.T, "options")
	case 3:
		f.Meta["sort"] = float64(rapid.IntRange(1, 50).Draw(e.T, "sort"))
	case 4:
		f.Meta["conditions"] = rapid.SampledFrom([]any{
			nil, []any{}, []any{snapshot.Object{"name": "x", "hidden": true, "rule": snapshot.Object{"_and": []any{snapshot.Object{"id": snapshot.Object{"_null": true}}}}}},
		}).Draw(e.T, "conditions")
	case 5:
		f.Meta["readonly"], f.Meta["hidden"] = rapid.Bool().Draw(e.T, "readonly"), rapid.Bool().Draw(e.T, "hidden")
	case 6:
		f.Meta["translations"] = rapid.SampledFrom([]any{nil, []any{snapshot.Object{"language": "de-DE", "translation": e.text()}}}).Draw(e.T, "translations")
	}
}

func (e *studio) editColumn() {
	f := e.pick(func(f snapshot.Field) bool {
		return !f.Alias() && !snapshot.Flag(f.Schema, "is_primary_key") && f.Schema["foreign_key_table"] == nil && f.Type == "string" && f.Schema["max_length"] != nil &&
			snapshot.Text(f.Schema, "data_type") != "char" && !e.related(f.Collection, f.Field)
	})
	if f == nil {
		return
	}
	f.Schema = maps.Clone(f.Schema)
	length, _ := snapshot.Number(f.Schema, "max_length")
	switch rapid.IntRange(0, 4).Draw(e.T, "what") {
	case 0:
		f.Schema["max_length"] = length + float64(rapid.IntRange(1, 100).Draw(e.T, "more"))
	case 1:
		f.Schema["default_value"] = rapid.SampledFrom([]any{nil, "x", "y"}).Draw(e.T, "default")
	case 2:
		f.Schema["is_nullable"] = true
	case 3:
		if _, known := f.Schema["is_indexed"]; known {
			f.Schema["is_indexed"] = f.Schema["is_indexed"] != true
		}
	case 4:
		if f.Schema["is_unique"] != true && f.Schema["is_indexed"] != true { // text cannot be indexed on MySQL
			f.Type, f.Schema["data_type"], f.Schema["max_length"], f.Schema["default_value"] = "text", "text", nil, nil
			if e.s.Vendor == "mysql" {
				f.Schema["max_length"] = 65535.0
			}
		}
	}
}

func (e *studio) related(table, field string) bool {
	return slices.ContainsFunc(e.s.Relations, func(r snapshot.Relation) bool {
		return r.Collection == table && (r.Field == field || snapshot.Text(r.Meta, "one_collection_field") == field || snapshot.Text(r.Meta, "sort_field") == field)
	})
}
