package apply

import (
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Outcome is what was found after the work.
type Outcome struct {
	Before, After *snapshot.Snapshot
	// Left was accepted and is not there: Before is what is, After what was
	// wanted.
	Left []compare.Change
	// Unexpected has changed, and was not accepted: Before is what should be,
	// After what is.
	Unexpected []compare.Change
	// Notes are for people to read.
	Notes []string
}

// Converged reports whether exactly what was accepted is there.
func (o *Outcome) Converged() bool { return len(o.Left)+len(o.Unexpected) == 0 }

// result knows what was to be done.
type result struct {
	before    *snapshot.Snapshot
	rendering *rendering
	accepted  []compare.Change
}

// outcome compares what is with what was wanted. Where Directus made a column
// or a key anew, the comparison is the one of two vendors: what it takes as a
// type and what it tells of it differ as they do there.
func (r result) outcome(after *snapshot.Snapshot) (*Outcome, error) {
	outcome := &Outcome{Before: r.before, After: after, Left: r.rendering.lost}
	want := sortedLists(r.rendering.wanted)
	strict, err := compare.Compare(after, want)
	if err != nil {
		return nil, err
	}
	lenient, err := compare.Compare(after, elsewhere(want))
	if err != nil {
		return nil, err
	}
	still, accepted := map[string]bool{}, r.keys()
	for _, c := range lenient.Changes {
		still[c.Key()] = true
	}
	unexpected, wanted := map[string]bool{}, stateOf(want)
	for _, c := range strict.Changes {
		switch {
		case r.rendering.made[thingOf(c)] && !follows(c.Entity, c.Attribute()) && (!still[c.Key()] || !stated(wanted[thingOf(c)], c.Path)):
		case accepted.has(c):
			outcome.Left = append(outcome.Left, c)
		default:
			unexpected[c.Key()] = true
		}
	}
	if len(unexpected) == 0 {
		return outcome, nil
	}
	back, err := compare.Compare(want, after)
	if err != nil {
		return nil, err
	}
	for _, c := range back.Changes {
		if unexpected[c.Key()] {
			outcome.Unexpected = append(outcome.Unexpected, c)
		}
	}
	return outcome, nil
}

// stated reports whether something new says a value itself, and does not leave
// it to Directus.
func stated(o snapshot.Object, path []string) bool {
	for _, key := range path {
		inner, ok := o[key]
		if !ok {
			return false
		}
		o, _ = inner.(snapshot.Object)
	}
	return true
}

// elsewhere is a snapshot as if it were of another vendor than it is.
func elsewhere(s *snapshot.Snapshot) *snapshot.Snapshot {
	other := *s
	other.Vendor = string(database.Postgres)
	if s.Vendor == other.Vendor {
		other.Vendor = string(database.SQLite)
	}
	return &other
}

// accepted are the things and the attributes that were accepted.
type acceptedKeys map[thing][]string

func (r result) keys() acceptedKeys {
	keys := acceptedKeys{}
	var add func(c compare.Change)
	add = func(c compare.Change) {
		keys[thingOf(c)] = append(keys[thingOf(c)], c.Attribute())
		for _, more := range c.With {
			add(more)
		}
	}
	for _, c := range r.accepted {
		add(c)
	}
	return keys
}

// has reports whether a change is of something accepted, or of a part of it.
func (k acceptedKeys) has(c compare.Change) bool {
	for _, attribute := range k[thingOf(c)] {
		if attribute == "" || len(c.Path) == 0 || c.Attribute() == attribute || strings.HasPrefix(c.Attribute(), attribute+".") || strings.HasPrefix(attribute, c.Attribute()+".") {
			return true
		}
	}
	return false
}

// sortedLists sorts lists of texts and numbers where the version does so in
// its snapshots, so that they compare with what it tells afterwards.
func sortedLists(s *snapshot.Snapshot) *snapshot.Snapshot {
	if features, err := snapshot.FeaturesOf(s.Directus); err != nil || features.Indexes {
		return s
	}
	sorted := *s
	sorted.Collections, sorted.Fields, sorted.Relations = nil, nil, nil
	for _, c := range s.Collections {
		c.Meta, _ = sortDeep(c.Meta).(snapshot.Object)
		sorted.Collections = append(sorted.Collections, c)
	}
	for _, f := range s.Fields {
		f.Meta, _ = sortDeep(f.Meta).(snapshot.Object)
		f.Schema, _ = sortDeep(f.Schema).(snapshot.Object)
		sorted.Fields = append(sorted.Fields, f)
	}
	for _, r := range s.Relations {
		r.Meta, _ = sortDeep(r.Meta).(snapshot.Object)
		sorted.Relations = append(sorted.Relations, r)
	}
	return &sorted
}
