package apply

import (
	"cmp"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Render makes the data model that is wanted of a project: the current one
// with the accepted changes, in the words of the project's own version and
// vendor. The changes may come from another version and another vendor. They
// have to be closed: what a change needs is there, or accepted too.
func Render(current *snapshot.Snapshot, accepted []compare.Change) (*snapshot.Snapshot, error) {
	r, err := render(current, accepted)
	if err != nil {
		return nil, err
	}
	return r.wanted, nil
}

// rendering is what is wanted, and what is known about it.
type rendering struct {
	wanted *snapshot.Snapshot
	// lost is what the project's version or vendor does not have.
	lost []compare.Change
	// made are the things that Directus makes anew, wholly or their column or
	// key: it may call their types otherwise than the snapshot that they come
	// from does, and fills in what that does not say.
	made map[thing]bool
}

func render(current *snapshot.Snapshot, accepted []compare.Change) (*rendering, error) {
	merged, err := compare.Apply(current, accepted)
	if err != nil {
		return nil, fault.Wrap(err, "the accepted changes do not fit the project's data model", "compare again, and decide again")
	}
	features, err := snapshot.FeaturesOf(current.Directus)
	if err != nil {
		return nil, err
	}
	merged.Version, merged.Directus, merged.Vendor, merged.Extra = 1, current.Directus, current.Vendor, nil
	if !features.SystemFields {
		merged.SystemFields = nil
	} else if merged.SystemFields == nil {
		merged.SystemFields = []snapshot.SystemField{}
	}
	r := renderer{
		rendering: rendering{wanted: merged, made: map[thing]bool{}},
		features:  features, known: knownAttributes(current), accepted: map[thing][]compare.Change{},
	}
	for _, change := range accepted {
		t := thingOf(change)
		r.accepted[t] = append(r.accepted[t], change)
	}
	if err := r.all(); err != nil {
		return nil, err
	}
	settle(current, merged)
	for t := range relationsApart(current, merged) {
		r.made[t], r.made[thing{compare.Field, t.collection, t.field}] = true, true
	}
	if err := closed(current, merged, accepted); err != nil {
		return nil, err
	}
	if err := stuck(current, merged); err != nil {
		return nil, err
	}
	return &r.rendering, nil
}

type renderer struct {
	rendering
	features snapshot.Features
	known    map[compare.Entity]map[string]bool
	accepted map[thing][]compare.Change
}

func (r *renderer) all() error {
	for i := range r.wanted.Collections {
		c := &r.wanted.Collections[i]
		t := thing{compare.Collection, c.Collection, ""}
		if r.touched(t) {
			c.Meta = r.meta(t, c.Meta)
			if r.whole(t) {
				c.Extra, r.made[t] = nil, true
				if c.Schema != nil {
					c.Schema = snapshot.Object{"name": c.Collection}
				}
			}
		}
	}
	for i := range r.wanted.Fields {
		f := &r.wanted.Fields[i]
		t := thing{compare.Field, f.Collection, f.Field}
		if !r.touched(t) {
			continue
		}
		f.Meta = r.meta(t, f.Meta)
		if err := r.field(t, f); err != nil {
			return err
		}
	}
	for i := range r.wanted.Relations {
		relation := &r.wanted.Relations[i]
		t := thing{compare.Relation, relation.Collection, relation.Field}
		if r.touched(t) {
			relation.Meta = r.meta(t, relation.Meta)
			if r.whole(t) {
				relation.Extra, r.made[t] = nil, true
			}
		}
	}
	r.order()
	return nil
}

func (r *renderer) touched(t thing) bool { return len(r.accepted[t]) > 0 }

// whole reports whether a thing is new as a whole.
func (r *renderer) whole(t thing) bool {
	return slices.ContainsFunc(r.accepted[t], func(c compare.Change) bool { return c.Action == compare.Create || c.Action == compare.Replace })
}

// changes reports whether an attribute, or one within it, was accepted.
func (r *renderer) changes(t thing, attribute string) bool {
	return slices.ContainsFunc(r.accepted[t], func(c compare.Change) bool {
		return c.Attribute() == attribute || strings.HasPrefix(c.Attribute(), attribute+".")
	})
}

// meta leaves out what the project's version does not know, and keeps in mind
// what was lost by that.
func (r *renderer) meta(t thing, meta snapshot.Object) snapshot.Object {
	known := r.known[t.entity]
	if meta == nil || known == nil {
		return meta
	}
	kept := make(snapshot.Object, len(meta))
	for key, value := range meta {
		switch {
		case known[key]:
			kept[key] = value
		case value != nil && !same(value, standard[key]):
			r.lose(t, []string{"meta", key}, value)
		}
	}
	return kept
}

func (r *renderer) lose(t thing, path []string, value any) {
	r.lost = append(r.lost, compare.Change{
		Entity: t.entity, Action: compare.Update, Collection: t.collection, Field: t.field, Path: path, Before: compare.Missing, After: value,
	})
}

// order puts new fields at the end, the key first, then as the Studio shows
// them: they get their columns and their rows in this order.
func (r *renderer) order() {
	fields := r.wanted.Fields
	first := len(fields)
	for first > 0 && r.whole(thing{compare.Field, fields[first-1].Collection, fields[first-1].Field}) {
		first--
	}
	slices.SortStableFunc(fields[first:], func(a, b snapshot.Field) int {
		return cmp.Or(strings.Compare(a.Collection, b.Collection), -cmp.Compare(flag(a, "is_primary_key"), flag(b, "is_primary_key")), cmp.Compare(sortOf(a), sortOf(b)))
	})
}

func flag(f snapshot.Field, key string) int {
	if snapshot.Flag(f.Schema, key) {
		return 1
	}
	return 0
}

func sortOf(f snapshot.Field) float64 {
	sort, _ := snapshot.Number(f.Meta, "sort")
	return sort
}
