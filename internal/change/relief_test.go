package change

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// relieving are a creation, a copy that needs it, and a deletion that loses
// nothing once the copy is accepted.
func relieving() []Change {
	return []Change{
		{ID: "create", Risk: Safe},
		{ID: "copy", Risk: Caution, Requires: []string{"create"}},
		{
			ID: "delete", Risk: Destructive, Detail: "lost", Evidence: []Evidence{{Label: "values", Value: "3", Loss: true}},
			Relief: &Relief{By: "copy", Risk: Caution, Detail: "kept", Evidence: []Evidence{{Label: "values", Value: "3, elsewhere"}}},
		},
	}
}

func TestRelief(t *testing.T) {
	changes := relieving()
	r := NewReview(changes, nil)
	if c := r.Shown(2); c.Risk != Destructive || c.Detail != "lost" || !c.Evidence[0].Loss {
		t.Errorf("alone: %+v", c)
	}
	r.Decide(true, 2)
	r.Decide(true, 1)
	if c := r.Shown(2); c.Risk != Caution || c.Detail != "kept" || c.Evidence[0].Loss {
		t.Errorf("with the copy: %+v", c)
	}
	if changes[2].Risk != Destructive {
		t.Error("the change itself is otherwise")
	}
	// Not even by rejecting what the copy needs is anything lost in passing.
	if effect := r.Decide(false, 0); !cmp.Equal(effect, Effect{Decided: []int{0}, Followed: []int{1, 2}}) {
		t.Errorf("%+v", effect)
	}
	if changed := r.Undo(); !cmp.Equal(changed, []int{0, 1, 2}) {
		t.Errorf("taken back: %v", changed)
	}
	if effect := r.Decide(false, 1); !cmp.Equal(effect, Effect{Decided: []int{1}, Followed: []int{2}}) {
		t.Errorf("%+v", effect)
	}
	if effect := r.Decide(true, 2); !cmp.Equal(effect, Effect{Decided: []int{2}}) {
		t.Errorf("the loss, accepted for itself: %+v", effect)
	}
	if effect := r.Decide(false, 1); len(effect.Followed) > 0 {
		t.Errorf("rejected once more: %+v", effect)
	}
}

func TestRelieved(t *testing.T) {
	changes := relieving()
	for _, test := range []struct {
		decisions Decisions
		risk      Risk
	}{
		{nil, Destructive},
		{Decisions{"copy": false, "delete": true}, Destructive},
		{Decisions{"copy": true}, Caution},
	} {
		if got := Relieved(changes, test.decisions)[2].Risk; got != test.risk {
			t.Errorf("%v: %s", test.decisions, got)
		}
	}
	if diff := cmp.Diff(relieving(), changes); diff != "" {
		t.Errorf("the changes themselves are otherwise\n%s", diff)
	}
}
