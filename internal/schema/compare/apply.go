package compare

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"bunnyhop/internal/schema/snapshot"
)

// Apply returns base with changes made to it. The base stays as it is; what
// the two have in common is shared. Changes of something that base does not
// have, or that it has already, are an error: they are of another state.
func Apply(base *snapshot.Snapshot, changes []Change) (*snapshot.Snapshot, error) {
	result := *base
	result.Collections = slices.Clone(base.Collections)
	result.Fields = slices.Clone(base.Fields)
	result.Relations = slices.Clone(base.Relations)
	result.SystemFields = slices.Clone(base.SystemFields)
	e := editor{s: &result}
	e.index()
	for _, change := range changes {
		if err := e.apply(change); err != nil {
			return nil, fmt.Errorf("applying %s: %w", change.Key(), err)
		}
	}
	e.sweep()
	return &result, nil
}

type place struct {
	entity                     Entity
	collection, field, related string
	nth                        int
}

func placeOf(c Change) place { return place{c.Entity, c.Collection, c.Field, c.Related, c.Nth} }

// editor changes a snapshot. Deleted entries are marked, so that places stay.
type editor struct {
	s    *snapshot.Snapshot
	at   map[place]int
	gone map[place]bool
}

func (e *editor) index() {
	e.at, e.gone = map[place]int{}, map[place]bool{}
	add := func(p place, i int) {
		for {
			if _, ok := e.at[p]; !ok {
				e.at[p] = i
				return
			}
			p.nth++
		}
	}
	for i, c := range e.s.Collections {
		add(place{entity: Collection, collection: c.Collection}, i)
	}
	for i, f := range e.s.Fields {
		add(place{entity: Field, collection: f.Collection, field: f.Field}, i)
	}
	for i, r := range e.s.Relations {
		add(place{entity: Relation, collection: r.Collection, field: r.Field, related: r.Related}, i)
	}
	for i, f := range e.s.SystemFields {
		add(place{entity: SystemIndex, collection: f.Collection, field: f.Field}, i)
	}
}

func (e *editor) apply(c Change) error {
	p := placeOf(c)
	i, there := e.at[p]
	there = there && !e.gone[p]
	if there == (c.Action == Create) {
		if there {
			return errors.New("it is there already")
		}
		return errors.New("it is not there")
	}
	switch c.Action {
	case Create:
		return e.create(p, c.After)
	case Delete:
		e.gone[p] = true
		for _, more := range c.With {
			if err := e.apply(more); err != nil {
				return err
			}
		}
	case Replace:
		return e.put(i, c.After)
	case Update:
		return e.update(c, i)
	}
	return nil
}

func (e *editor) create(p place, value any) error {
	switch value := value.(type) {
	case snapshot.Collection:
		e.at[p], e.s.Collections = len(e.s.Collections), append(e.s.Collections, value)
	case snapshot.Field:
		e.at[p], e.s.Fields = len(e.s.Fields), append(e.s.Fields, value)
	case snapshot.Relation:
		e.at[p], e.s.Relations = len(e.s.Relations), append(e.s.Relations, value)
	case snapshot.SystemField:
		e.at[p], e.s.SystemFields = len(e.s.SystemFields), append(e.s.SystemFields, value)
	default:
		return fmt.Errorf("%T is no entity", value)
	}
	delete(e.gone, p)
	return nil
}

func (e *editor) put(i int, value any) error {
	switch value := value.(type) {
	case snapshot.Collection:
		e.s.Collections[i] = value
	case snapshot.Field:
		e.s.Fields[i] = value
	default:
		return fmt.Errorf("%T cannot replace anything", value)
	}
	return nil
}

func (e *editor) update(c Change, i int) error {
	switch c.Entity {
	case Collection:
		one := &e.s.Collections[i]
		return set(c, &one.Meta, &one.Schema, &one.Extra)
	case Field:
		one := &e.s.Fields[i]
		if c.Attribute() == "type" {
			one.Type, _ = c.After.(string)
			return nil
		}
		return set(c, &one.Meta, &one.Schema, &one.Extra)
	case Relation:
		one := &e.s.Relations[i]
		return set(c, &one.Meta, &one.Schema, &one.Extra)
	case SystemIndex:
		one := &e.s.SystemFields[i]
		return set(c, nil, &one.Schema, &one.Extra)
	}
	return fmt.Errorf("%q is no entity", c.Entity)
}

// set sets the attribute of a change.
func set(c Change, meta, schema, extra *snapshot.Object) error {
	if len(c.Path) == 0 {
		return errors.New("it names no attribute")
	}
	first := c.Path[0]
	into, path := extra, c.Path
	if first == "meta" && meta != nil {
		into, path = meta, c.Path[1:]
	} else if first == "schema" {
		into, path = schema, c.Path[1:]
	}
	if len(path) == 0 {
		*into, _ = c.After.(snapshot.Object) // null is nil
		return nil
	}
	*into = edited(*into, path, c.After)
	return nil
}

// edited is a copy with one value changed.
func edited(o snapshot.Object, path []string, value any) snapshot.Object {
	changed := maps.Clone(o)
	if changed == nil {
		changed = snapshot.Object{}
	}
	if len(path) > 1 {
		inner, _ := changed[path[0]].(snapshot.Object)
		changed[path[0]] = edited(inner, path[1:], value)
		return changed
	}
	if value == Missing {
		delete(changed, path[0])
	} else {
		changed[path[0]] = value
	}
	return changed
}

// sweep takes out what was deleted.
func (e *editor) sweep() {
	dead := map[Entity]map[int]bool{Collection: {}, Field: {}, Relation: {}, SystemIndex: {}}
	for p := range e.gone {
		dead[p.entity][e.at[p]] = true
	}
	e.s.Collections = kept(e.s.Collections, dead[Collection])
	e.s.Fields = kept(e.s.Fields, dead[Field])
	e.s.Relations = kept(e.s.Relations, dead[Relation])
	e.s.SystemFields = kept(e.s.SystemFields, dead[SystemIndex])
}

func kept[T any](all []T, dead map[int]bool) []T {
	if len(dead) == 0 {
		return all
	}
	left := make([]T, 0, len(all))
	for i, one := range all {
		if !dead[i] {
			left = append(left, one)
		}
	}
	return left
}
