package apply

import (
	"fmt"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// closed refuses a state in which something leads to what is not there, if it
// was not so before: Directus would skip it without a word, refuse it in the
// middle, or clear what leads there, which nobody accepted.
func closed(before, after *snapshot.Snapshot, accepted []compare.Change) error {
	known, problems, apart := dangling(before), []string{}, relationsApart(before, after)
	for _, c := range accepted {
		key := c.Action == compare.Update && c.Entity == compare.Field && follows(c.Entity, c.Attribute())
		if key && !apart[thing{compare.Relation, c.Collection, c.Field}] {
			problems = append(problems, c.Key()+" follows from its relation, of which no change was accepted")
		}
	}
	for problem := range dangling(after) {
		if !known[problem] {
			problems = append(problems, problem)
		}
	}
	if err := named(accepted); err != nil {
		return err
	}
	if len(problems) == 0 {
		return nil
	}
	return &fault.Error{
		What:  "the accepted changes need others that were not accepted: " + shorten(problems),
		State: "nothing was changed",
		Hint:  "accept what is needed, or reject what needs it",
	}
}

// named refuses tables that Directus makes and then does not see, because of a
// space in their names (@directus/api 12.4.0, dist/utils/get-schema.js).
func named(accepted []compare.Change) error {
	var spaced []string
	for _, c := range accepted {
		if made, ok := c.After.(snapshot.Collection); ok && c.Action == compare.Create && !made.Folder() && strings.Contains(made.Collection, " ") {
			spaced = append(spaced, made.Collection)
		}
	}
	if len(spaced) == 0 {
		return nil
	}
	return &fault.Error{
		What:  "Directus does not work with tables that have a space in their names: " + shorten(spaced),
		State: "nothing was changed",
		Hint:  "reject them",
	}
}

// dangling says what leads to something that is not there.
func dangling(s *snapshot.Snapshot) map[string]bool {
	all := stateOf(s)
	collection := func(name string) bool { return system(name) || all[thing{compare.Collection, name, ""}] != nil }
	field := func(collection, name string) bool {
		return system(collection) || all[thing{compare.Field, collection, name}] != nil
	}
	problems := map[string]bool{}
	need := func(ok bool, format string, args ...any) {
		if !ok {
			problems[fmt.Sprintf(format, args...)] = true
		}
	}
	for _, c := range s.Collections {
		if group := snapshot.Text(c.Meta, "group"); group != "" {
			need(collection(group), "collection %s is in the group %s", c.Collection, group)
		}
		for _, key := range []string{"sort_field", "archive_field"} {
			if name := snapshot.Text(c.Meta, key); name != "" {
				need(field(c.Collection, name), "collection %s has %s as its %s", c.Collection, name, key)
			}
		}
	}
	for _, f := range s.Fields {
		need(collection(f.Collection), "field %s.%s is in the collection %s", f.Collection, f.Field, f.Collection)
		if group := snapshot.Text(f.Meta, "group"); group != "" {
			need(field(f.Collection, group), "field %s.%s is in the group %s", f.Collection, f.Field, group)
		}
	}
	for _, r := range s.Relations {
		name := r.Collection + "." + r.Field
		need(field(r.Collection, r.Field), "relation %s is of the field %s", name, name)
		if r.Related != "" {
			need(collection(r.Related), "relation %s leads to the collection %s", name, r.Related)
			if one := snapshot.Text(r.Meta, "one_field"); one != "" {
				need(field(r.Related, one), "relation %s shows as the field %s.%s", name, r.Related, one)
			}
		}
		for _, one := range snapshot.Strings(r.Meta, "one_allowed_collections") {
			need(collection(one), "relation %s leads to the collection %s", name, one)
		}
		for _, key := range []string{"sort_field", "junction_field", "one_collection_field"} {
			if other := snapshot.Text(r.Meta, key); other != "" {
				need(field(r.Collection, other), "relation %s has %s as its %s", name, other, key)
			}
		}
	}
	return problems
}
