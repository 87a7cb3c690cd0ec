package apply

import (
	"slices"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// rounds are the states to go through. Mostly that is the wanted one alone.
// What Directus cannot do at once needs a round before, in which things go
// that come again, or that would take more with them than was accepted:
//
//   - a table that becomes a folder, or the other way round, which would be
//     taken for an edit or for a deletion;
//   - before 11.3.5, a column that becomes an alias, or the other way round;
//   - a relation that leads elsewhere, or gets or loses its foreign key: of
//     an existing one only the meta and the rules can be changed;
//   - a relation to a collection that goes, whose field stays: the relation
//     goes with the collection, and then is not there to be deleted;
//   - a relation whose field goes, but not the field that shows it on the
//     other side, which goes with it;
//   - before 11.17.4, a field that leads to a collection which goes as well:
//     10.13.4 keeps the list of foreign keys while it applies, and fails on the
//     second time that it drops the same one.
//
// On SQLite, a column with the time of now as its default comes without the
// default first: a table with rows takes none that is not constant, and only
// Directus' changing of a column makes the table anew.
func rounds(have, want *snapshot.Snapshot) []*snapshot.Snapshot {
	p := preparation{have: stateOf(have), want: stateOf(want), gone: map[thing]bool{}}
	for t := range p.have {
		if p.want[t] == nil {
			continue
		}
		changed := (p.have[t]["schema"] == nil) != (p.want[t]["schema"] == nil)
		switch t.entity {
		case compare.Collection:
			p.gone[t] = changed
		case compare.Field:
			p.gone[t] = changed && !atLeast(have.Directus, "11.3.5")
		case compare.Relation, compare.SystemIndex:
		}
	}
	apart := relationsApart(have, want)
	for _, r := range have.Relations {
		t := thing{compare.Relation, r.Collection, r.Field}
		p.gone[t] = p.gone[t] || apart[t] && p.first(r)
		if led := r.Related != "" && !system(r.Related) && !p.stays(compare.Collection, r.Related, ""); led && !atLeast(have.Directus, "11.17.4") {
			stays := p.stays(compare.Collection, r.Collection, "") || system(r.Collection)
			field := thing{compare.Field, r.Collection, r.Field}
			p.gone[field] = stays && p.want[field] == nil && r.Schema != nil
		}
	}
	first := p.without(have)
	early := p.early(want)
	settle(have, first)
	if len(early) == 0 && len(first.Collections) == len(have.Collections) && len(first.Fields) == len(have.Fields) && len(first.Relations) == len(have.Relations) {
		return []*snapshot.Snapshot{want}
	}
	first.Fields = append(first.Fields, early...)
	return []*snapshot.Snapshot{first, want}
}

type preparation struct {
	have, want state
	gone       map[thing]bool
}

func (p preparation) stays(entity compare.Entity, collection, field string) bool {
	return p.want[thing{entity, collection, field}] != nil
}

// first reports whether a relation that changes or goes has to go before.
func (p preparation) first(r snapshot.Relation) bool {
	if !p.stays(compare.Collection, r.Collection, "") && !system(r.Collection) {
		return false // goes with its collection
	}
	if p.stays(compare.Relation, r.Collection, r.Field) {
		return true
	}
	if p.stays(compare.Field, r.Collection, r.Field) {
		return r.Related != "" && !system(r.Related) && !p.stays(compare.Collection, r.Related, "")
	}
	one := snapshot.Text(r.Meta, "one_field")
	return one != "" && r.Related != r.Collection && p.stays(compare.Field, r.Related, one)
}

// early are the fields that come without their default first.
func (p preparation) early(want *snapshot.Snapshot) []snapshot.Field {
	if want.Vendor != string(database.SQLite) {
		return nil
	}
	var early []snapshot.Field
	for _, f := range want.Fields {
		value := snapshot.Text(f.Schema, "default_value")
		is := thing{compare.Field, f.Collection, f.Field}
		in := thing{compare.Collection, f.Collection, ""}
		if strings.HasPrefix(value, "CURRENT_TIMESTAMP") && p.have[is] == nil && (p.have[in] != nil && !p.gone[in] || system(f.Collection)) {
			f.Schema = with(f.Schema, "default_value", nil)
			early = append(early, f)
		}
	}
	return early
}

// without is a snapshot without what goes, and without what goes with that.
func (p preparation) without(s *snapshot.Snapshot) *snapshot.Snapshot {
	left := *s
	left.Collections, left.Fields, left.Relations = nil, nil, nil
	collection := func(name string) bool { return p.gone[thing{compare.Collection, name, ""}] }
	field := func(collection, name string) bool { return p.gone[thing{compare.Field, collection, name}] }
	for _, c := range s.Collections {
		if !collection(c.Collection) {
			left.Collections = append(left.Collections, c)
		}
	}
	for _, f := range s.Fields {
		if !collection(f.Collection) && !field(f.Collection, f.Field) {
			left.Fields = append(left.Fields, f)
		}
	}
	for _, r := range s.Relations {
		if !collection(r.Collection) && !field(r.Collection, r.Field) && !collection(r.Related) && !p.gone[thing{compare.Relation, r.Collection, r.Field}] {
			left.Relations = append(left.Relations, r)
		}
	}
	return &left
}

// loosened is the state in which columns that were changed are not null again;
// nil: none has become otherwise. Directus 10 forgets it whenever it changes
// anything else of a column (@directus/api 19.3.1, dist/services/fields.js,
// addColumnToTable); 11.17.4 does not.
func (r result) loosened(o *Outcome) *snapshot.Snapshot {
	changed := map[thing]bool{}
	for _, c := range r.accepted {
		if c.Entity == compare.Field && c.Action == compare.Update && (c.Path[0] == "type" || c.Path[0] == "schema") {
			changed[thingOf(c)] = true
		}
	}
	loose := map[thing]bool{}
	for _, c := range o.Unexpected {
		if changed[thingOf(c)] && c.Attribute() == "schema.is_nullable" && c.Before == false {
			loose[thingOf(c)] = true
		}
	}
	if len(loose) == 0 {
		return nil
	}
	goal := *o.After
	goal.Fields = slices.Clone(goal.Fields)
	words := renderer{rendering: rendering{wanted: &goal}}
	for i, f := range goal.Fields {
		t := thing{compare.Field, f.Collection, f.Field}
		if loose[t] && f.Schema != nil {
			goal.Fields[i].Schema = with(with(f.Schema, "is_nullable", false), "default_value", words.defaultValue(t, &f))
		}
	}
	return &goal
}
