package review

import (
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// require fills in what each change requires, so that whatever is decided, no
// entity is left that refers to one that is not there:
//
//   - a change that adds a reference requires the one that creates what is
//     referred to;
//   - a deletion requires every change that takes a reference to it away.
//
// And what Directus does in one go is decided as one: a table and its primary
// key, a new type and the attributes of the column that come with it, a
// relation and the foreign key that its column tells of.
func (p *Plan) require() {
	r := requirements{plan: p, now: modelOf(p.Current), then: modelOf(p.Wanted), created: map[part][]int{}, deleted: map[part][]int{}}
	r.index()
	for i, c := range p.Proposed {
		for _, ref := range r.added(c) {
			for _, j := range r.created[ref.to] {
				r.add(i, j)
			}
		}
		for _, ref := range r.removed(c) {
			for _, j := range r.deleted[ref.to] {
				r.add(j, i)
			}
		}
	}
	r.moved()
	r.shown()
	r.keys()
	r.foreignKeys()
	r.types()
	for i := range p.Changes {
		slices.Sort(p.Changes[i].Requires)
		p.Changes[i].Requires = slices.Compact(p.Changes[i].Requires)
	}
}

type requirements struct {
	plan      *Plan
	now, then *model
	// created and deleted are the changes that bring a part or take it away.
	created, deleted map[part][]int
	current, wanted  map[part]any
}

func (r *requirements) index() {
	r.current, r.wanted = entities(r.plan.Current), entities(r.plan.Wanted)
	for i, c := range r.plan.Proposed {
		switch c.Action {
		case compare.Create:
			r.created[partOf(c)] = append(r.created[partOf(c)], i)
		case compare.Delete:
			r.deleted[partOf(c)] = append(r.deleted[partOf(c)], i)
			for _, with := range c.With {
				r.deleted[partOf(with)] = append(r.deleted[partOf(with)], i)
			}
		case compare.Update, compare.Replace:
		}
	}
}

// entities are those of a snapshot; of several with one name, the first.
func entities(s *snapshot.Snapshot) map[part]any {
	all := make(map[part]any, len(s.Collections)+len(s.Fields)+len(s.Relations))
	add := func(p part, value any) {
		if _, ok := all[p]; !ok {
			all[p] = value
		}
	}
	for _, c := range s.Collections {
		add(part{compare.Collection, c.Collection, ""}, c)
	}
	for _, f := range s.Fields {
		add(part{compare.Field, f.Collection, f.Field}, f)
	}
	for _, relation := range s.Relations {
		add(part{compare.Relation, relation.Collection, relation.Field}, relation)
	}
	return all
}

// add makes change i require change j.
func (r *requirements) add(i, j int) {
	if i != j {
		r.plan.Changes[i].Requires = append(r.plan.Changes[i].Requires, r.plan.Changes[j].ID)
	}
}

// added are the references that a change brings.
func (r *requirements) added(c compare.Change) []reference {
	if c.Action == compare.Delete {
		return nil
	}
	return without(c, r.then.of(r.wanted[partOf(c)]), r.before(c))
}

// removed are the references that a change takes away, also those of what
// goes with a collection.
func (r *requirements) removed(c compare.Change) []reference {
	if c.Action == compare.Create {
		return nil
	}
	if c.Action != compare.Delete {
		return without(c, r.before(c), r.then.of(r.wanted[partOf(c)]))
	}
	all := r.now.of(c.Before)
	for _, with := range c.With {
		all = append(all, r.now.of(with.Before)...)
	}
	return all
}

func (r *requirements) before(c compare.Change) []reference {
	if c.Action == compare.Create {
		return nil
	}
	return r.now.of(r.current[partOf(c)])
}

// without are the references of one list that the other has not, as far as
// the change touches them.
func without(c compare.Change, list, other []reference) []reference {
	var left []reference
	for _, ref := range list {
		if covers(c.Attribute(), ref.path) && !slices.Contains(other, ref) {
			left = append(left, ref)
		}
	}
	return left
}

// moved: a column has one relation, so that one which leads elsewhere comes
// only when the old one is gone.
func (r *requirements) moved() {
	for at, created := range r.created {
		old, ok := r.current[at].(snapshot.Relation)
		if at.entity != compare.Relation || !ok {
			continue
		}
		for _, i := range created {
			for _, j := range r.deleted[at] {
				r.add(i, j)
			}
			if len(r.deleted[at]) == 0 {
				r.plan.Changes[i].Blocked = "the field leads to " + old.Related + " now, and what only the target has is not deleted in this mode"
			}
		}
	}
}

// shown: a field that shows a relation of another table, and then shows another
// one, is never without any.
func (r *requirements) shown() {
	for alias, before := range r.now.aliases {
		if r.wanted[alias] == nil {
			continue
		}
		for _, at := range before {
			for _, i := range r.deleted[at] {
				for _, then := range r.then.aliases[alias] {
					for _, j := range r.created[then] {
						r.add(i, j)
					}
				}
			}
		}
	}
}

// keys: a table comes with its primary key.
func (r *requirements) keys() {
	for i, c := range r.plan.Proposed {
		f, ok := c.After.(snapshot.Field)
		if !ok || c.Action != compare.Create || !snapshot.Flag(f.Schema, "is_primary_key") {
			continue
		}
		for _, j := range r.created[part{compare.Collection, c.Collection, ""}] {
			r.add(j, i)
		}
	}
}

// foreignKeys: what a column tells of its foreign key comes and goes with the
// relation. On SQLite Directus drops no foreign key of a column that stays,
// for they have no names there (@directus/api 12.4.0,
// dist/services/relations.js, deleteOne): it goes with its column only.
func (r *requirements) foreignKeys() {
	for i, c := range r.plan.Proposed {
		at := part{compare.Relation, c.Collection, c.Field}
		if c.Entity == compare.Field && c.Action == compare.Update && strings.HasPrefix(c.Attribute(), "schema.foreign_key_") {
			for _, j := range slices.Concat(r.created[at], r.deleted[at]) {
				r.add(i, j)
				r.add(j, i)
			}
		}
		relation, ok := c.Before.(snapshot.Relation)
		if !ok || c.Action != compare.Delete || relation.Schema == nil || r.plan.Current.Vendor != string(database.SQLite) {
			continue
		}
		fields := r.deleted[part{compare.Field, c.Collection, c.Field}]
		for _, j := range fields {
			r.add(i, j)
		}
		if len(fields) == 0 && r.plan.Changes[i].Blocked == "" {
			r.plan.Changes[i].Blocked = "on SQLite Directus cannot drop the foreign key of a column that stays"
		}
	}
}

// types: what changes with a column's type is one change to the database.
func (r *requirements) types() {
	together := map[part][]int{}
	typed := map[part]bool{}
	for i, c := range r.plan.Proposed {
		if c.Entity != compare.Field || c.Action != compare.Update {
			continue
		}
		switch attribute := c.Attribute(); {
		case attribute == "type":
			typed[partOf(c)] = true
			fallthrough
		case slices.Contains(ofType, attribute):
			together[partOf(c)] = append(together[partOf(c)], i)
		}
	}
	for at, all := range together {
		if !typed[at] {
			continue
		}
		for k := range all { // a ring
			r.add(all[k], all[(k+1)%len(all)])
		}
	}
}

// ofType are the attributes that come with a type.
var ofType = strings.Fields("schema.data_type schema.max_length schema.numeric_precision schema.numeric_scale schema.default_value meta.special")
