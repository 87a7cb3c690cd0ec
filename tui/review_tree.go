package tui

import (
	"slices"

	"bunnyhop/internal/change"
)

// changeState is how a change stands.
type changeState uint8

const (
	stateOpen changeState = iota
	stateAccepted
	stateRejected
	stateLocked  // cannot be rejected
	stateBlocked // cannot be accepted
	changeStates
)

// tally counts changes by state.
type tally [changeStates]int

// branch is a row with changes below it: a group, or a field of which several
// attributes change.
type branch struct {
	raw     string  // as it came
	name    string  // cleaned
	group   *branch // nil for a group
	items   []item  // of a group
	changes []int   // all that is below, in order
	tally   tally
	worst   change.Risk
	folded  bool
	// shut is folded for as long as a filter is on.
	shut bool
	// shown is how many of the changes the filter shows.
	shown int
}

// item is one thing in a group: a field with several changes, or a change.
type item struct {
	field  *branch
	change int
}

// reviewTree is the changes by group and field, with counts that are kept.
type reviewTree struct {
	review *change.Review
	groups []*branch
	homes  []*branch // the innermost branch of each change
	states []changeState
	order  []int // the changes as they stand in the tree
	places []int // where each stands in order
	total  tally
	// How many undecided ones are safe, and recommended.
	safe, recommended int
	rows              int // with everything unfolded
	gen               int // goes up with every decision
}

// foldFrom is how many changes start with their groups folded.
const foldFrom = 200

func newReviewTree(review *change.Review) reviewTree {
	changes := review.Changes()
	t := reviewTree{
		review: review, homes: make([]*branch, len(changes)), states: make([]changeState, len(changes)), places: make([]int, len(changes)),
		order: make([]int, 0, len(changes)), gen: 1,
	}
	parts := map[modelPart]int{}
	for i := range changes {
		if part, ok := partOf(&changes[i]); ok {
			parts[part]++
		}
	}
	groups, fields := map[string]*branch{}, map[modelPart]*branch{}
	for i := range changes {
		ch := &changes[i]
		group := groups[ch.Group]
		if group == nil {
			group = &branch{raw: ch.Group, name: cleanText(ch.Group), folded: len(changes) >= foldFrom}
			groups[ch.Group], t.groups = group, append(t.groups, group)
		}
		home := group
		if part, ok := partOf(ch); ok && parts[part] > 1 {
			if home = fields[part]; home == nil {
				home = &branch{raw: ch.Model.Field, name: cleanText(ch.Model.Field), group: group}
				fields[part], group.items = home, append(group.items, item{home, -1})
			}
		} else {
			group.items = append(group.items, item{nil, i})
		}
		t.homes[i] = home
		for b := home; b != nil; b = b.group {
			b.changes, b.worst = append(b.changes, i), worse(b.worst, ch.Risk)
		}
		t.states[i] = t.stateOf(i)
		t.count(i, +1)
	}
	for _, group := range t.groups {
		for _, it := range group.items {
			if it.field == nil {
				t.order = append(t.order, it.change)
			} else {
				t.order = append(t.order, it.field.changes...)
			}
		}
	}
	for at, i := range t.order {
		t.places[i] = at
	}
	t.rows = len(t.groups) + len(fields) + len(changes)
	return t
}

// modelPart names the field that a change is about.
type modelPart struct{ group, collection, field string }

func partOf(ch *change.Change) (modelPart, bool) {
	if ch.Model == nil || ch.Model.Field == "" {
		return modelPart{}, false
	}
	return modelPart{ch.Group, ch.Model.Collection, ch.Model.Field}, true
}

func worse(a, b change.Risk) change.Risk {
	order := []change.Risk{"", change.Safe, change.Caution, change.Destructive}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

func (t *reviewTree) stateOf(i int) changeState {
	ch := &t.review.Changes()[i]
	accept, decided := t.review.State(i)
	switch {
	case ch.Locked != "":
		return stateLocked
	case ch.Blocked != "":
		return stateBlocked
	case !decided:
		return stateOpen
	case accept:
		return stateAccepted
	}
	return stateRejected
}

// count adds a change, in its present state, to all counts it is part of.
func (t *reviewTree) count(i, by int) {
	state, ch := t.states[i], &t.review.Changes()[i]
	t.total[state] += by
	for b := t.homes[i]; b != nil; b = b.group {
		b.tally[state] += by
	}
	if state == stateOpen && ch.Risk == change.Safe {
		t.safe += by
	}
	if state == stateOpen && ch.Recommended {
		t.recommended += by
	}
}

// moved takes in that changes are now decided otherwise.
func (t *reviewTree) moved(lists ...[]int) {
	t.gen++
	for _, list := range lists {
		for _, i := range list {
			t.count(i, -1)
			t.states[i] = t.stateOf(i)
			t.count(i, +1)
		}
	}
}
