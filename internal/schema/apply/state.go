package apply

import (
	"reflect"
	"slices"
	"strings"

	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// thing names one thing in a snapshot, as Directus finds it: of several
// relations of one column it sees only the first.
type thing struct {
	entity            compare.Entity
	collection, field string
}

func thingOf(c compare.Change) thing { return thing{c.Entity, c.Collection, c.Field} }

// state is a snapshot by name.
type state map[thing]snapshot.Object

func stateOf(s *snapshot.Snapshot) state {
	all := make(state, len(s.Fields)+len(s.Collections))
	add := func(t thing, o snapshot.Object) {
		if _, known := all[t]; !known {
			all[t] = o
		}
	}
	for _, c := range s.Collections {
		add(thing{compare.Collection, c.Collection, ""}, c.Object())
	}
	for _, f := range s.Fields {
		add(thing{compare.Field, f.Collection, f.Field}, f.Object())
	}
	for _, f := range s.SystemFields {
		add(thing{compare.SystemIndex, f.Collection, f.Field}, f.Object())
	}
	for _, r := range s.Relations {
		add(thing{compare.Relation, r.Collection, r.Field}, r.Object())
	}
	return all
}

// value is the value at a place of at most two steps: "type", "meta", "meta.note".
func value(o snapshot.Object, attribute string) any {
	first, rest, deeper := strings.Cut(attribute, ".")
	if !deeper {
		return o[first]
	}
	inner, _ := o[first].(snapshot.Object)
	return inner[rest]
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// system reports whether a collection is one of Directus' own.
func system(collection string) bool { return strings.HasPrefix(collection, "directus_") }

// keys are foreign keys as fields tell them: Directus never sets them through
// the field, they follow from the relation.
var keys = []string{"schema.foreign_key_table", "schema.foreign_key_column"}

func follows(entity compare.Entity, attribute string) bool {
	return entity == compare.Field && slices.Contains(keys, attribute) ||
		entity == compare.Relation && attribute == "schema.constraint_name"
}

// counts reports whether a field is a key that counts up, whose column
// Directus never compares (dist/utils/schema/get-snapshot-diff.js).
func counts(field snapshot.Object) bool {
	schema, _ := field["schema"].(snapshot.Object)
	return snapshot.Flag(schema, "is_primary_key") && snapshot.Flag(schema, "has_auto_increment")
}
