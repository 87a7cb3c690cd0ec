package change_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"bunnyhop/internal/change"
)

// chain is a line that needs a version that needs a locked migration, one that
// needs nothing, and one that needs what is blocked.
func chain() []change.Change {
	return []change.Change{
		{ID: "line", Requires: []string{"version"}},
		{ID: "version", Requires: []string{"migration"}},
		{ID: "migration", Locked: "the code needs it"},
		{ID: "other"},
		{ID: "late", Requires: []string{"full"}},
		{ID: "full", Blocked: "the table is full"},
	}
}

func TestReviewDecides(t *testing.T) {
	const line, version, migration, other, late, full = 0, 1, 2, 3, 4, 5
	needed := chain()
	needed[line].Locked = "needed"
	ring := []change.Change{{ID: "a", Requires: []string{"b"}}, {ID: "b", Requires: []string{"a"}}}
	fixed := change.Decisions{"migration": true, "full": false, "late": false}
	with := func(more change.Decisions) change.Decisions {
		all := change.Decisions{}
		for _, d := range []change.Decisions{fixed, more} {
			for id, accept := range d {
				all[id] = accept
			}
		}
		return all
	}
	for _, tt := range []struct {
		name    string
		changes []change.Change
		before  change.Decisions
		accept  bool
		at      []int
		after   change.Decisions
		effect  change.Effect
	}{
		{
			"accepting pulls in", chain(), nil, true,
			[]int{line},
			with(change.Decisions{"line": true, "version": true}),
			change.Effect{Decided: []int{line}, Followed: []int{version}},
		},
		{
			"accepting turns a rejection", chain(),
			change.Decisions{"version": false},
			true,
			[]int{line},
			with(change.Decisions{"line": true, "version": true}),
			change.Effect{Decided: []int{line}, Followed: []int{version}},
		},
		{
			"rejecting pushes out", chain(),
			change.Decisions{"line": true, "other": true},
			false,
			[]int{version},
			with(change.Decisions{"line": false, "version": false, "other": true}),
			change.Effect{Decided: []int{version}, Followed: []int{line}},
		},
		{
			"rejecting leaves the requirement", chain(),
			change.Decisions{"line": true},
			false,
			[]int{line},
			with(change.Decisions{"line": false, "version": true}),
			change.Effect{Decided: []int{line}},
		},
		{"again", chain(), change.Decisions{"other": false}, false, []int{other}, with(change.Decisions{"other": false}), change.Effect{}},
		{
			"several at once", chain(), nil, true,
			[]int{other, version, line},
			with(change.Decisions{"line": true, "version": true, "other": true}),
			change.Effect{Decided: []int{line, version, other}},
		},
		{
			"a locked change is not rejected", chain(), nil, false,
			[]int{migration},
			fixed,
			change.Effect{Refused: []change.Refusal{{At: migration, By: migration, Why: "the code needs it"}}},
		},
		{
			"nor what a locked change requires", needed, nil, false,
			[]int{version},
			with(change.Decisions{"line": true, "version": true}),
			change.Effect{Refused: []change.Refusal{{At: version, By: line, Why: "needed"}}},
		},
		{
			"a blocked change is not accepted", chain(), nil, true,
			[]int{full},
			fixed,
			change.Effect{Refused: []change.Refusal{{At: full, By: full, Why: "the table is full"}}},
		},
		{
			"nor what requires it, and the others are", chain(), nil, true,
			[]int{late, other},
			with(change.Decisions{"other": true}),
			change.Effect{Decided: []int{other}, Refused: []change.Refusal{{At: late, By: full, Why: "the table is full"}}},
		},
		{
			"a ring is accepted", ring, nil, true,
			[]int{0},
			change.Decisions{"a": true, "b": true},
			change.Effect{Decided: []int{0}, Followed: []int{1}},
		},
		{
			"a ring is rejected", ring,
			change.Decisions{"a": true},
			false,
			[]int{1},
			change.Decisions{"a": false, "b": false},
			change.Effect{Decided: []int{1}, Followed: []int{0}},
		},
		{
			"a requirement that is no change",
			[]change.Change{{ID: "a", Requires: []string{"gone"}}},
			nil, true,
			[]int{0},
			change.Decisions{"a": true},
			change.Effect{Decided: []int{0}},
		},
		{
			"an earlier decision that cannot be", chain(),
			change.Decisions{"migration": false, "late": true, "gone": true},
			true,
			nil, fixed,
			change.Effect{},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := change.NewReview(tt.changes, tt.before)
			if r.Undoable() {
				t.Error("what was decided before can be undone")
			}
			before := r.Decisions()
			if diff := cmp.Diff(tt.effect, r.Decide(tt.accept, tt.at...), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("effect (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.after, r.Decisions()); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			r.Undo()
			if diff := cmp.Diff(before, r.Decisions()); diff != "" {
				t.Errorf("undone (-want +got):\n%s", diff)
			}
		})
	}
}

func drawReview(t *rapid.T) []change.Change {
	n := rapid.IntRange(1, 8).Draw(t, "changes")
	changes := make([]change.Change, n)
	for i := range changes {
		changes[i].ID = fmt.Sprint(i)
		switch rapid.IntRange(0, 7).Draw(t, "fixed") {
		case 0:
			changes[i].Locked = "locked " + changes[i].ID
		case 1:
			changes[i].Blocked = "blocked " + changes[i].ID
		}
		for _, need := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID).Draw(t, "requires") {
			changes[i].Requires = append(changes[i].Requires, fmt.Sprint(need))
		}
	}
	return changes
}

