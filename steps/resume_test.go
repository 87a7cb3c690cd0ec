package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// left runs the scene and leaves it where the step broken stops it, without
// an answer that ends the run for good.
func (s *scene) left(t *testing.T, broken string) {
	t.Helper()
	s.fakes[broken].onDo = failing(broken + " broke")
	e := s.start(t)
	execute(t, e, func(e *steps.Engine, event steps.Event) {
		if opened, ok := event.(steps.GateOpened); ok {
			answer(t, e, opened.Gate.ID, steps.Answer{Choice: steps.ChooseStop})
		}
	})
	closeEngine(t, e)
	s.fakes[broken].onDo = nil
	s.diary.take()
}

func TestResumeProvesEachFinishedStepAgain(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "backup", "stage")
	s.left(t, "stage")
	e := s.resume(t)
	w := execute(t, e, nil)
	equal(t, "work", s.diary.take(), []string{"check inspect", "check backup", "check stage", "do stage"})
	equal(t, "events", names(w.events), []string{
		"run_started", "step_done inspect", "step_done backup", "step_started stage", "step_done stage", "run_finished",
	})
	done := find[steps.StepDone](w.events)
	if !done[0].Proved || done[0].Summary != "inspect is there" || !done[1].Proved || done[2].Proved {
		t.Errorf("told %+v", done)
	}
	if !find[steps.RunStarted](w.events)[0].Resumed {
		t.Error("the run does not say that it is resumed")
	}
	_, short := journal(t, e.Run().Dir)
	equal(t, "journal of the second process", short[8:], []string{
		"owner", "step_done inspect", "step_done backup", "step_started stage", "step_done stage", "run_finished",
	})
}

// The journal says done, the world says otherwise (RS2).
func TestResumeDoesAgainWhatIsNotProved(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "backup", "stage")
	s.left(t, "stage")
	s.fakes["backup"].done = false // somebody deleted it
	w := execute(t, s.resume(t), nil)
	equal(t, "work", s.diary.take(), []string{"check inspect", "check backup", "do backup", "check stage", "do stage"})
	equal(t, "status", w.result.Status, steps.Done)
}

// A step that was only started may be done nonetheless: its proof counts.
func TestResumeTakesAProvedStepAsDone(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "backup")
	s.left(t, "backup")
	s.fakes["backup"].done = true
	w := execute(t, s.resume(t), nil)
	equal(t, "work", s.diary.take(), []string{"check inspect", "check backup"})
	equal(t, "status", w.result.Status, steps.Done)
}

func TestCheckThatCannotLookFailsTheResume(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "backup")
	s.left(t, "backup")
	s.fakes["inspect"].onCheck = func(context.Context, *steps.Run) error { return errors.New("no connection") }
	w := execute(t, s.resume(t), nil)
	equal(t, "work", s.diary.take(), []string{"check inspect"})
	if w.result.Status != steps.Failed || w.result.Error != "no connection" || w.result.Step != "inspect" {
		t.Errorf("result %+v", w.result)
	}
}

// The preparing steps would look at a project that is half changed.
func TestResumeInTheCutoverStartsThere(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect", "backup")
	s.cutover("stop")
	f := s.fake("start")
	s.add("start", steps.Cutover, retriable{undoable{f}})
	s.finish("report")
	s.left(t, "start")
	w := execute(t, s.resume(t), nil)
	equal(t, "work", s.diary.take(), []string{
		"check stop", "check start", "undo start", "do start", "do report",
	})
	equal(t, "status", w.result.Status, steps.Done)
	done := find[steps.StepDone](w.events)
	if len(done) != 5 || done[0].Step != "inspect" || !done[0].Proved {
		t.Errorf("a reader was not told of the steps before: %+v", done)
	}
}

