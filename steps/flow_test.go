package steps_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bunnyhop/steps"
)

func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func TestFlowTablesAreChecked(t *testing.T) {
	action := &fake{diary: &diary{}}
	step := func(id string, phase steps.Phase) steps.Step {
		return steps.Step{ID: id, Phase: phase, Action: action}
	}
	for _, test := range []struct {
		name  string
		steps []steps.Step
		want  string // part of the error; empty means none
	}{
		{"no steps", nil, "has no steps"},
		{"no id", []steps.Step{step("", steps.Prepare)}, "lacks an id or an action"},
		{"no action", []steps.Step{{ID: "a", Phase: steps.Prepare}}, "lacks an id or an action"},
		{"no phase", []steps.Step{step("a", 0)}, "a"},
		{"unknown phase", []steps.Step{step("a", steps.Finish+1)}, "a"},
		{"twice", []steps.Step{step("a", steps.Prepare), step("a", steps.Prepare)}, "two steps are called a"},
		{"cutover before prepare", []steps.Step{step("a", steps.Cutover), step("b", steps.Prepare)}, "step b goes back"},
		{"finish before cutover", []steps.Step{step("a", steps.Finish), step("b", steps.Cutover)}, "step b goes back"},
		{"only prepare", []steps.Step{step("a", steps.Prepare)}, ""},
		{"only cutover", []steps.Step{step("a", steps.Cutover)}, ""},
		{"no cutover", []steps.Step{step("a", steps.Prepare), step("b", steps.Finish)}, ""},
		{"all phases", []steps.Step{
			step("a", steps.Prepare), step("b", steps.Prepare), step("c", steps.Cutover), step("d", steps.Finish),
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			e, err := steps.Start(steps.Flow{ID: "f", Steps: test.steps}, t.TempDir())
			if err == nil {
				closeEngine(t, e)
			}
			switch {
			case test.want == "" && err != nil:
				t.Errorf("a good table is refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestRefusedFlowLeavesNothingBehind(t *testing.T) {
	s := newScene(t)
	if _, err := steps.Start(s.flow, s.root); err == nil {
		t.Fatal("a flow without steps was started")
	}
	s.prepare("a")
	closeEngine(t, s.start(t)) // the lock is free
}

func TestRunOfAnotherFlowIsNotResumed(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	closeEngine(t, s.start(t))
	summary := s.unfinished(t)
	s.flow.ID = "restore"
	if _, err := steps.Resume(s.flow, summary); err == nil || !strings.Contains(err.Error(), "is of flow upgrade, not restore") {
		t.Errorf("got %v", err)
	}
}

// A run keeps what it has begun: a flow table that lost a step of the cutover
// could neither prove nor undo it.
func TestRunIsNotResumedWithoutAStepThatItBegan(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch")
	s.fakes["switch"].onDo = failing("no")
	e := s.start(t)
	execute(t, e, choosing(t, steps.ChooseStop))
	closeEngine(t, e)

	s.flow.Steps = s.flow.Steps[1:]
	_, err := steps.Resume(s.flow, s.unfinished(t))
	if err == nil || !strings.Contains(err.Error(), "stop") {
		t.Fatalf("got %v, want an error that names the step", err)
	}
	s.flow.Steps = nil
	s.cutover("stop", "switch")
	closeEngine(t, s.resume(t)) // the refusal gave the lock back
}
