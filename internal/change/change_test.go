package change_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
)

// three is a line that needs a version that needs a locked migration.
func three() []change.Change {
	return []change.Change{
		{ID: "line", Requires: []string{"version"}, Recommended: true},
		{ID: "version", Requires: []string{"migration"}},
		{ID: "migration", Locked: "the code needs it"},
		{ID: "other", Recommended: true},
	}
}

func TestRecommendedPullsInWhatItRequires(t *testing.T) {
	want := change.Decisions{"line": true, "version": true, "migration": true, "other": true}
	if diff := cmp.Diff(want, change.Recommended(three())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	changes := three()
	changes[0].Recommended = false
	want = change.Decisions{"line": false, "version": false, "migration": true, "other": true}
	if diff := cmp.Diff(want, change.Recommended(changes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUndecidedLeavesLockedChangesOut(t *testing.T) {
	if got := change.Undecided(three(), change.Decisions{"version": false}); !slices.Equal(got, []string{"line", "other"}) {
		t.Errorf("got %v", got)
	}
	if got := change.Undecided(three(), change.Recommended(three())); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := change.Undecided(nil, nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
