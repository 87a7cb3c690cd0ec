package steps_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// fullPlan tells a child on which project to run, and whether the disk stays
// full.
type fullPlan struct {
	Root  string
	Stays bool
}

// fullChild runs a flow whose second step finds the disk full in the middle
// of a journal line: files may not grow beyond a limit from then on.
func fullChild(told []byte) int {
	var plan fullPlan
	if err := json.Unmarshal(told, &plan); err != nil {
		panic(err)
	}
	slot := steps.NewSlot[string]("text")
	limited := func(size uint64) {
		limit := unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			panic(err)
		}
	}
	d := &diary{}
	first, second := &fake{id: "first", diary: d}, &fake{id: "second", diary: d}
	second.onDo = func(_ context.Context, r *steps.Run) error {
		info, err := os.Stat(r.Path("journal.jsonl"))
		if err != nil {
			return err
		}
		limited(uint64(info.Size()) + 100)
		err = slot.Set(r, strings.Repeat("x", 1000))
		if !plan.Stays {
			limited(unix.RLIM_INFINITY)
		}
		if err == nil {
			return errors.New("the limit was not reached")
		}
		return err
	}
	e, err := steps.Start(steps.Flow{ID: "upgrade", Steps: []steps.Step{
		{ID: "first", Phase: steps.Cutover, Action: undoable{first}},
		{ID: "second", Phase: steps.Cutover, Action: undoable{second}},
	}}, plan.Root)
	if err != nil {
		panic(err)
	}
	events := e.Subscribe()
	go func() {
		for event := range events {
			if opened, ok := event.(steps.GateOpened); ok {
				_ = e.Answer(opened.Gate.ID, steps.Answer{Choice: opened.Gate.DefaultChoice()})
			}
		}
	}()
	result := e.Execute(context.Background())
	say("%s", strings.Join(d.take(), ", "))
	say("%s; %s", result.Error, result.UndoError)
	return int(result.Code)
}

func TestFullDiskInAJournalLine(t *testing.T) {
	s := newScene(t)
	code, said := spawn(t, "full", fullPlan{Root: s.root}).wait(t)
	if code != int(fault.RolledBack) || !strings.Contains(said, "do first, do second, undo second, undo first") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if !strings.Contains(said, "writing the journal") {
		t.Errorf("the cause is not told: %s", said)
	}
	all, err := steps.Runs(s.root)
	if err != nil || len(all) != 1 || all[0].Status != steps.RolledBack {
		t.Errorf("runs %+v, %v", all, err)
	}
}

// While the disk stays full nothing is undone unwritten, and once there is
// room again the rollback is finished.
func TestDiskThatStaysFullNeedsAPerson(t *testing.T) {
	s := newScene(t)
	code, said := spawn(t, "full", fullPlan{Root: s.root, Stays: true}).wait(t)
	if code != int(fault.NeedsPerson) {
		t.Errorf("exit code %d: %s", code, said)
	}
	s.cutover("first", "second")
	s.fakes["first"].done = true
	equal(t, "status", rollback(t, s.resume(t)).result.Status, steps.RolledBack)
	equal(t, "work", s.diary.take(), []string{"undo second", "undo first"})
}
