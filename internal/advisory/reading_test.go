package advisory_test

import (
	"slices"
	"testing"

	"bunnyhop/internal/advisory"
)

// item is a line of the list of breaking changes and known traps that the rule
// base was read from, and what became of it: rules, or why there is none.
type item struct {
	id, what string
	rules    []string
	none     string // why there is no rule
}

// readAll is the reading of 9.0 to 12.4; see the lists for each part.
func readAll() []item { return slices.Concat(readAny, read9, read10, read11, read12) }

func TestReadingIsWhole(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, rule := range advisory.Rules() {
		known[rule.ID] = false
	}
	seen := map[string]bool{}
	for _, i := range readAll() {
		if i.what == "" || (len(i.rules) == 0) == (i.none == "") {
			t.Errorf("%s: either rules, or why there is none", i.id)
		}
		if seen[i.id] {
			t.Errorf("%s is there twice", i.id)
		}
		seen[i.id] = true
		for _, id := range i.rules {
			if _, exists := known[id]; !exists {
				t.Errorf("%s: there is no rule %s", i.id, id)
			}
			known[id] = true
		}
	}
	for id, read := range known {
		if !read {
			t.Errorf("the rule %s comes from no item", id)
		}
	}
}
