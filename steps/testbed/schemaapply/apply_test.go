package schemaapply_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

func schemaField(collection, name, kind string, meta, schema snapshot.Object) snapshot.Field {
	f := snapshot.Field{Collection: collection, Field: name, Type: kind, Meta: snapshot.Object{"collection": collection, "field": name}}
	maps.Copy(f.Meta, meta)
	if kind != "alias" {
		f.Schema = snapshot.Object{"name": name, "table": collection}
		maps.Copy(f.Schema, schema)
	}
	return f
}

// edits is one of each kind of change.
func edits(s *snapshot.Snapshot) *snapshot.Snapshot {
	w := *s
	w.Collections, w.Fields, w.Relations = slices.Clone(s.Collections), slices.Clone(s.Fields), slices.Clone(s.Relations)
	for i, c := range w.Collections {
		if c.Collection == "tags" {
			w.Collections[i].Meta = maps.Clone(c.Meta)
			w.Collections[i].Meta["note"] = "Words <& \"quotes\""
		}
	}
	for i, f := range w.Fields {
		if f.Collection == "articles" && f.Field == "title" {
			w.Fields[i].Meta, w.Fields[i].Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
			w.Fields[i].Meta["note"], w.Fields[i].Meta["options"] = "New", snapshot.Object{"trim": true}
			w.Fields[i].Schema["max_length"] = 250.0
		}
	}
	w.Fields = append(
		w.Fields, schemaField("articles", "subtitle", "string", snapshot.Object{"interface": "input"}, snapshot.Object{"max_length": 80.0, "default_value": "it''s"}),
		schemaField("reviews", "id", "integer", snapshot.Object{"hidden": true}, snapshot.Object{"is_primary_key": true, "has_auto_increment": true, "is_nullable": false}),
		schemaField("reviews", "article", "integer", snapshot.Object{"special": []any{"m2o"}}, nil),
		schemaField("reviews", "by", "uuid", snapshot.Object{"special": []any{"m2o"}}, snapshot.Object{"data_type": "uuid"}),
		schemaField("reviews", "stars", "decimal", nil, snapshot.Object{"numeric_precision": 8.0, "numeric_scale": 1.0}),
		schemaField("reviews", "at", "timestamp", nil, snapshot.Object{"default_value": "now()"}),
		schemaField("articles", "reviews", "alias", snapshot.Object{"special": []any{"o2m"}}, nil),
	)
	w.Collections = append(w.Collections, snapshot.Collection{Collection: "reviews", Meta: snapshot.Object{"icon": "star"}, Schema: snapshot.Object{"name": "reviews"}})
	relation := func(field, related, one string) snapshot.Relation {
		r := snapshot.Relation{
			Collection: "reviews", Field: field, Related: related,
			Meta: snapshot.Object{"many_collection": "reviews", "many_field": field, "one_collection": related},
			Schema: snapshot.Object{
				"table": "reviews", "column": field, "foreign_key_table": related, "foreign_key_column": "id", "on_update": "NO ACTION", "on_delete": "SET NULL",
			},
		}
		if one != "" {
			r.Meta["one_field"] = one
		}
		return r
	}
	w.Relations = append(w.Relations, relation("article", "articles", "reviews"), relation("by", "directus_users", ""))
	return &w
}

func TestSchemaApplyEdits(t *testing.T) {
	for _, on := range pairs() {
		t.Run(on.version+" "+string(on.vendor), func(t *testing.T) {
			s := serveSchema(t, on.version, on.vendor, nil)
			current := s.snapshot(t)
			converge(t, s, current, edits(current))
			// And all the way back.
			converge(t, s, s.snapshot(t), current)
		})
	}
}

// converge applies all that makes current into wanted.
func converge(t *testing.T, s *schemaServer, current, wanted *snapshot.Snapshot) {
	t.Helper()
	result, err := compare.Compare(current, wanted)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := apply.Apply(context.Background(), s, current, result.Changes, progress.Discard)
	if err != nil {
		t.Fatalf("%v\n%v", err, s.output)
	}
	for _, c := range outcome.Left {
		t.Errorf("left: %s %s: %.200v → %.200v", c.Action, c.Key(), c.Before, c.After)
	}
	for _, c := range outcome.Unexpected {
		t.Errorf("unexpected: %s %s: %.200v → %.200v", c.Action, c.Key(), c.Before, c.After)
	}
	t.Logf("%d changes, notes %v", len(result.Changes), outcome.Notes)
}
