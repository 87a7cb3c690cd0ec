package compare

import (
	"maps"
	"slices"
	"strings"

	"bunnyhop/internal/schema/snapshot"
)

// Rename is a column that may have got another name: one goes and one comes
// that are described alike. Nothing in a snapshot proves it.
type Rename struct {
	Collection, From, To string
	// Moved: the new one stands elsewhere among the fields, so that only the
	// data can speak for it.
	Moved bool
}

// Key names a rename, the same one in every comparison: "rename posts.title →
// headline".
func (r Rename) Key() string { return "rename " + r.Collection + "." + r.From + " → " + r.To }

// Creation is the key of the change that makes the new column.
func (r Rename) Creation() string { return fieldNamed(r.Collection, r.To) }

// Deletion is the key of the change that deletes the old one.
func (r Rename) Deletion() string { return fieldNamed(r.Collection, r.From) }

func fieldNamed(collection, field string) string {
	return Change{Entity: Field, Collection: collection, Field: field}.Key()
}

// Renames looks through the changes that make current into wanted for columns
// that may have got another name: one of current and one of wanted that are
// described alike and, unless they are moved, stand at the same place. Where
// more than one would do, on either side, there is none.
func Renames(current, wanted *snapshot.Snapshot, changes []Change) ([]Rename, error) {
	gone, come := map[string][]snapshot.Field{}, map[string][]snapshot.Field{}
	for _, c := range changes {
		if c.Entity != Field || c.Nth > 0 {
			continue
		}
		if f, ok := c.Before.(snapshot.Field); ok && c.Action == Delete && named(f) {
			gone[c.Collection] = append(gone[c.Collection], f)
		}
		if f, ok := c.After.(snapshot.Field); ok && c.Action == Create && named(f) {
			come[c.Collection] = append(come[c.Collection], f)
		}
	}
	searches := map[string]*search{}
	for collection := range gone {
		if len(come[collection]) > 0 {
			searches[collection] = &search{current: current, wanted: wanted, collection: collection}
		}
	}
	for side, model := range []*snapshot.Snapshot{current, wanted} {
		for _, f := range model.Fields {
			if s := searches[f.Collection]; s != nil {
				s.fields[side] = append(s.fields[side], f)
			}
		}
		for _, r := range model.Relations {
			if s := searches[r.Collection]; s != nil {
				s.relations[side] = append(s.relations[side], r)
			}
		}
	}
	var all []Rename
	for collection, s := range searches {
		found, err := s.pairs(gone[collection], come[collection])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Rename) int { return strings.Compare(a.Key(), b.Key()) })
	return all, nil
}

// named reports whether a field has a column whose values mean something by
// themselves.
func named(f snapshot.Field) bool {
	if f.Alias() || f.Type == "unknown" {
		return false
	}
	for _, key := range []string{"is_primary_key", "has_auto_increment", "is_generated"} {
		if snapshot.Flag(f.Schema, key) {
			return false
		}
	}
	return true
}

// search is for renames within one collection.
type search struct {
	current, wanted *snapshot.Snapshot
	collection      string
	fields          [2][]snapshot.Field // of the collection, now and then
	relations       [2][]snapshot.Relation
	common          map[string]bool // fields that both have
}

// most is how many columns of one type may come and go in a collection until
// nobody would call one of them renamed.
const most = 20

func (s *search) pairs(gone, come []snapshot.Field) ([]Rename, error) {
	kinds := map[string][2]int{}
	for side, fields := range [][]snapshot.Field{gone, come} {
		for _, f := range fields {
			n := kinds[f.Type]
			n[side]++
			kinds[f.Type] = n
		}
	}
	s.common = s.both()
	// From the strongest on; one that has a stronger match has no other.
	tiers := []*matches{newMatches(), newMatches(), newMatches()}
	for i, a := range gone {
		for j, b := range come {
			if n := kinds[a.Type]; max(n[0], n[1]) > most || !group(a.Type, b.Type) && a.Type != b.Type {
				continue
			}
			ok, err := s.alike(a, b)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			for _, weaker := range tiers[s.distance(a, b):] {
				weaker.add(i, j)
			}
		}
	}
	var all []Rename
	stronger := newMatches()
	for k, tier := range tiers {
		for _, at := range tier.pairs {
			if tier.only(at) && !stronger.has(at) {
				all = append(all, Rename{s.collection, gone[at[0]].Field, come[at[1]].Field, k == moved})
			}
		}
		stronger = tier
	}
	return all, nil
}

