package change

import "slices"

// Review is a list of changes while they are being decided. Accepting a change
// pulls in what it requires, rejecting one pushes out what requires it.
// Changes are named by their place in the list. Locked changes are accepted
// from the start, blocked ones rejected, unless a locked one requires them.
// When one is not accepted any more that relieved others of their loss, those
// are rejected too: nothing is lost in passing.
type Review struct {
	changes  []Change
	needs    [][]int
	neededBy [][]int
	reliefs  map[int]int   // by the change that is relieved
	relieves map[int][]int // and the other way round
	verdicts []verdict
	history  []step
}

// verdict is what was decided about one change.
type verdict uint8

const (
	open verdict = iota
	accepted
	rejected
)

func verdictOf(accept bool) verdict {
	if accept {
		return accepted
	}
	return rejected
}

// step is what one decision overwrote.
type step struct{ was map[int]verdict }

// Effect is what a decision did.
type Effect struct {
	// Decided are the changes that were asked for and are now otherwise.
	Decided []int
	// Followed are further ones that had to follow, in order.
	Followed []int
	// Refused are those that stayed as they were.
	Refused []Refusal
}

// Refusal says why a decision was not taken.
type Refusal struct {
	At int // the change that was asked for
	By int // the change that stands in the way; At itself, or what it is tied to
	// Why is the sentence that locks or blocks By.
	Why string
}

// Counts says how many changes are in which state. A fixed change counts as
// Locked or Blocked only.
type Counts struct{ Open, Accepted, Rejected, Locked, Blocked int }

// NewReview starts with decisions that were taken before; those about changes
// that cannot be decided so are dropped.
func NewReview(changes []Change, decided Decisions) *Review {
	r := &Review{
		changes: changes, needs: make([][]int, len(changes)), neededBy: make([][]int, len(changes)), verdicts: make([]verdict, len(changes)),
		reliefs: map[int]int{}, relieves: map[int][]int{},
	}
	at := make(map[string]int, len(changes))
	for i, c := range changes {
		at[c.ID] = i
	}
	for i, c := range changes {
		for _, id := range c.Requires {
			if j, ok := at[id]; ok {
				r.needs[i] = append(r.needs[i], j)
				r.neededBy[j] = append(r.neededBy[j], i)
			}
		}
		if c.Relief == nil {
			continue
		}
		if j, ok := at[c.Relief.By]; ok {
			r.reliefs[i], r.relieves[j] = j, append(r.relieves[j], i)
		}
	}
	for i, c := range changes {
		if c.Locked != "" {
			r.Decide(true, i)
			r.verdicts[i] = accepted // even where it requires what is blocked
		} else if c.Blocked != "" {
			r.Decide(false, i)
		}
	}
	for i, c := range changes {
		if accept, ok := decided[c.ID]; ok {
			r.Decide(accept, i)
		}
	}
	r.history = nil
	return r
}

// Decide decides changes and what follows from that. A change that cannot be
// decided so, or that would drag one along that cannot, stays as it is.
func (r *Review) Decide(accept bool, at ...int) Effect {
	var effect Effect
	asked, before := make(map[int]bool, len(at)), step{map[int]verdict{}}
	for _, i := range at {
		asked[i] = true
	}
	to := verdictOf(accept)
	for _, i := range at {
		reached, refusal := r.reach(i, accept)
		if refusal != nil {
			effect.Refused = append(effect.Refused, *refusal)
			continue
		}
		for _, j := range reached {
			if r.verdicts[j] == to {
				continue
			}
			before.was[j] = r.verdicts[j]
			r.verdicts[j] = to
			if asked[j] {
				effect.Decided = append(effect.Decided, j)
			} else {
				effect.Followed = append(effect.Followed, j)
			}
		}
	}
	if len(before.was) > 0 {
		r.history = append(r.history, before)
	}
	slices.Sort(effect.Decided)
	slices.Sort(effect.Followed)
	return effect
}

// reach returns a change with all that has to follow it, or what forbids that.
// What is decided that way already needs no second look: all that follows from
// it is as well.
func (r *Review) reach(i int, accept bool) ([]int, *Refusal) {
	next := r.neededBy
	if accept {
		next = r.needs
	}
	seen, found := map[int]bool{i: true}, []int{i}
	for k := 0; k < len(found); k++ {
		j := found[k]
		if why := r.forbids(j, accept); why != "" {
			return nil, &Refusal{At: i, By: j, Why: why}
		}
		if k > 0 && r.verdicts[j] == verdictOf(accept) {
			continue
		}
		follow := next[j]
		if !accept && len(r.relieves[j]) > 0 {
			follow = slices.Concat(follow, r.exposed(j))
		}
		for _, n := range follow {
			if !seen[n] {
				seen[n] = true
				found = append(found, n)
			}
		}
	}
	return found, nil
}

func (r *Review) forbids(i int, accept bool) string {
	if accept {
		return r.changes[i].Blocked
	}
	return r.changes[i].Locked
}

// Undo takes the last decision back that has not been taken back, with all
// that followed from it, and returns what is now otherwise.
func (r *Review) Undo() []int {
	if len(r.history) == 0 {
		return nil
	}
	last := r.history[len(r.history)-1]
	r.history = r.history[:len(r.history)-1]
	changed := make([]int, 0, len(last.was))
	for i, v := range last.was {
		r.verdicts[i] = v
		changed = append(changed, i)
	}
	slices.Sort(changed)
	return changed
}

// Undoable reports whether Undo would do something.
func (r *Review) Undoable() bool { return len(r.history) > 0 }

// Changes is the list. It must not be written to.
func (r *Review) Changes() []Change { return r.changes }

// State tells what was decided about a change.
func (r *Review) State(i int) (accept, decided bool) {
	return r.verdicts[i] == accepted, r.verdicts[i] != open
}

// Needs are the changes that one requires directly.
func (r *Review) Needs(i int) []int { return r.needs[i] }

// NeededBy are the changes that require one directly.
func (r *Review) NeededBy(i int) []int { return r.neededBy[i] }

// Count counts the changes by state.
func (r *Review) Count() Counts {
	var n Counts
	for i := range r.changes {
		switch {
		case r.changes[i].Locked != "":
			n.Locked++
		case r.changes[i].Blocked != "":
			n.Blocked++
		case r.verdicts[i] == accepted:
			n.Accepted++
		case r.verdicts[i] == rejected:
			n.Rejected++
		default:
			n.Open++
		}
	}
	return n
}

// Decisions is what was decided so far.
func (r *Review) Decisions() Decisions {
	d := make(Decisions, len(r.changes))
	for i, v := range r.verdicts {
		if v != open {
			d[r.changes[i].ID] = v == accepted
		}
	}
	return d
}
