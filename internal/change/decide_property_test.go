package change_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bunnyhop/internal/change"
)

func drawChanges(t *rapid.T) []change.Change {
	n := rapid.IntRange(1, 8).Draw(t, "changes")
	changes := make([]change.Change, n)
	for i := range changes {
		c := change.Change{ID: fmt.Sprint(i), Recommended: rapid.Bool().Draw(t, "recommended")}
		if rapid.IntRange(0, 4).Draw(t, "locked") == 0 {
			c.Locked = "because"
		}
		for _, need := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID).Draw(t, "requires") {
			c.Requires = append(c.Requires, fmt.Sprint(need))
		}
		changes[i] = c
	}
	return changes
}

// accepted says what a decision means: a locked change needs none.
func accepted(c change.Change, d change.Decisions) bool { return c.Locked != "" || d[c.ID] }

// contradiction names an accepted change whose requirement is rejected.
func contradiction(changes []change.Change, d change.Decisions) string {
	for _, c := range changes {
		if decided, ok := d[c.ID]; ok && !decided && c.Locked != "" {
			return c.ID + " is locked and rejected"
		}
		for _, need := range c.Requires {
			if ok, decided := d[need]; accepted(c, d) && decided && !ok {
				return c.ID + " is accepted, and its " + need + " rejected"
			}
		}
	}
	return ""
}

func TestDecisionsNeverContradictEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := drawChanges(t)
		d := change.Decisions{}
		if rapid.Bool().Draw(t, "from recommended") {
			d = change.Recommended(changes)
			if open := change.Undecided(changes, d); len(open) != 0 {
				t.Fatalf("recommended leaves %v open", open)
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "decisions") {
			if found := contradiction(changes, d); found != "" {
				t.Fatalf("%s: %v", found, d)
			}
			c := rapid.SampledFrom(changes).Draw(t, "change")
			accept := rapid.Bool().Draw(t, "accept")
			before := maps.Clone(d)
			others := change.Decide(changes, d, c.ID, accept)
			if accept && !d[c.ID] {
				t.Fatalf("%s was accepted and is not", c.ID)
			}
			for _, other := range changes {
				was, decided := before[other.ID]
				now, still := d[other.ID]
				moved := was != now || decided != still
				if told := slices.Contains(others, other.ID); told != (moved && other.ID != c.ID) {
					t.Fatalf("deciding %s: %s moved %v, told %v", c.ID, other.ID, moved, told)
				}
				if moved && now != accept {
					t.Fatalf("deciding %s %v turned %s the other way", c.ID, accept, other.ID)
				}
			}
		}
		if found := contradiction(changes, d); found != "" {
			t.Fatalf("%s: %v", found, d)
		}
	})
}
