package steps_test

import (
	"context"
	"errors"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// during calls stop while the step works, and then lets the work go on.
func (s *scene) during(id string, stop func(*steps.Engine), engine **steps.Engine) {
	s.fakes[id].onDo = func(ctx context.Context, _ *steps.Run) error {
		stop(*engine)
		return ctx.Err()
	}
}

// stops are the ways to end a run from outside. Before the cutover they mean
// the same.
var stops = map[string]func(*steps.Engine){
	"interrupt": (*steps.Engine).Interrupt,
	"detach":    (*steps.Engine).Detach,
}

func wantInterrupted(t *testing.T, s *scene, w watched, step string) {
	t.Helper()
	equal(t, "result", w.result, steps.Result{
		Run: w.result.Run, Flow: "upgrade", Project: s.root, Status: steps.Interrupted, Step: step,
		Error: "interrupted", State: "the project is as it was", Hint: "`bunnyhop resume` goes on from here",
		Code: fault.Interrupted,
	})
}

func TestStopBeforeTheCutoverCanBeResumed(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.prepare("inspect", "backup", "stage")
			s.cutover("switch")
			var e *steps.Engine
			s.during("backup", stop, &e)
			e = s.start(t)
			w := execute(t, e, nil)
			wantInterrupted(t, s, w, "backup")
			equal(t, "work", s.diary.take(), []string{"do inspect", "do backup"})
			closeEngine(t, e)
			equal(t, "status in the list", s.unfinished(t).Status, steps.Interrupted)

			s.fakes["backup"].onDo = nil
			w = execute(t, s.resume(t), nil)
			equal(t, "status", w.result.Status, steps.Done)
			equal(t, "work", s.diary.take(), []string{"check inspect", "check backup", "do backup", "do stage", "do switch"})
		})
	}
}

// A child that is killed by the interrupt ends with an error of its own.
func TestInterruptCountsWhateverTheStepSaysOfIt(t *testing.T) {
	s := newScene(t)
	s.prepare("stage")
	var e *steps.Engine
	s.fakes["stage"].onDo = func(ctx context.Context, _ *steps.Run) error {
		e.Interrupt()
		<-ctx.Done()
		return errors.New("npm exited with 1")
	}
	e = s.start(t)
	wantInterrupted(t, s, execute(t, e, nil), "stage")
}

// A step that does not look at its context ends the run nonetheless: the next
// step is not begun.
func TestStopIsSeenBetweenPreparingSteps(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.prepare("inspect", "backup")
			var e *steps.Engine
			s.fakes["inspect"].onDo = func(context.Context, *steps.Run) error { stop(e); return nil }
			e = s.start(t)
			wantInterrupted(t, s, execute(t, e, nil), "backup")
			equal(t, "work", s.diary.take(), []string{"do inspect"})
		})
	}
}

func TestStopOfTheLastPreparingStepBeginsNoCutover(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.prepare("review")
			s.cutover("stop")
			var e *steps.Engine
			s.fakes["review"].onDo = func(context.Context, *steps.Run) error { stop(e); return nil }
			e = s.start(t)
			wantInterrupted(t, s, execute(t, e, nil), "stop")
			equal(t, "work", s.diary.take(), []string{"do review"})
		})
	}
}

func TestStopBeforeExecuteDoesNothing(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.prepare("inspect")
			e := s.start(t)
			stop(e)
			wantInterrupted(t, s, execute(t, e, nil), "inspect")
			equal(t, "work", s.diary.take(), nil)
		})
	}
}

