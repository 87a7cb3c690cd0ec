package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

func brokenUndoScene(t *testing.T) *scene {
	s := newScene(t)
	s.add("stop", steps.Cutover, byHand{undoable{s.fake("stop")}, []string{"systemctl start blog"}})
	s.add("switch", steps.Cutover, byHand{undoable{s.fake("switch")}, []string{"mv old new"}})
	s.cutover("migrate")
	s.fakes["migrate"].onDo = failing("duplicate column")
	s.fakes["switch"].onUndo = func(context.Context, *steps.Run) error { return errors.New("read-only file system") }
	return s
}

// Starting the old code (undoing stop) over a switch that was not taken back
// would be wrong (S4).
func TestFailingUndoStopsThereAndReportsBothErrors(t *testing.T) {
	s := brokenUndoScene(t)
	e := s.start(t)
	w := execute(t, e, defaults(t))
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch", "do migrate", "undo migrate", "undo switch"})
	manual := []string{"mv old new", "systemctl start blog"}
	equal(t, "result", w.result, steps.Result{
		Run: e.Run().ID, Flow: "upgrade", Project: s.root, Status: steps.NeedsPerson, Step: "migrate",
		Error:     "duplicate column",
		UndoError: "taking back switch: read-only file system",
		State:     "putting back stopped half way; nothing was deleted, both states are kept",
		Hint:      "mend the cause and run `bunnyhop rollback` again, or run the commands below by hand",
		Manual:    manual, Code: fault.NeedsPerson,
	})
	equal(t, "told", find[steps.UndoFailed](w.events), []steps.UndoFailed{
		{Step: "switch", Error: "read-only file system", Manual: manual},
	})
	_, short := journal(t, e.Run().Dir)
	equal(t, "end of the journal", short[len(short)-3:], []string{"undo_started switch", "undo_failed switch", "run_finished"})
	closeEngine(t, e)

	summary := s.unfinished(t)
	if !summary.Touched || !summary.RollingBack || summary.Status != steps.NeedsPerson || summary.Error != "duplicate column" {
		t.Errorf("summary %+v", summary)
	}
	if _, err := steps.Start(s.flow, s.root); fault.CodeOf(err) != fault.NeedsPerson {
		t.Errorf("a second run was not refused: %v", err)
	}
}

// Rollback and resume both finish what is left, and only that.
func TestBrokenRollbackIsFinishedLater(t *testing.T) {
	for name, again := range map[string]func(*testing.T, *steps.Engine) watched{
		"rollback": rollback,
		"resume":   func(t *testing.T, e *steps.Engine) watched { return execute(t, e, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := brokenUndoScene(t)
			e := s.start(t)
			execute(t, e, defaults(t))
			closeEngine(t, e)
			s.diary.take()

			e = s.resume(t)
			w := again(t, e)
			equal(t, "still broken", w.result.Status, steps.NeedsPerson)
			equal(t, "work while broken", s.diary.take(), []string{"undo switch"})
			closeEngine(t, e)

			s.fakes["switch"].onUndo = nil
			e = s.resume(t)
			w = again(t, e)
			equal(t, "status", w.result.Status, steps.RolledBack)
			equal(t, "work", s.diary.take(), []string{"undo switch", "undo stop"})
			if w.result.UndoError != "" || len(w.result.Manual) != 0 {
				t.Errorf("result %+v", w.result)
			}
			closeEngine(t, e)
			if open, err := steps.Unfinished(s.root); open != nil || err != nil {
				t.Errorf("unfinished: %+v, %v", open, err)
			}
		})
	}
}

// What is said of a rollback is said after the look, not before it: one that
// breaks again in a later process is not called finished, and keeps the first
// error (S3).
func TestRollbackThatBreaksAgainIsNotCalledFinished(t *testing.T) {
	for name, again := range map[string]func(*testing.T, *steps.Engine) watched{
		"rollback": rollback,
		"resume":   func(t *testing.T, e *steps.Engine) watched { return execute(t, e, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := brokenUndoScene(t)
			e := s.start(t)
			execute(t, e, defaults(t))
			closeEngine(t, e)

			e = s.resume(t)
			got := again(t, e).result
			closeEngine(t, e)
			equal(t, "status", got.Status, steps.NeedsPerson)
			equal(t, "undo error", got.UndoError, "taking back switch: read-only file system")
			for _, lie := range []string{"finished now", "done now", "rolled back"} {
				if strings.Contains(got.Error, lie) {
					t.Errorf("the rollback failed again, and the error says %q: %s", lie, got.Error)
				}
			}
			if !strings.Contains(got.Error, "migrate had failed: duplicate column") {
				t.Errorf("error %q has lost the first cause", got.Error)
			}

			s.fakes["switch"].onUndo = nil
			got = execute(t, s.resume(t), nil).result
			equal(t, "status in the end", got.Status, steps.RolledBack)
			equal(t, "error in the end", got.Error, "migrate had failed: duplicate column; what was left of the rollback is done now")
		})
	}
}

// The first error of the run is not hidden by what comes after it (S3).
func TestResumedRollbackKeepsTheFirstError(t *testing.T) {
	s := brokenUndoScene(t)
	e := s.start(t)
	execute(t, e, defaults(t))
	closeEngine(t, e)
	s.fakes["switch"].onUndo = nil
	w := execute(t, s.resume(t), nil)
	if !strings.Contains(w.result.Error, "duplicate column") {
		t.Errorf("error %q has lost the first cause", w.result.Error)
	}
}

// A finished upgrade can be taken back on request, and a crash while that is
// done leaves the project to this run: a new one may not begin.
func TestFinishedRunCanBeTakenBack(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch")
	s.finish("report")
	e := s.start(t)
	execute(t, e, nil)
	closeEngine(t, e)
	all, err := steps.Runs(s.root)
	if err != nil || len(all) != 1 || all[0].Touched || all[0].Status != steps.Done {
		t.Fatalf("runs %+v, %v", all, err)
	}
	s.diary.take()

	e = opened(t)(steps.Resume(s.flow, all[0]))
	s.fakes["stop"].onUndo = func(context.Context, *steps.Run) error {
		s.tearOff(t, e)
		return errors.New("killed")
	}
	rollback(t, e)
	summary := s.unfinished(t)
	if !summary.Touched || !summary.RollingBack {
		t.Errorf("half taken back, but touched %v, rolling back %v", summary.Touched, summary.RollingBack)
	}
	if _, err := steps.Start(s.flow, s.root); err == nil {
		t.Error("a new run was begun on a project that is half taken back")
	}

	s.fakes["stop"].onUndo = nil
	e = s.resume(t)
	equal(t, "status", execute(t, e, nil).result.Status, steps.RolledBack)
	equal(t, "work", s.diary.take(), []string{"undo switch", "undo stop", "undo stop"})
	closeEngine(t, e)
	closeEngine(t, s.start(t))
}

func TestRollbackBeforeTheCutoverTouchesNothing(t *testing.T) {
	s := newScene(t)
	s.prepare("backup", "stage")
	s.cutover("stop")
	s.fakes["stage"].onDo = failing("no")
	e := s.start(t)
	execute(t, e, nil)
	closeEngine(t, e)
	s.diary.take()
	w := rollback(t, s.resume(t))
	equal(t, "status", w.result.Status, steps.RolledBack)
	equal(t, "work", s.diary.take(), nil)
}
