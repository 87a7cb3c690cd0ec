package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// whole is the model that uses all that Directus has, as a real one describes
// it.
func whole(t testing.TB) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Parse(schematest.Fresh("12.4.0", database.SQLite).Snapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dangling lists what in a model refers to something that is not there.
func dangling(s *snapshot.Snapshot) map[string]bool {
	found := map[string]bool{}
	say := func(format string, args ...any) { found[fmt.Sprintf(format, args...)] = true }
	tables, fields, relations, shown := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range s.Collections {
		tables[c.Collection] = true
	}
	for _, f := range s.Fields {
		fields[f.Collection+"."+f.Field] = true
	}
	for _, r := range s.Relations {
		relations[r.Collection+"."+r.Field] = true
		if r.Related != "" {
			shown[r.Related+"."+snapshot.Text(r.Meta, "one_field")] = true
		}
	}
	there := func(name string) bool { return strings.HasPrefix(name, "directus_") || tables[name] }
	keyed := map[string]bool{}
	for _, f := range s.Fields {
		name := f.Collection + "." + f.Field
		if !there(f.Collection) {
			say("field %s is of no collection", name)
		}
		if group := snapshot.Text(f.Meta, "group"); group != "" && !fields[f.Collection+"."+group] {
			say("field %s is in no group", name)
		}
		if snapshot.Flag(f.Schema, "is_primary_key") {
			keyed[f.Collection] = true
		}
		for _, special := range f.Special() {
			switch special {
			case "o2m", "m2m", "m2a", "translations", "files":
				if !shown[name] {
					say("field %s shows no relation", name)
				}
			case "m2o", "file", "user-created", "user-updated":
				if !relations[name] {
					say("field %s has no relation", name)
				}
			}
		}
	}
	for _, c := range s.Collections {
		if !c.Folder() && !keyed[c.Collection] {
			say("table %s has no primary key", c.Collection)
		}
		if group := snapshot.Text(c.Meta, "group"); group != "" && !tables[group] {
			say("collection %s is in no folder", c.Collection)
		}
		for _, key := range []string{"sort_field", "archive_field"} {
			if field := snapshot.Text(c.Meta, key); field != "" && !fields[c.Collection+"."+field] {
				say("collection %s has no %s", c.Collection, key)
			}
		}
	}
	for _, r := range s.Relations {
		name := r.Collection + "." + r.Field
		if !fields[name] {
			say("relation %s is of no field", name)
		}
		if r.Related != "" && !there(r.Related) {
			say("relation %s leads nowhere", name)
		}
		if one := snapshot.Text(r.Meta, "one_field"); one != "" && r.Related != "" && !fields[r.Related+"."+one] {
			say("relation %s is shown by no field", name)
		}
		for _, key := range []string{"junction_field", "one_collection_field", "sort_field"} {
			if field := snapshot.Text(r.Meta, key); field != "" && !fields[r.Collection+"."+field] {
				say("relation %s has no %s", name, key)
			}
		}
		for _, allowed := range snapshot.Strings(r.Meta, "one_allowed_collections") {
			if !there(allowed) {
				say("relation %s allows the unknown %s", name, allowed)
			}
		}
	}
	return found
}

// part of a model: some of it left out, and some of its references changed.
func some(t *rapid.T, s *snapshot.Snapshot, known map[string]bool) *snapshot.Snapshot {
	drawn := *s
	most := rapid.SampledFrom([]int{0, 2, 5, 30}).Draw(t, "left out of 60")
	leave := func(string) bool { return rapid.IntRange(0, 59).Draw(t, "leave") < most }
	drawn.Collections = slices.DeleteFunc(slices.Clone(s.Collections), func(c snapshot.Collection) bool { return leave(c.Collection) })
	drawn.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(f snapshot.Field) bool { return leave(f.Field) })
	drawn.Relations = slices.DeleteFunc(slices.Clone(s.Relations), func(r snapshot.Relation) bool { return leave(r.Field) })
	if rapid.Bool().Draw(t, "whole") {
		prune(&drawn, known)
	}
	for i, c := range drawn.Collections {
		if c.Meta == nil || rapid.IntRange(0, 9).Draw(t, "edit") > 0 {
			continue
		}
		c.Meta = maps.Clone(c.Meta)
		c.Meta[rapid.SampledFrom([]string{"group", "sort_field", "archive_field"}).Draw(t, "attribute")] = nil
		drawn.Collections[i] = c
	}
	return &drawn
}

// prune takes out what has lost its ground, until all stands.
func prune(s *snapshot.Snapshot, known map[string]bool) {
	for {
		bad := dangling(s)
		maps.DeleteFunc(bad, func(message string, _ bool) bool { return known[message] })
		if len(bad) == 0 {
			return
		}
		named := func(kind, name string) bool {
			for message := range bad {
				if message == kind+" "+name || strings.HasPrefix(message, kind+" "+name+" ") {
					return true
				}
			}
			return false
		}
		s.Collections = slices.DeleteFunc(s.Collections, func(c snapshot.Collection) bool {
			return named("collection", c.Collection) || named("table", c.Collection)
		})
		s.Fields = slices.DeleteFunc(s.Fields, func(f snapshot.Field) bool { return named("field", f.Collection+"."+f.Field) })
		s.Relations = slices.DeleteFunc(s.Relations, func(r snapshot.Relation) bool { return named("relation", r.Collection+"."+r.Field) })
	}
}

// TestAnyDecisionsStand: whatever is accepted of what, nothing refers to
// something that is not there.
func TestAnyDecisionsStand(t *testing.T) {
	all := whole(t)
	known := dangling(all) // made so on purpose
	rapid.Check(t, func(t *rapid.T) {
		current, wanted := some(t, all, known), some(t, all, known)
		p, err := New(current, wanted, rapid.SampledFrom(Modes).Draw(t, "mode"))
		if err != nil {
			t.Fatal(err)
		}
		r := change.NewReview(p.Changes, nil)
		for i := range p.Changes {
			if rapid.IntRange(0, 3).Draw(t, "decide") == 0 {
				r.Decide(rapid.Bool().Draw(t, "accept"), i)
			}
		}
		accepted := p.Accepted(r.Decisions())
		state, err := compare.Apply(current, accepted)
		if err != nil {
			t.Fatal(err)
		}
		before, after := dangling(current), dangling(wanted)
		for message := range dangling(state) {
			if !before[message] && !after[message] && !known[message] {
				t.Errorf("%s", message)
			}
		}
		if t.Failed() {
			for _, c := range accepted {
				t.Logf("accepted %s %s", c.Action, c.Key())
			}
			t.FailNow()
		}
	})
}
