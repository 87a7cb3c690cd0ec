package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// Compare tells what makes base into target. It copies nothing: the values in
// the result are the snapshots' own.
func Compare(base, target *snapshot.Snapshot) (*Result, error) {
	c := comparison{vendors: base.Vendor != target.Vendor && base.Vendor != "" && target.Vendor != ""}
	for s, into := range map[*snapshot.Snapshot]*side{base: &c.base, target: &c.target} {
		features, err := snapshot.FeaturesOf(s.Directus)
		if err != nil {
			return nil, fmt.Errorf("comparing: %w", err)
		}
		*into = sideOf(s, features)
	}
	if base == target {
		return &c.result, nil
	}
	c.collections()
	c.fields()
	c.relations()
	c.systemFields()
	for i, change := range c.result.Changes {
		if deletion := c.deleted[change.Collection]; deletion != nil && change.Entity == Collection {
			c.result.Changes[i] = *deletion
		}
	}
	sortChanges(c.result.Changes)
	return &c.result, nil
}

type comparison struct {
	base, target side
	vendors      bool               // are different
	deleted      map[string]*Change // deletions of collections
	result       Result
}

// side is one of the two snapshots.
type side struct {
	*snapshot.Snapshot
	features snapshot.Features
	// scope are the collections of a partial snapshot; nil: all.
	scope map[string]bool
	// described are the collections of which it describes fields.
	described map[string]bool
}

func sideOf(s *snapshot.Snapshot, features snapshot.Features) side {
	known := side{Snapshot: s, features: features, described: map[string]bool{}}
	for _, f := range s.Fields {
		known.described[f.Collection] = true
	}
	if s.Version == 2 {
		known.scope = make(map[string]bool, len(s.Collections))
		for _, c := range s.Collections {
			known.scope[c.Collection] = true
		}
	}
	return known
}

// tells reports whether this side would have an entity if it were there, and
// otherwise why not.
func (s side) tells(collection string, tracked bool) (bool, Reason) {
	if s.scope != nil && !s.scope[collection] {
		return false, NotInPart
	}
	if s.features.TrackedOnly && !tracked {
		return false, NotTracked
	}
	return true, ""
}

// gone adds the deletion or, of what is only in the target, the creation of an
// entity, or counts it as noise.
func (c *comparison) gone(change Change, tracked bool) {
	other := c.target
	if change.Action == Create {
		other = c.base
	}
	if ok, reason := other.tells(change.Collection, tracked); !ok {
		c.noise(change, reason)
		return
	}
	if with := c.deleted[change.Collection]; change.Action == Delete && with != nil {
		with.With = append(with.With, change)
		return
	}
	c.result.Changes = append(c.result.Changes, change)
}

func (c *comparison) noise(change Change, reason Reason) {
	c.result.Noise = append(c.result.Noise, Noise{change, reason})
}

// numbered is a key, and which one of several that have it.
type numbered[K comparable] struct {
	key K
	nth int
}

func number[T any, K comparable](list []T, key func(T) K) []numbered[K] {
	keys, seen := make([]numbered[K], len(list)), make(map[K]int, len(list))
	for i, one := range list {
		k := key(one)
		keys[i] = numbered[K]{k, seen[k]}
		seen[k]++
	}
	return keys
}

// pairs walks two lists by key: pair gets what both have, only what one has.
func pairs[T any, K comparable](base, target []T, key func(T) K, pair func(nth int, a, b *T), only func(action Action, nth int, one *T)) {
	baseKeys, targetKeys := number(base, key), number(target, key)
	at := make(map[numbered[K]]int, len(target))
	for j, k := range targetKeys {
		at[k] = j
	}
	taken := make([]bool, len(target))
	for i, k := range baseKeys {
		if j, ok := at[k]; ok {
			taken[j] = true
			pair(k.nth, &base[i], &target[j])
		} else {
			only(Delete, k.nth, &base[i])
		}
	}
	for j, k := range targetKeys {
		if !taken[j] {
			only(Create, k.nth, &target[j])
		}
	}
}

// ends puts a whole entity on the side where it is.
func ends(change Change, value any) Change {
	if change.Action == Create {
		change.After = value
	} else {
		change.Before = value
	}
	return change
}

func (c *comparison) collections() {
	pairs(c.base.Collections, c.target.Collections, func(x snapshot.Collection) string { return x.Collection },
		func(_ int, a, b *snapshot.Collection) {
			change := Change{Entity: Collection, Action: Update, Collection: a.Collection}
			if a.Folder() != b.Folder() {
				change.Action, change.Before, change.After = Replace, *a, *b
				c.result.Changes = append(c.result.Changes, change)
				return
			}
			c.part(change, "meta", a.Meta, b.Meta, nil)
			c.extra(change, a.Extra, b.Extra)
		},
		func(action Action, _ int, one *snapshot.Collection) {
			change := ends(Change{Entity: Collection, Action: action, Collection: one.Collection}, *one)
			if action == Delete && c.target.described[one.Collection] {
				c.untracked(change, one)
				return
			}
			c.gone(change, one.Meta != nil)
		})
	c.deleted = map[string]*Change{}
	for _, change := range c.result.Changes {
		if change.Action == Delete {
			c.deleted[change.Collection] = &change
		}
	}
}

