package evidence

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

type object = snapshot.Object

func column(collection, field, kind string, more object) snapshot.Field {
	schema := object{"is_nullable": true, "is_unique": false, "is_primary_key": false, "default_value": nil}
	for key, value := range more {
		schema[key] = value
	}
	return snapshot.Field{Collection: collection, Field: field, Type: kind, Schema: schema}
}

// blog is a small data model.
func blog(vendor string) *snapshot.Snapshot {
	data := map[string]map[string]string{
		"postgres": {"string": "character varying", "integer": "integer", "text": "text", "float": "real", "double": "double precision", "timestamp": "timestamp with time zone", "decimal": "numeric"},
		"mysql":    {"string": "varchar", "integer": "int", "text": "text", "float": "float", "double": "double", "timestamp": "timestamp", "decimal": "decimal"},
		"sqlite":   {"string": "varchar", "integer": "integer", "text": "text", "float": "float", "double": "double", "timestamp": "datetime", "decimal": "float"},
	}[vendor]
	table := func(name string) snapshot.Collection {
		return snapshot.Collection{Collection: name, Meta: object{}, Schema: object{"name": name}}
	}
	return &snapshot.Snapshot{
		Version: 1, Directus: "12.4.0", Vendor: vendor,
		Collections: []snapshot.Collection{table("posts"), table("people"), table("blocks"), {Collection: "folder", Meta: object{}}},
		Fields: []snapshot.Field{
			column("posts", "id", "integer", object{"is_primary_key": true, "has_auto_increment": true, "data_type": data["integer"]}),
			column("posts", "title", "string", object{"max_length": 255.0, "data_type": data["string"]}),
			column("posts", "body", "text", object{"data_type": data["text"]}),
			column("posts", "author", "integer", object{"data_type": data["integer"]}),
			column("posts", "strict", "integer", object{"data_type": data["integer"], "is_nullable": false}),
			column("posts", "price", "decimal", object{"data_type": data["decimal"], "numeric_precision": 10.0, "numeric_scale": 5.0}),
			column("posts", "old", "float", object{"data_type": data["double"]}),
			column("posts", "endless", "string", object{"data_type": data["string"], "max_length": -5.0}),
			column("posts", "seen", "timestamp", object{"data_type": data["timestamp"]}),
			{Collection: "posts", Field: "notice", Type: "alias"},
			column("people", "id", "integer", object{"is_primary_key": true, "data_type": data["integer"]}),
			column("blocks", "item", "string", object{"max_length": 255.0, "data_type": data["string"]}),
			column("blocks", "kind", "string", object{"max_length": 255.0, "data_type": data["string"]}),
		},
		Relations: []snapshot.Relation{
			{Collection: "posts", Field: "author", Related: "people", Meta: object{}, Schema: object{"on_delete": "SET NULL"}},
			{Collection: "blocks", Field: "item", Meta: object{"one_allowed_collections": []any{"posts", "people"}, "one_collection_field": "kind"}},
		},
	}
}

func update(entity compare.Entity, collection, field, attribute string, before, after any) compare.Change {
	return compare.Change{
		Entity: entity, Action: compare.Update, Collection: collection, Field: field, Path: strings.Split(attribute, "."), Before: before, After: after,
	}
}

func gather(t *testing.T, source Source, current *snapshot.Snapshot, changes ...compare.Change) map[string]Finding {
	t.Helper()
	found, err := Gather(context.Background(), source, current, changes, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A question is asked once, whoever asks it.
func TestGatherAsksOnce(t *testing.T) {
	source := &fake{facts: facts{numbers: map[string]int64{"longest posts.title": 87}}}
	found := gather(t, source, blog("postgres"),
		update(compare.Field, "posts", "title", "schema.max_length", 255.0, 50.0),
		update(compare.Field, "posts", "title", "schema.data_type", "character varying", "character"),
		update(compare.Field, "posts", "title", "schema.default_value", nil, "x"),
		update(compare.Collection, "posts", "", "meta.icon", "a", "b"),
		update(compare.SystemIndex, "directus_users", "email", "schema.is_indexed", true, false),
		compare.Change{Entity: compare.SystemIndex, Action: compare.Delete, Collection: "directus_users", Field: "role"},
	)
	for question, times := range source.asked {
		if times != 1 {
			t.Errorf("%s was asked %d times", question, times)
		}
	}
	if len(found) != 4 {
		t.Errorf("%d findings: %v", len(found), found)
	}
}

// S7: what could not be read is not 0, and only its own change suffers.
func TestGatherTellsWhatFailed(t *testing.T) {
	refused := errors.New("permission denied\nfor table posts")
	source := &fake{facts: facts{
		errors:  map[string]error{"values posts.title": refused, "rows posts": refused, "longest posts.title": ErrCannotTell},
		numbers: map[string]int64{"values posts.body": 3},
	}}
	found := gather(t, source, blog("postgres"),
		compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "title"},
		compare.Change{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "body"},
		compare.Change{Entity: compare.Collection, Action: compare.Delete, Collection: "posts", Before: blog("postgres").Collections[0]},
	)
	want := map[string]Finding{
		"field posts.title": {Evidence: []change.Evidence{{Label: "values in the column", Value: "could not be counted: permission denied for table posts"}}},
		"field posts.body":  {Evidence: []change.Evidence{{Label: "values in the column", Value: "3", Loss: true}}, Risk: change.Destructive, Rows: 3},
		"collection posts":  {Evidence: []change.Evidence{{Label: "rows in the table", Value: "could not be counted: permission denied for table posts"}}},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestGatherEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Gather(ctx, &fake{}, blog("sqlite"),
		[]compare.Change{{Entity: compare.Field, Action: compare.Delete, Collection: "posts", Field: "title"}}, progress.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type progressLog struct {
	mu   sync.Mutex
	last [2]int64
	bad  bool
}

func (*progressLog) Output(string) {}

func (l *progressLog) Progress(_ string, _ progress.Unit, done, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad = l.bad || done < l.last[0] || done > total
	l.last = [2]int64{done, total}
}

func TestGatherReportsQuestions(t *testing.T) {
	var log progressLog
	source := &fake{facts: facts{there: map[string]bool{"exists directus_revisions.": true}}}
	_, err := Gather(context.Background(), source, blog("sqlite"),
		[]compare.Change{{Entity: compare.Collection, Action: compare.Delete, Collection: "posts", Before: blog("sqlite").Collections[0]}}, &log)
	if err != nil {
		t.Fatal(err)
	}
	if n := int64(len(source.asked)); log.bad || log.last != [2]int64{n, n} || n < 5 {
		t.Errorf("%d questions, the last progress was %v", n, log.last)
	}
}
