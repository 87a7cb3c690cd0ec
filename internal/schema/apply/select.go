package apply

import (
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Select takes from a diff that the server computed what makes have into want,
// and nothing else: a server that has the hash right applies a part as well.
// left names what was left out, which are differences that the server sees
// between its own data model and itself. Something wanted that the diff does
// not have is an error, and so is one that Directus would misread.
func Select(diff *Diff, have, want *snapshot.Snapshot) (send *Diff, left []string, err error) {
	if err := Misrouted(diff); err != nil {
		return nil, nil, err
	}
	changes, err := compare.Compare(have, want)
	if err != nil {
		return nil, nil, err
	}
	s := selection{have: stateOf(have), want: stateOf(want), found: map[string]bool{}}
	send = &Diff{
		Hash: diff.Hash, Collections: s.entries(diff.Collections), Fields: s.entries(diff.Fields),
		Relations: s.entries(diff.Relations),
	}
	if diff.SystemFields != nil {
		send.SystemFields = s.entries(diff.SystemFields)
	}
	missing := s.missing(changes.Changes)
	if problems := append(s.wrong, missing...); len(problems) > 0 {
		return nil, nil, &fault.Error{
			What:  "the server does not see the changes as they were accepted: " + shorten(problems),
			State: "nothing was changed",
			Hint:  "reject these changes; what Directus cannot change has to be changed in the database",
		}
	}
	return send, s.left, nil
}

// selection goes through the entries of a diff.
type selection struct {
	have, want state
	found      map[string]bool // "field posts.title", "field posts.title meta.note"
	left       []string
	wrong      []string
}

func (s *selection) entries(all []Entry) []Entry {
	chosen := []Entry{}
	for _, entry := range all {
		if entry, ok := s.entry(entry); ok {
			chosen = append(chosen, entry)
		}
	}
	return chosen
}

func (s *selection) entry(entry Entry) (Entry, bool) {
	t := thing{entry.Entity, entry.Collection, entry.Field}
	have, want := s.have[t], s.want[t]
	if first := entry.Items[0]; first.whole() {
		return s.whole(entry, first, have, want)
	}
	if have == nil || want == nil {
		s.left = append(s.left, entry.Name())
		return entry, false
	}
	var chosen []Item
	for _, item := range entry.Items {
		attribute := item.attribute()
		if follows(entry.Entity, attribute) || same(value(have, attribute), value(want, attribute)) {
			s.left = append(s.left, entry.Name()+" "+attribute)
			continue
		}
		chosen = append(chosen, item)
	}
	if len(chosen) == 0 {
		return entry, false
	}
	entry.Items = chosen
	got, err := patched(have, chosen)
	if err != nil {
		s.wrong = append(s.wrong, fmt.Sprintf("%s (%v)", entry.Name(), err))
		return entry, false
	}
	for _, item := range chosen {
		attribute := item.attribute()
		if !same(value(got, attribute), value(want, attribute)) {
			s.wrong = append(s.wrong, fmt.Sprintf("%s %s would become %.60v", entry.Name(), attribute, value(got, attribute)))
		}
		s.found[entry.Name()+" "+attribute] = true
	}
	return entry, true
}

// whole: a thing that is created or deleted, or both, when an alias becomes a
// column or a column an alias.
func (s *selection) whole(entry Entry, item Item, have, want snapshot.Object) (Entry, bool) {
	replaced := have != nil && want != nil && entry.Entity == compare.Field && (have["schema"] == nil) != (want["schema"] == nil)
	switch {
	case item.Kind == "N" && want != nil && (have == nil || replaced):
		made, _ := item.RHS.(snapshot.Object)
		for _, attribute := range []string{"meta", "type"} {
			if !same(made[attribute], want[attribute]) {
				s.wrong = append(s.wrong, entry.Name()+" "+attribute+" would be made otherwise")
			}
		}
	case item.Kind == "D" && have != nil && (want == nil || replaced):
		if entry.Entity == compare.Collection {
			entry = ungrouped(entry)
		}
	default:
		s.left = append(s.left, entry.Name())
		return entry, false
	}
	s.found[entry.Name()+" "+item.Kind] = true
	return entry, true
}

// ungrouped: Directus 10 deletes only collections that are in no group, or
// whose group it deletes, and answers 204 for the others too (#19385;
// @directus/api 19.3.1, dist/utils/apply-diff.js). It reads the group from the
// diff.
func ungrouped(entry Entry) Entry {
	item := entry.Items[0]
	gone, _ := item.LHS.(snapshot.Object)
	meta, _ := gone["meta"].(snapshot.Object)
	if meta != nil && meta["group"] == nil {
		return entry
	}
	item.raw = with(item.raw, "lhs", with(gone, "meta", with(meta, "group", nil)))
	entry.Items = []Item{item}
	return entry
}

func with(o snapshot.Object, key string, value any) snapshot.Object {
	changed := make(snapshot.Object, len(o)+1)
	for k, v := range o {
		changed[k] = v
	}
	changed[key] = value
	return changed
}

// missing lists the changes that the diff does not have.
func (s *selection) missing(changes []compare.Change) []string {
	var missing []string
	for _, c := range changes {
		name := Entry{Entity: c.Entity, Collection: c.Collection, Field: c.Field, Related: c.Related}.Name()
		var needs []string
		switch c.Action {
		case compare.Create:
			needs = []string{" N"}
		case compare.Delete:
			needs = []string{" D"}
		case compare.Replace:
			needs = []string{" D", " N"}
		case compare.Update:
			attribute := strings.Join(c.Path[:min(2, len(c.Path))], ".")
			if follows(c.Entity, attribute) || s.found[name+" "+c.Path[0]] {
				continue
			}
			needs = []string{" " + attribute}
		}
		for _, need := range needs {
			if !s.found[name+need] || c.Nth > 0 {
				missing = append(missing, s.explain(c))
				break
			}
		}
	}
	return missing
}

// explain says why a change is not in the diff, where that is known.
func (s *selection) explain(c compare.Change) string {
	text := c.Key() + " is missing"
	field := s.have[thingOf(c)]
	switch {
	case c.Nth > 0:
		text += " (Directus sees only the first of several)"
	case c.Entity == compare.Field && field != nil && counts(field) && len(c.Path) > 0 && c.Path[0] == "schema":
		text += " (Directus never changes the column of a key that counts up)"
	}
	return text
}

// shorten joins what is not too much to read.
func shorten(all []string) string {
	const most = 8
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > most {
		all = append(slices.Clone(all[:most]), fmt.Sprintf("and %d more", len(all)-most))
	}
	return strings.Join(all, ", ")
}
