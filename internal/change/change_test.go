package change_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

func TestDecidePullsInAndPushesOut(t *testing.T) {
	locked := three()
	locked[0].Locked = "needed"
	loop := []change.Change{{ID: "a", Requires: []string{"b"}}, {ID: "b", Requires: []string{"a"}}}
	for _, test := range []struct {
		name    string
		changes []change.Change
		before  change.Decisions
		id      string
		accept  bool
		after   change.Decisions
		others  []string
	}{
		{
			"accepting pulls in", three(),
			change.Decisions{},
			"line", true,
			change.Decisions{"line": true, "version": true, "migration": true},
			[]string{"version", "migration"},
		},
		{
			"accepting turns a rejection", three(),
			change.Decisions{"version": false},
			"line", true,
			change.Decisions{"line": true, "version": true, "migration": true},
			[]string{"version", "migration"},
		},
		{
			"rejecting pushes out", three(),
			change.Decisions{"line": true, "version": true, "other": true},
			"version", false,
			change.Decisions{"line": false, "version": false, "other": true},
			[]string{"line"},
		},
		{
			"rejecting leaves the requirement", three(),
			change.Decisions{"line": true, "version": true},
			"line", false,
			change.Decisions{"line": false, "version": true},
			nil,
		},
		{
			"again", three(),
			change.Decisions{"line": false},
			"line", false,
			change.Decisions{"line": false},
			nil,
		},
		{
			"a wrong start is put right", three(),
			change.Decisions{"line": true, "version": false},
			"line", true,
			change.Decisions{"line": true, "version": true, "migration": true},
			[]string{"version", "migration"},
		},
		{
			"a locked change is not rejected", three(),
			change.Decisions{"line": true},
			"migration", false,
			change.Decisions{"line": true},
			nil,
		},
		{
			"a locked change may be accepted", three(),
			change.Decisions{},
			"migration", true,
			change.Decisions{"migration": true},
			nil,
		},
		{
			"nor what a locked change requires", locked,
			change.Decisions{"version": true},
			"version", false,
			change.Decisions{"version": true},
			nil,
		},
		{
			"no such change", three(),
			change.Decisions{},
			"nothing", true,
			change.Decisions{},
			nil,
		},
		{
			"a ring is accepted", loop,
			change.Decisions{},
			"a", true,
			change.Decisions{"a": true, "b": true},
			[]string{"b"},
		},
		{
			"a ring is rejected", loop,
			change.Decisions{"a": true, "b": true},
			"b", false,
			change.Decisions{"a": false, "b": false},
			[]string{"a"},
		},
		{
			"a requirement that is no change",
			[]change.Change{{ID: "a", Requires: []string{"gone"}}},
			change.Decisions{},
			"a", true,
			change.Decisions{"a": true},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := maps.Clone(test.before)
			others := change.Decide(test.changes, d, test.id, test.accept)
			if diff := cmp.Diff(test.after, d); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.others, others, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("others (-want +got):\n%s", diff)
			}
		})
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
