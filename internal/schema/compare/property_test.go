package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bunnyhop/internal/schema/snapshot"
)

var (
	versions = []string{"10.8.3", "10.13.4", "11.1.2", "11.9.2", "11.10.0", "11.17.4", "12.4.0"}
	vendors  = []string{"sqlite", "postgres", "mysql", ""}
)

func value(t *rapid.T, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return float64(rapid.IntRange(-2, 2).Draw(t, "number"))
	case 3, 4:
		return rapid.SampledFrom([]string{"", "a", "b", "null", "CURRENT_TIMESTAMP", "now()", "'a", "a::b", "NO ACTION", "RESTRICT"}).Draw(t, "text")
	case 5:
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return value(t, depth-1) }), 0, 3).Draw(t, "list")
	}
	return object(t, depth-1, "a", "b", "c")
}

func object(t *rapid.T, depth int, keys ...string) snapshot.Object {
	o := snapshot.Object{}
	for _, key := range keys {
		if rapid.Bool().Draw(t, key) {
			o[key] = value(t, depth)
		}
	}
	return o
}

func maybe(t *rapid.T, o snapshot.Object) snapshot.Object {
	if rapid.IntRange(0, 3).Draw(t, "nil") == 0 {
		return nil
	}
	return o
}

// random makes a snapshot, not always one that makes sense.
func random(t *rapid.T) *snapshot.Snapshot {
	s := &snapshot.Snapshot{
		Version:  rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "version"),
		Directus: rapid.SampledFrom(versions).Draw(t, "directus"), Vendor: rapid.SampledFrom(vendors).Draw(t, "vendor"),
	}
	names, fields := []string{"a", "b", "c"}, []string{"x", "y", "z"}
	for _, name := range names {
		if rapid.Bool().Draw(t, "collection") {
			s.Collections = append(s.Collections, snapshot.Collection{
				Collection: name, Meta: maybe(t, object(t, 1, "hidden", "status", "note", "versioning")), Schema: maybe(t, snapshot.Object{"name": name}), Extra: maybe(t, nil),
			})
		}
		for _, field := range fields {
			if rapid.Bool().Draw(t, "field") {
				s.Fields = append(s.Fields, snapshot.Field{
					Collection: name, Field: field, Type: rapid.SampledFrom([]string{"string", "integer", "uuid", "text"}).Draw(t, "type"),
					Meta:   maybe(t, object(t, 2, "special", "options", "searchable", "width", "note")),
					Schema: maybe(t, object(t, 1, "data_type", "default_value", "max_length", "is_indexed", "is_primary_key", "foreign_key_table", "has_auto_increment")),
					Extra:  maybe(t, object(t, 1, "children")),
				})
			}
		}
		for _, related := range []string{"", "a", "b"} {
			if rapid.Bool().Draw(t, "relation") {
				continue
			}
			s.Relations = append(s.Relations, snapshot.Relation{
				Collection: name, Field: "x", Related: related,
				Meta: maybe(t, object(t, 1, "one_field", "one_allowed_collections", "one_deselect_action")), Schema: maybe(t, object(t, 0, "on_delete", "constraint_name")),
			})
		}
		if rapid.Bool().Draw(t, "system") {
			s.SystemFields = append(s.SystemFields, snapshot.SystemField{Collection: "directus_" + name, Field: "x", Schema: object(t, 0, "is_indexed")})
		}
	}
	return s
}

func compared(t interface{ Fatal(...any) }, a, b *snapshot.Snapshot) *Result {
	result, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestNothingAgainstItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := random(t)
		copied := *s
		if r := compared(t, s, &copied); len(r.Changes)+len(r.Noise) > 0 {
			t.Fatalf("against itself: %+v", r)
		}
	})
}

// TestApply: what tells b from a, applied to a, gives b; and a is as it was.
func TestApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := random(t), random(t)
		before := fmt.Sprint(a, b)
		changes := compared(t, a, b).Changes
		got, err := Apply(a, changes)
		if err != nil {
			t.Fatal(err)
		}
		if left := compared(t, got, b).Changes; len(left) > 0 {
			t.Fatalf("changes\n%s\nleave\n%s", show(changes), show(left))
		}
		if fmt.Sprint(a, b) != before {
			t.Fatal("Apply has changed what it was given")
		}
		keys := map[string]bool{}
		for _, c := range changes {
			if keys[c.Key()] {
				t.Fatalf("two changes have the key %q", c.Key())
			}
			keys[c.Key()] = true
		}
	})
}

// TestApplySome: what was not applied is what is left. Whether a difference is
// noise depends on what is beside it (the default of a column that counts up
// is its sequence's), so that one can become the other, but never vanish.
func TestApplySome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := random(t), random(t)
		a.Version = 1 // a part loses a collection from its scope with the collection
		before := compared(t, a, b)
		var accepted []Change
		rejected, taken := map[string]bool{}, map[string]bool{}
		for _, c := range before.Changes {
			if rapid.Bool().Draw(t, "accept") {
				accepted, taken[c.Key()] = append(accepted, c), true
			} else {
				rejected[c.Key()] = true
			}
		}
		got, err := Apply(a, accepted)
		if err != nil {
			t.Fatal(err)
		}
		after := compared(t, got, b)
		left, noise, known := map[string]bool{}, keysOf(after.Noise), keysOf(before.Noise)
		for _, c := range after.Changes {
			left[c.Key()] = true
			if taken[c.Key()] || !rejected[c.Key()] && !known[c.Key()] {
				t.Errorf("%s is left, and was not rejected", c.Key())
			}
		}
		for key := range rejected {
			if !left[key] && !noise[key] {
				t.Errorf("%s was rejected, and is gone", key)
			}
		}
		if t.Failed() {
			t.Fatalf("accepted %q of\n%s\n%d %s %s / %d %s %s", slices.Sorted(maps.Keys(taken)), show(before.Changes),
				a.Version, a.Directus, a.Vendor, b.Version, b.Directus, b.Vendor)
		}
	})
}

func keysOf(noise []Noise) map[string]bool {
	keys := map[string]bool{}
	for _, n := range noise {
		keys[n.Key()] = true
	}
	return keys
}

func TestMissingIsNull(t *testing.T) {
	data, err := json.Marshal(Change{Before: Missing})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(data, &back); err != nil || back["Before"] != nil {
		t.Errorf("%s (%v)", data, err)
	}
}