// S13: what failed is not simply run again, and the first error is kept (S3).
func TestFailedStepIsNotRunAgainOnResume(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "migrate")
	s.left(t, "migrate")
	w := execute(t, s.resume(t), defaults(t))
	equal(t, "work", s.diary.take(), []string{"check stop", "undo migrate", "undo stop"})
	equal(t, "status", w.result.Status, steps.RolledBack)
	if !strings.Contains(w.result.Error, "migrate broke") {
		t.Errorf("error %q has lost the first one", w.result.Error)
	}
}

// Resuming twice must not turn a failed migration into one that was only
// started.
func TestFailedStepStaysFailedOverManyResumes(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "migrate")
	s.left(t, "migrate")
	for range 3 {
		e := s.resume(t)
		w := execute(t, e, choosing(t, steps.ChooseStop))
		equal(t, "status", w.result.Status, steps.NeedsPerson)
		if n := strings.Count(w.result.Error, "failed earlier"); n != 1 || !strings.Contains(w.result.Error, "migrate broke") {
			t.Errorf("error %q", w.result.Error)
		}
		closeEngine(t, e)
		equal(t, "work", s.diary.take(), []string{"check stop"})
	}
}

// The process died in the step: what the torn attempt left is taken back
// before the step is done from a known state.
func TestTornStepIsTakenBackAndDoneAgain(t *testing.T) {
	s := newScene(t)
	s.prepare("inspect")
	s.cutover("stop", "switch")
	e := s.start(t)
	s.fakes["switch"].onDo = func(context.Context, *steps.Run) error {
		s.tearOff(t, e) // nothing more is written from here on
		return nil
	}
	execute(t, e, defaults(t))
	s.diary.take()
	s.fakes["switch"].onDo, s.fakes["switch"].done = nil, false

	w := execute(t, s.resume(t), nil)
	equal(t, "work", s.diary.take(), []string{"check stop", "check switch", "undo switch", "do switch"})
	equal(t, "status", w.result.Status, steps.Done)
}

// tearOff gives the run up as a crash does: the journal ends here.
func (s *scene) tearOff(t *testing.T, e *steps.Engine) {
	t.Helper()
	closeEngine(t, e)
}

func TestInterruptedUndoIsContinued(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch", "migrate")
	s.fakes["migrate"].onDo = failing("no")
	e := s.start(t)
	s.fakes["switch"].onUndo = func(context.Context, *steps.Run) error {
		s.tearOff(t, e)
		return errors.New("killed")
	}
	execute(t, e, defaults(t))
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch", "do migrate", "undo migrate", "undo switch"})
	s.fakes["switch"].onUndo = nil
	summary := s.unfinished(t)
	if !summary.Touched || !summary.RollingBack {
		t.Errorf("touched %v, rolling back %v", summary.Touched, summary.RollingBack)
	}

	e = s.resume(t)
	w := execute(t, e, nil)
	equal(t, "work", s.diary.take(), []string{"undo switch", "undo stop"})
	if r := w.result; r.Status != steps.RolledBack || r.Code != fault.RolledBack || !strings.Contains(r.Error, "no") {
		t.Errorf("result %+v", r)
	}
}

func TestRecordsAndSummariesOutliveTheProcess(t *testing.T) {
	size := steps.NewSlot[map[string]int]("size")
	s := newScene(t)
	s.prepare("inspect", "stage")
	s.fakes["inspect"].onDo = func(_ context.Context, r *steps.Run) error {
		if err := size.Set(r, map[string]int{"bytes": 1}); err != nil {
			return err
		}
		return size.Set(r, map[string]int{"bytes": 9007199254740993})
	}
	s.left(t, "stage")
	e := s.resume(t)
	value, err := size.Need(e.Run())
	if err != nil || value["bytes"] != 9007199254740993 {
		t.Errorf("got %v, %v", value, err)
	}
	if !e.Run().Started("inspect") || !e.Run().Finished("inspect") || e.Run().Finished("stage") {
		t.Error("the run does not know what was done")
	}
	if _, err := steps.NewSlot[string]("nothing").Need(e.Run()); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("a missing record: %v", err)
	}
}
