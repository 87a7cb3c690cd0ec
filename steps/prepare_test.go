package steps_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

func TestFailureBeforeTheCutover(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status steps.Status
		code   fault.Code
		state  string
		hint   string
	}{
		{"plain", errors.New("disk full"), steps.Failed, fault.Failed, "the project is as it was", ""},
		{"with hint", fault.New("disk full", "make room"), steps.Failed, fault.Failed, "the project is as it was", "make room"},
		{
			"with state", &fault.Error{What: "disk full", State: "a part of the backup is left"},
			steps.Failed, fault.Failed, "a part of the backup is left", "",
		},
		{
			"hint below", fmt.Errorf("backing up: %w", fault.New("disk full", "make room")),
			steps.Failed, fault.Failed, "the project is as it was", "make room",
		},
		{"blocked", fault.Newf("disk full").WithCode(fault.Blocked), steps.Blocked, fault.Blocked, "the project is as it was", ""},
		{"usage", fault.Newf("disk full").WithCode(fault.Usage), steps.Failed, fault.Usage, "the project is as it was", ""},
		{"person", fault.Newf("disk full").WithCode(fault.NeedsPerson), steps.NeedsPerson, fault.NeedsPerson, "the project is as it was", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.prepare("inspect", "backup", "stage")
			s.cutover("switch")
			s.fakes["backup"].onDo = func(context.Context, *steps.Run) error { return test.err }
			e := s.start(t)
			w := execute(t, e, nil)
			equal(t, "result", w.result, steps.Result{
				Run: e.Run().ID, Flow: "upgrade", Project: s.root, Status: test.status, Step: "backup",
				Error: test.err.Error(), State: test.state, Hint: test.hint, Code: test.code,
			})
			equal(t, "work", s.diary.take(), []string{"do inspect", "do backup"})
			equal(t, "last events", names(w.events)[4:], []string{"step_failed backup", "run_finished"})
			closeEngine(t, e)

			summary := s.unfinished(t)
			if summary.Touched || summary.Status != test.status || summary.Step != "backup" {
				t.Errorf("summary: touched %v, status %s, step %s", summary.Touched, summary.Status, summary.Step)
			}
			s.fakes["backup"].onDo = nil
			w = execute(t, s.resume(t), nil)
			equal(t, "status after mending the cause", w.result.Status, steps.Done)
			equal(t, "work after mending the cause", s.diary.take(), []string{
				"check inspect", "check backup", "do backup", "do stage", "do switch",
			})
		})
	}
}

// A new run may be started instead: the failed one changed nothing.
func TestFailedPreparationDoesNotStandInTheWay(t *testing.T) {
	s := newScene(t)
	s.prepare("backup")
	s.fakes["backup"].onDo = failing("disk full")
	e := s.start(t)
	execute(t, e, nil)
	closeEngine(t, e)
	s.fakes["backup"].onDo = nil
	e = s.start(t)
	equal(t, "status", execute(t, e, nil).result.Status, steps.Done)
	closeEngine(t, e)
	if open, err := steps.Unfinished(s.root); open != nil || err != nil {
		t.Errorf("unfinished: %+v, %v", open, err)
	}
}

// After the cutover the project is not as before: exit code 1 would say so.
func TestFailureAfterTheCutoverUndoesNothing(t *testing.T) {
	s := newScene(t)
	s.cutover("switch")
	s.finish("report")
	s.fakes["report"].onDo = failing("no paper")
	e := s.start(t)
	w := execute(t, e, nil)
	equal(t, "work", s.diary.take(), []string{"do switch", "do report"})
	if w.result.Code == fault.Failed || w.result.Code == fault.RolledBack || w.result.Code == fault.Done {
		t.Errorf("exit code %d lies about the project", w.result.Code)
	}
	if w.result.Status != steps.NeedsPerson || w.result.Step != "report" || w.result.Error != "no paper" || w.result.State == "" {
		t.Errorf("result %+v", w.result)
	}
	closeEngine(t, e)

	s.fakes["report"].onDo = nil
	w = execute(t, s.resume(t), nil)
	equal(t, "status", w.result.Status, steps.Done)
	equal(t, "work after mending", s.diary.take(), []string{"check switch", "check report", "do report"})
}

func TestFailureOfAFinishWithoutACutoverChangedNothing(t *testing.T) {
	s := newScene(t)
	s.prepare("backup")
	s.finish("report")
	s.fakes["report"].onDo = failing("no paper")
	w := execute(t, s.start(t), nil)
	if w.result.Status != steps.Failed || w.result.Code != fault.Failed || w.result.State != "the project is as it was" {
		t.Errorf("result %+v", w.result)
	}
}