// How far one field stands from where another one stood.
const (
	samePlace = iota // the same number
	sameOrder        // behind as many of the fields that both models have
	moved            // elsewhere
)

// matches are pairs of places in two lists.
type matches struct {
	pairs [][2]int
	count [2]map[int]int
}

func newMatches() *matches { return &matches{count: [2]map[int]int{{}, {}}} }

func (m *matches) add(i, j int) {
	m.pairs = append(m.pairs, [2]int{i, j})
	m.count[0][i]++
	m.count[1][j]++
}

// has: one of the two is in a pair.
func (m *matches) has(at [2]int) bool { return m.count[0][at[0]] > 0 || m.count[1][at[1]] > 0 }

// only: neither of the two is in another pair.
func (m *matches) only(at [2]int) bool { return m.count[0][at[0]] == 1 && m.count[1][at[1]] == 1 }

// alike compares two fields as if they had one name, and what they lead to.
func (s *search) alike(a, b snapshot.Field) (bool, error) {
	if !s.leadAlike(a.Field, b.Field) {
		return false, nil
	}
	b.Field, b.Meta, b.Schema = a.Field, renamed(b.Meta, "field", a.Field), renamed(b.Schema, "name", a.Field)
	one, other := *s.current, *s.wanted
	for side, f := range map[*snapshot.Snapshot]snapshot.Field{&one: a, &other: b} {
		side.Collections, side.Fields, side.Relations, side.SystemFields = nil, []snapshot.Field{f}, nil, nil
	}
	result, err := Compare(&one, &other)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(result.Changes, func(c Change) bool { return !slight(c) }), nil
}

func renamed(o snapshot.Object, key, to string) snapshot.Object {
	if _, ok := o[key]; !ok {
		return o
	}
	o = maps.Clone(o)
	o[key] = to
	return o
}

// slight reports whether an attribute may be otherwise when a field gets
// another name: what is said about it, when it is shown, and where, of which
// the place decides.
func slight(c Change) bool {
	if len(c.Path) < 2 {
		return false
	}
	switch strings.Join(c.Path[:2], ".") {
	case "meta.sort", "meta.group", "meta.note", "meta.translations", "meta.conditions", "meta.validation", "meta.validation_message",
		"meta.hidden", "meta.readonly", "meta.required", "meta.searchable", "meta.display", "meta.display_options",
		"schema.is_indexed", "schema.comment":
		return true
	}
	return false
}

// leadAlike: both have no relation, or one to the same collections.
func (s *search) leadAlike(a, b string) bool {
	from, to := relationsOf(s.relations[0], a), relationsOf(s.relations[1], b)
	if len(from) != len(to) || len(from) > 1 {
		return false
	}
	for i, r := range from {
		other := to[i]
		if r.Related != other.Related || (r.Schema == nil) != (other.Schema == nil) ||
			!same(sorted(r.Meta["one_allowed_collections"]), sorted(other.Meta["one_allowed_collections"])) {
			return false
		}
	}
	return true
}

func relationsOf(all []snapshot.Relation, field string) []snapshot.Relation {
	var own []snapshot.Relation
	for _, r := range all {
		if r.Field == field {
			own = append(own, r)
		}
	}
	return own
}

func (s *search) both() map[string]bool {
	has, both := map[string]bool{}, map[string]bool{}
	for _, f := range s.fields[0] {
		has[f.Field] = true
	}
	for _, f := range s.fields[1] {
		if has[f.Field] {
			both[f.Field] = true
		}
	}
	return both
}

// distance is moved where one is in another group, or has no number.
func (s *search) distance(a, b snapshot.Field) int {
	from, ok := snapshot.Number(a.Meta, "sort")
	to, okToo := snapshot.Number(b.Meta, "sort")
	switch {
	case !ok || !okToo || snapshot.Text(a.Meta, "group") != snapshot.Text(b.Meta, "group"):
		return moved
	case from == to:
		return samePlace
	case s.before(s.fields[0], a, from) == s.before(s.fields[1], b, to):
		return sameOrder
	}
	return moved
}

// before counts the fields of the same group that stand before one.
func (s *search) before(all []snapshot.Field, f snapshot.Field, sort float64) int {
	n, group := 0, snapshot.Text(f.Meta, "group")
	for _, other := range all {
		if !s.common[other.Field] || snapshot.Text(other.Meta, "group") != group {
			continue
		}
		if at, ok := snapshot.Number(other.Meta, "sort"); ok && at < sort {
			n++
		}
	}
	return n
}
