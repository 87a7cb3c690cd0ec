package steps_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// TestLookLeavesNoTrace looks beside a run that holds the project's lock.
func TestLookLeavesNoTrace(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect")
	s.fakes["inspect"].onDo = func(_ context.Context, r *steps.Run) error { return colour.Set(r, "blue") }
	t.Setenv("TMPDIR", t.TempDir())
	other := s.start(t)
	before, err := steps.Runs(s.root)
	if err != nil {
		t.Fatal(err)
	}

	e, err := steps.Look(s.flow, s.root)
	if err != nil {
		t.Fatal(err)
	}
	if result := e.Execute(t.Context()); result.Code != fault.Done {
		t.Fatalf("ended with %+v", result)
	}
	if value, _ := colour.Get(e.Run()); value != "blue" {
		t.Errorf("it saw %q", value)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	after, err := steps.Runs(s.root)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) {
		t.Errorf("%d runs are listed, %d before", len(after), len(before))
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s is left", entry.Name())
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

func TestLookRefusesWhatChanges(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect")
	s.cutover("switch")
	if _, err := steps.Look(s.flow, s.root); err == nil || !strings.Contains(err.Error(), "step switch does more than look") {
		t.Errorf("the error is %v", err)
	}
}