// The current step is finished, then everything is put back. That holds in
// the last step of the cutover too.
func TestInterruptInTheCutoverPutsEverythingBack(t *testing.T) {
	for _, last := range []bool{false, true} {
		for _, finish := range []bool{false, true} {
			s := newScene(t)
			s.prepare("inspect")
			s.cutover("stop", "switch")
			if !last {
				s.cutover("migrate")
			}
			if finish {
				s.finish("report")
			}
			var e *steps.Engine
			s.during("switch", (*steps.Engine).Interrupt, &e)
			e = s.start(t)
			w := execute(t, e, nil)
			equal(t, "work", s.diary.take(), []string{"do inspect", "do stop", "do switch", "undo switch", "undo stop"})
			if r := w.result; r.Status != steps.RolledBack || r.Code != fault.RolledBack || r.Error == "" {
				t.Errorf("result %+v", r)
			}
			if done := find[steps.StepDone](w.events); len(done) != 3 || done[2].Step != "switch" {
				t.Errorf("the current step was not finished: %+v", done)
			}
		}
	}
}

// Nobody watches any more: a half done cutover is worse than either end.
func TestDetachInTheCutoverGoesOnToTheEnd(t *testing.T) {
	s := newScene(t)
	s.cutover("stop", "switch")
	s.finish("report")
	var e *steps.Engine
	s.during("stop", (*steps.Engine).Detach, &e)
	e = s.start(t)
	w := execute(t, e, nil)
	equal(t, "status", w.result.Status, steps.Done)
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch", "do report"})
}

func TestFailureAfterDetachIsRolledBackUnasked(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.cutover("stop", "switch")
			var e *steps.Engine
			s.fakes["switch"].onDo = func(context.Context, *steps.Run) error { stop(e); return errors.New("no") }
			e = s.start(t)
			w := execute(t, e, nil)
			equal(t, "status", w.result.Status, steps.RolledBack)
			equal(t, "gates", find[steps.GateOpened](w.events), nil)
			equal(t, "error", w.result.Error, "no")
		})
	}
}

func TestStopAnswersAnOpenRecoveryWithRollback(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			s := cutoverScene(t, "switch", "stop", "switch")
			w := execute(t, s.start(t), func(e *steps.Engine, event steps.Event) {
				if _, opened := event.(steps.GateOpened); opened {
					stop(e)
				}
			})
			equal(t, "status", w.result.Status, steps.RolledBack)
		})
	}
}

// A question of a step in the cutover has nobody left to answer it: the step
// fails, and what was changed is put back.
func TestStopClosesAQuestionInTheCutover(t *testing.T) {
	for name, stop := range stops {
		for _, when := range []string{"open", "before"} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := newScene(t)
				s.cutover("stop", "verify")
				var e *steps.Engine
				s.fakes["verify"].onDo = func(ctx context.Context, r *steps.Run) error {
					if when == "before" {
						stop(e)
					}
					_, err := r.Ask(ctx, target("now what"))
					return err
				}
				e = s.start(t)
				w := execute(t, e, func(e *steps.Engine, event steps.Event) {
					if _, opened := event.(steps.GateOpened); opened {
						stop(e)
					}
				})
				equal(t, "status", w.result.Status, steps.RolledBack)
				equal(t, "work", s.diary.take(), []string{"do stop", "do verify", "undo verify", "undo stop"})
			})
		}
	}
}

func TestStopAtAnOpenGateBeforeTheCutover(t *testing.T) {
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			gate, got := target("once"), []string{}
			s := askingScene(t, &gate, &got)
			w := execute(t, s.start(t), func(e *steps.Engine, event steps.Event) {
				if _, opened := event.(steps.GateOpened); opened {
					stop(e)
				}
			})
			wantInterrupted(t, s, w, "choose")
		})
	}
}

// The change is proved by then; only its report is left.
func TestInterruptAfterTheCutoverUndoesNothing(t *testing.T) {
	s := newScene(t)
	s.cutover("switch")
	s.finish("report", "tidy")
	var e *steps.Engine
	s.during("report", (*steps.Engine).Interrupt, &e)
	e = s.start(t)
	w := execute(t, e, nil)
	equal(t, "status", w.result.Status, steps.Done)
	equal(t, "work", s.diary.take(), []string{"do switch", "do report", "do tidy"})
}
