package steps_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"bunnyhop/steps"
)

func panicking(context.Context, *steps.Run) error { panic("nil map") }

func wantPanicTold(t *testing.T, text, step string) {
	t.Helper()
	if !strings.Contains(text, "step "+step+" panicked: nil map") {
		t.Errorf("error %q does not tell the panic of %s", text, step)
	}
	if strings.Contains(text, "goroutine ") {
		t.Errorf("a stack trace is in the error for people:\n%s", text)
	}
}

func TestPanicInPrepareIsAFailure(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect")
	s.fakes["inspect"].onDo = panicking
	e := s.start(t)
	w := execute(t, e, nil)
	equal(t, "status", w.result.Status, steps.Failed)
	wantPanicTold(t, w.result.Error, "inspect")
	log, err := os.ReadFile(e.Run().Path("output.log"))
	if err != nil || !strings.Contains(string(log), "panic_test.go") {
		t.Errorf("the stack trace is not in the output log (%v):\n%s", err, log)
	}
}

func TestPanicInTheCutoverIsUndone(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch")
	s.fakes["switch"].onDo = panicking
	w := execute(t, s.start(t), defaults(t))
	equal(t, "status", w.result.Status, steps.RolledBack)
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch", "undo switch", "undo stop"})
	wantPanicTold(t, w.result.Error, "switch")
}

func TestPanicInUndoNeedsAPerson(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch")
	s.fakes["switch"].onDo = failing("first")
	s.fakes["switch"].onUndo = panicking
	w := execute(t, s.start(t), defaults(t))
	equal(t, "status", w.result.Status, steps.NeedsPerson)
	equal(t, "error", w.result.Error, "first")
	wantPanicTold(t, w.result.UndoError, "switch")
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch", "undo switch"})
}

func TestPanicInCheckOfAResumedRun(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "stage")
	s.fakes["stage"].onDo = failing("no")
	e := s.start(t)
	execute(t, e, nil)
	closeEngine(t, e)
	s.fakes["inspect"].onCheck = panicking
	w := execute(t, s.resume(t), nil)
	equal(t, "status", w.result.Status, steps.Failed)
	wantPanicTold(t, w.result.Error, "inspect")
}

// The attempt that a retry has to take back first panics: that is the failure
// of the step and not the end of the program.
func TestPanicWhileTakingBackATornAttempt(t *testing.T) {
	s := newScene(t)
	s.cutover("stop")
	f := s.fake("start")
	s.add("start", steps.Cutover, retriable{undoable{f}})
	f.onDo = failing("first")
	undone := 0
	f.onUndo = func(ctx context.Context, r *steps.Run) error {
		if undone++; undone == 1 {
			return panicking(ctx, r)
		}
		return nil
	}
	w := execute(t, s.start(t), choosing(t, steps.ChooseRetry, steps.ChooseRollback))
	equal(t, "status", w.result.Status, steps.RolledBack)
	equal(t, "work", s.diary.take(), []string{"do stop", "do start", "check start", "undo start", "undo start", "undo stop"})
}

// What a finished run leaves behind costs space, no more.
func TestPanicInCleanDoesNotFailAFinishedRun(t *testing.T) {
	s := newScene(t)
	s.add("stage", steps.Prepare, cleaned{s.fake("stage"), func() error { panic("nil map") }})
	s.add("backup", steps.Prepare, cleaned{fake: s.fake("backup")})
	w := execute(t, s.start(t), nil)
	equal(t, "status", w.result.Status, steps.Done)
	equal(t, "work", s.diary.take(), []string{"do stage", "do backup", "clean stage", "clean backup"})
}