// untracked: the target has the table, but no row about it.
func (c *comparison) untracked(change Change, one *snapshot.Collection) {
	if one.Meta == nil {
		c.noise(change, NotTracked)
		return
	}
	change.Action = Update
	c.result.Changes = append(c.result.Changes, valued(with(change, "meta"), one.Meta, nil))
}

type fieldKey struct{ collection, field string }

func (c *comparison) fields() {
	pairs(c.base.Fields, c.target.Fields, func(x snapshot.Field) fieldKey { return fieldKey{x.Collection, x.Field} },
		func(nth int, a, b *snapshot.Field) {
			change := Change{Entity: Field, Action: Update, Collection: a.Collection, Field: a.Field, Nth: nth}
			if a.Alias() != b.Alias() {
				change.Action, change.Before, change.After = Replace, *a, *b
				c.result.Changes = append(c.result.Changes, change)
				return
			}
			judge := fieldJudge{c, a, b}
			if a.Type != b.Type {
				c.judged(with(change, "type"), a.Type, b.Type, judge.kind())
			}
			c.part(change, "meta", a.Meta, b.Meta, judge.meta)
			c.part(change, "schema", a.Schema, b.Schema, judge.schema)
			c.extra(change, a.Extra, b.Extra)
		},
		func(action Action, nth int, one *snapshot.Field) {
			change := Change{Entity: Field, Action: action, Collection: one.Collection, Field: one.Field, Nth: nth}
			c.gone(ends(change, *one), one.Meta != nil)
		})
}

type relationKey struct{ collection, field, related string }

// relations that lead elsewhere are different ones: Directus cannot turn one
// into the other (@directus/api 12.4.0, dist/services/relations.js, updateOne).
func (c *comparison) relations() {
	pairs(c.base.Relations, c.target.Relations, func(x snapshot.Relation) relationKey { return relationKey{x.Collection, x.Field, x.Related} },
		func(nth int, a, b *snapshot.Relation) {
			change := Change{Entity: Relation, Action: Update, Collection: a.Collection, Field: a.Field, Related: a.Related, Nth: nth}
			c.part(change, "meta", a.Meta, b.Meta, nil)
			c.part(change, "schema", a.Schema, b.Schema, c.keySchema)
			c.extra(change, a.Extra, b.Extra)
		},
		func(action Action, nth int, one *snapshot.Relation) {
			change := Change{Entity: Relation, Action: action, Collection: one.Collection, Field: one.Field, Related: one.Related, Nth: nth}
			c.gone(ends(change, *one), one.Meta != nil)
		})
}

// systemFields compares the indexes of Directus' own tables, which only the
// same version on the same kind of database keeps the same.
func (c *comparison) systemFields() {
	same := !c.vendors && c.base.Directus == c.target.Directus && c.base.SystemFields != nil && c.target.SystemFields != nil
	add := func(change Change) {
		if same {
			c.gone(change, true)
		} else {
			c.noise(change, SystemFields)
		}
	}
	pairs(c.base.SystemFields, c.target.SystemFields, func(x snapshot.SystemField) fieldKey { return fieldKey{x.Collection, x.Field} },
		func(nth int, a, b *snapshot.SystemField) {
			change := Change{Entity: SystemIndex, Action: Update, Collection: a.Collection, Field: a.Field, Nth: nth}
			c.part(change, "schema", a.Schema, b.Schema, nil)
			c.extra(change, a.Extra, b.Extra)
		},
		func(action Action, nth int, one *snapshot.SystemField) {
			add(ends(Change{Entity: SystemIndex, Action: action, Collection: one.Collection, Field: one.Field, Nth: nth}, *one))
		})
}

var order = map[Entity]int{Collection: 0, Field: 1, Relation: 2, SystemIndex: 3}

func sortChanges(all []Change) {
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(
			strings.Compare(a.Collection, b.Collection), cmp.Compare(order[a.Entity], order[b.Entity]),
			strings.Compare(a.Field, b.Field), -cmp.Compare(rank[a.Action], rank[b.Action]), strings.Compare(a.Related, b.Related),
			cmp.Compare(a.Nth, b.Nth), slices.Compare(a.Path, b.Path))
	})
}

// rank: a relation that leads elsewhere is deleted before it is created.
var rank = map[Action]int{Create: 0, Replace: 1, Update: 1, Delete: 2}
