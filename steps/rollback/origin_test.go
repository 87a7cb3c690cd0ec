package rollback_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/rollback"
)

// keep is the step of an upgrade that keeps the old code.
type keep struct{ moves []facts.Move }

func (keep) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("done again"), nil
}

func (k keep) Do(_ context.Context, r *steps.Run) error {
	return facts.Switched.Set(r, facts.Switch{Moves: k.moves})
}
func (keep) Undo(context.Context, *steps.Run) error { return nil }

// An upgrade is only offered to be taken back while its old code is there.
func TestKept(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	root, kept := t.TempDir(), filepath.Join(t.TempDir(), "node_modules")
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	e, err := steps.Start(steps.Flow{ID: "upgrade", Title: "Upgrade", Steps: []steps.Step{
		{ID: "switch", Title: "Switch", Phase: steps.Cutover, Action: keep{[]facts.Move{
			{Live: filepath.Join(root, "node_modules"), Kept: kept},
			{Live: filepath.Join(root, "package-lock.json"), Kept: kept + "-of-nothing", Absent: true},
		}}},
	}}, root)
	if err != nil {
		t.Fatal(err)
	}
	if result := e.Execute(t.Context()); result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	runs, err := steps.Runs(root)
	if err != nil {
		t.Fatal(err)
	}
	run := rollback.Candidate(runs)
	if run == nil {
		t.Fatal("the upgrade is no candidate")
	}
	if there, err := rollback.Kept(run); err != nil || !there {
		t.Errorf("kept: %v, %v", there, err)
	}
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if there, err := rollback.Kept(run); err != nil || there {
		t.Errorf("removed, but kept: %v, %v", there, err)
	}
}
