package apply

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// fake is a server that tells what it is told to tell.
type fake struct {
	snapshots []*snapshot.Snapshot // one after the other; the last one stays
	diff      string               // empty: as deep-diff says
	refuse    error                // of SchemaApply
	limit     int
	unread    error

	now   *snapshot.Snapshot // as last told
	asked []string
	sent  []directus.SchemaDiff
	flags []directus.DiffFlags
}

func (f *fake) SnapshotBody(context.Context, int64) ([]byte, error) {
	f.asked = append(f.asked, "snapshot")
	f.now = f.snapshots[0]
	if len(f.snapshots) > 1 {
		f.snapshots = f.snapshots[1:]
	}
	return json.Marshal(map[string]any{"data": f.now})
}

func (f *fake) SchemaDiff(_ context.Context, body []byte, flags directus.DiffFlags) (*directus.SchemaDiff, error) {
	f.asked, f.flags = append(f.asked, "diff"), append(f.flags, flags)
	if f.diff != "" {
		return &directus.SchemaDiff{Hash: "hash", Diff: json.RawMessage(f.diff)}, nil
	}
	wanted, err := snapshot.Parse(body)
	if err != nil {
		return nil, err
	}
	return deepDiff(f.now, wanted)
}

func (f *fake) SchemaApply(_ context.Context, diff directus.SchemaDiff, _ directus.DiffFlags) error {
	f.asked, f.sent = append(f.asked, "apply"), append(f.sent, diff)
	return f.refuse
}

func (f *fake) ClearCache(context.Context) error { f.asked = append(f.asked, "clear"); return nil }

func (f *fake) ReadOne(_ context.Context, collection string) error {
	f.asked = append(f.asked, "read "+collection)
	return f.unread
}

func (f *fake) CollectionLimit(context.Context) (int, error) {
	f.asked = append(f.asked, "limit")
	if f.limit == 0 {
		return 0, errors.New("no licence")
	}
	return f.limit, nil
}

// deepDiff is what Directus 11 says, with every difference at one level below
// meta and schema.
func deepDiff(have, want *snapshot.Snapshot) (*directus.SchemaDiff, error) {
	lists := map[compare.Entity]string{compare.Collection: "collections", compare.Field: "fields", compare.Relation: "relations", compare.SystemIndex: "systemFields"}
	diff := map[string][]any{"collections": {}, "fields": {}, "relations": {}, "systemFields": {}}
	before, after := stateOf(have), stateOf(want)
	all := maps.Clone(before)
	maps.Copy(all, after)
	any1 := false
	for t := range all {
		entry := snapshot.Object{"collection": t.collection}
		if t.field != "" {
			entry["field"] = t.field
		}
		var items []any
		a, b := before[t], after[t]
		switch {
		case a == nil:
			items = []any{snapshot.Object{"kind": "N", "rhs": b}}
		case b == nil:
			items = []any{snapshot.Object{"kind": "D", "lhs": a}}
		default:
			for _, part := range []string{"type", "meta", "schema"} {
				x, xOK := a[part].(snapshot.Object)
				y, yOK := b[part].(snapshot.Object)
				if xOK && yOK {
					for key := range y {
						if !same(x[key], y[key]) {
							items = append(items, snapshot.Object{"kind": "E", "path": []any{part, key}, "lhs": x[key], "rhs": y[key]})
						}
					}
				} else if !same(a[part], b[part]) {
					items = append(items, snapshot.Object{"kind": "E", "path": []any{part}, "lhs": a[part], "rhs": b[part]})
				}
			}
		}
		if len(items) == 0 {
			continue
		}
		any1 = true
		o := a
		if o == nil {
			o = b
		}
		if t.entity == compare.Relation {
			entry["related_collection"] = o["related_collection"]
		}
		entry["diff"] = items
		diff[lists[t.entity]] = append(diff[lists[t.entity]], entry)
	}
	if !any1 {
		return nil, nil
	}
	if have.SystemFields == nil {
		delete(diff, "systemFields")
	}
	data, err := json.Marshal(diff)
	return &directus.SchemaDiff{Hash: "hash", Diff: data}, err
}

// edited is a snapshot with one field changed.
func edited(s *snapshot.Snapshot, collection, field string, edit func(f *snapshot.Field)) *snapshot.Snapshot {
	changed := *s
	changed.Fields = slices.Clone(s.Fields)
	for i := range changed.Fields {
		if f := &changed.Fields[i]; f.Collection == collection && f.Field == field {
			f.Meta, f.Schema = maps.Clone(f.Meta), maps.Clone(f.Schema)
			edit(f)
		}
	}
	return &changed
}