// tied lists a change with all that it requires, or all that requires it.
func tied(r *change.Review, i int, accept bool) map[int]bool {
	found := map[int]bool{i: true}
	for queue := []int{i}; len(queue) > 0; queue = queue[1:] {
		next := r.NeededBy(queue[0])
		if accept {
			next = r.Needs(queue[0])
		}
		for _, j := range next {
			if !found[j] {
				found[j] = true
				queue = append(queue, j)
			}
		}
	}
	return found
}

// contradicted names an accepted change whose requirement is not accepted.
// What is locked and requires what is blocked is nobody's decision.
func contradicted(r *change.Review) string {
	for i, c := range r.Changes() {
		accept, _ := r.State(i)
		switch {
		case c.Locked != "" && !accept:
			return c.ID + " is locked and not accepted"
		case c.Blocked != "" && c.Locked == "" && accept:
			return c.ID + " is blocked and accepted"
		}
		if !accept || c.Locked != "" {
			continue
		}
		for _, j := range r.Needs(i) {
			if met, _ := r.State(j); !met {
				return c.ID + " is accepted without " + r.Changes()[j].ID
			}
		}
	}
	return ""
}

func recounted(r *change.Review) change.Counts {
	var n change.Counts
	for i, c := range r.Changes() {
		accept, decided := r.State(i)
		switch {
		case c.Locked != "":
			n.Locked++
		case c.Blocked != "":
			n.Blocked++
		case !decided:
			n.Open++
		case accept:
			n.Accepted++
		default:
			n.Rejected++
		}
	}
	return n
}

// TestReviewNeverContradictsItself: whatever is decided and undone, what is
// accepted has what it requires; what changed is told; what was refused has a
// cause; undoing restores exactly.
func TestReviewNeverContradictsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := drawReview(t)
		decided := change.Decisions{}
		for _, c := range changes {
			if rapid.Bool().Draw(t, "decided") {
				decided[c.ID] = rapid.Bool().Draw(t, "before")
			}
		}
		r := change.NewReview(changes, decided)
		var past []change.Decisions
		for range rapid.IntRange(0, 12).Draw(t, "decisions") {
			if found := contradicted(r); found != "" {
				t.Fatalf("%s: %v", found, r.Decisions())
			}
			if got := r.Count(); got != recounted(r) {
				t.Fatalf("counted %+v, there are %+v", got, recounted(r))
			}
			if open := len(change.Undecided(changes, r.Decisions())); open != r.Count().Open {
				t.Fatalf("%d are open, %d undecided", r.Count().Open, open)
			}
			before := r.Decisions()
			if rapid.IntRange(0, 3).Draw(t, "undo") == 0 {
				changed := r.Undo()
				if (len(changed) > 0) != (len(past) > 0) {
					t.Fatalf("undone %v of %d", changed, len(past))
				}
				if len(past) > 0 {
					if diff := cmp.Diff(past[len(past)-1], r.Decisions()); diff != "" {
						t.Fatalf("undone (-want +got):\n%s", diff)
					}
					past = past[:len(past)-1]
				}
				told(t, r, before, changed)
				continue
			}
			at := rapid.SliceOfNDistinct(rapid.IntRange(0, len(changes)-1), 1, 3, rapid.ID).Draw(t, "at")
			accept := rapid.Bool().Draw(t, "accept")
			effect := r.Decide(accept, at...)
			if len(effect.Decided)+len(effect.Followed) > 0 {
				past = append(past, before)
			}
			told(t, r, before, append(effect.Decided, effect.Followed...))
			refused := map[int]bool{}
			for _, refusal := range effect.Refused {
				refused[refusal.At] = true
				by := changes[refusal.By]
				if cause := map[bool]string{true: by.Blocked, false: by.Locked}[accept]; refusal.Why != cause || cause == "" || !tied(r, refusal.At, accept)[refusal.By] {
					t.Fatalf("deciding %d %v was refused: %+v", refusal.At, accept, refusal)
				}
			}
			for _, i := range at {
				if got, known := r.State(i); !refused[i] && (!known || got != accept) {
					t.Fatalf("%d was decided %v and is not", i, accept)
				}
			}
		}
		for r.Undoable() {
			r.Undo()
		}
		if diff := cmp.Diff(change.NewReview(changes, decided).Decisions(), r.Decisions()); diff != "" {
			t.Fatalf("all undone (-want +got):\n%s", diff)
		}
	})
}

// told reports an error unless changed is what is now otherwise than before.
func told(t *rapid.T, r *change.Review, before change.Decisions, changed []int) {
	t.Helper()
	named := map[int]bool{}
	for _, i := range changed {
		named[i] = true
	}
	for i, c := range r.Changes() {
		was, wasDecided := before[c.ID]
		accept, decided := r.State(i)
		if moved := was != (accept && decided) || wasDecided != decided; moved != named[i] {
			t.Fatalf("%s moved %v, told %v", c.ID, moved, named[i])
		}
	}
}
