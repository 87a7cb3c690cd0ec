package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// cutoverScene has an inspect step, the given cutover steps, and a report.
// The step called broken fails.
func cutoverScene(t *testing.T, broken string, cutover ...string) *scene {
	s := newScene(t)
	s.prepare("inspect")
	s.cutover(cutover...)
	s.finish("report")
	s.fakes[broken].onDo = failing(broken + " broke")
	return s
}

func TestFailureInTheCutoverUndoesWhatWasStarted(t *testing.T) {
	cutover := []string{"stop", "final", "switch", "migrate", "start"}
	for i, broken := range cutover {
		t.Run(broken, func(t *testing.T) {
			s := cutoverScene(t, broken, cutover...)
			e := s.start(t)
			w := execute(t, e, defaults(t))
			want := []string{"do inspect"}
			for _, id := range cutover[:i+1] {
				want = append(want, "do "+id)
			}
			for j := i; j >= 0; j-- {
				want = append(want, "undo "+cutover[j])
			}
			equal(t, "work", s.diary.take(), want)
			equal(t, "result", w.result, steps.Result{
				Run: e.Run().ID, Flow: "upgrade", Project: s.root, Status: steps.RolledBack, Step: broken,
				Error: broken + " broke", Hint: "mend it", Code: fault.RolledBack,
				State: "everything was put back; the project is as it was before the cutover",
			})
			closeEngine(t, e)
			if open, err := steps.Unfinished(s.root); open != nil || err != nil {
				t.Errorf("unfinished: %+v, %v", open, err)
			}
		})
	}
}

func TestFailureInTheCutoverIsToldInOrder(t *testing.T) {
	s := cutoverScene(t, "switch", "stop", "switch")
	e := s.start(t)
	w := execute(t, e, defaults(t))
	equal(t, "events", names(w.events)[3:], []string{
		"step_started stop", "step_done stop", "step_started switch", "step_failed switch",
		"gate_opened switch", "gate_answered switch",
		"undo_started switch", "undo_done switch", "undo_started stop", "undo_done stop", "run_finished",
	})
	_, short := journal(t, e.Run().Dir)
	equal(t, "journal", short[3:], []string{
		"step_started stop", "step_done stop", "step_started switch", "step_failed switch", "gate_answered switch",
		"undo_started switch", "undo_done switch", "undo_started stop", "undo_done stop", "run_finished",
	})
	if s := e.Run(); s.Started("switch") || s.Finished("stop") {
		t.Error("the record does not know that the steps were taken back")
	}
}

func TestStepWithoutUndoIsPassedOver(t *testing.T) {
	s := newScene(t)
	s.cutover("stop")
	s.add("look", steps.Cutover, s.fake("look"))
	s.cutover("switch")
	s.fakes["switch"].onDo = failing("no")
	w := execute(t, s.start(t), defaults(t))
	equal(t, "work", s.diary.take(), []string{"do stop", "do look", "do switch", "undo switch", "undo stop"})
	equal(t, "status", w.result.Status, steps.RolledBack)
}

func TestRecoveryGateOffersRetryToRetriersOnly(t *testing.T) {
	for _, again := range []bool{false, true} {
		s := newScene(t)
		f := s.fake("start")
		f.onDo = failing("no")
		if s.add("start", steps.Cutover, undoable{f}); again {
			s.flow.Steps[0].Action = retriable{undoable{f}}
		}
		e := s.start(t)
		w := execute(t, e, func(e *steps.Engine, event steps.Event) {
			opened, ok := event.(steps.GateOpened)
			if !ok {
				return
			}
			gate := opened.Gate
			if gate.Kind != steps.GateRecovery || gate.DefaultChoice() != steps.ChooseRollback || gate.Text != "no" {
				t.Errorf("gate %+v", gate)
			}
			if !again {
				if err := e.Answer(gate.ID, steps.Answer{Choice: steps.ChooseRetry}); fault.CodeOf(err) != fault.Usage {
					t.Errorf("retry of a step that is done once: %v", err)
				}
				answer(t, e, gate.ID, steps.Answer{Choice: steps.ChooseRollback})
				return
			}
			f.onDo = nil
			answer(t, e, gate.ID, steps.Answer{Choice: steps.ChooseRetry})
		})
		want, work := steps.RolledBack, []string{"do start", "undo start"}
		if again {
			// What the failed attempt left is looked at and taken back first.
			want, work = steps.Done, []string{"do start", "check start", "undo start", "do start"}
		}
		equal(t, "status", w.result.Status, want)
		equal(t, "work", s.diary.take(), work)
	}
}

func TestRetryAsOftenAsThePersonWants(t *testing.T) {
	s := newScene(t)
	s.cutover("stop")
	f := s.fake("start")
	s.add("start", steps.Cutover, retriable{undoable{f}})
	f.onDo = failing("port taken")
	w := execute(t, s.start(t), choosing(t, steps.ChooseRetry, steps.ChooseRetry, steps.ChooseRollback))
	equal(t, "status", w.result.Status, steps.RolledBack)
	equal(t, "failures", len(find[steps.StepFailed](w.events)), 3)
	equal(t, "end of the work", s.diary.take()[7:], []string{"do start", "undo start", "undo stop"})
}

func TestStopLeavesBothStatesAndSaysHowToGoBack(t *testing.T) {
	s := newScene(t)
	s.add("stop", steps.Cutover, byHand{undoable{s.fake("stop")}, []string{"systemctl start blog"}})
	s.add("switch", steps.Cutover, byHand{undoable{s.fake("switch")}, []string{"mv old new", "ls"}})
	s.add("start", steps.Cutover, byHand{undoable{s.fake("start")}, []string{"never needed"}})
	s.fakes["switch"].onDo = failing("no")
	e := s.start(t)
	w := execute(t, e, choosing(t, steps.ChooseStop))
	equal(t, "work", s.diary.take(), []string{"do stop", "do switch"})
	equal(t, "manual", w.result.Manual, []string{"mv old new", "ls", "systemctl start blog"})
	if r := w.result; r.Status != steps.NeedsPerson || r.Code != fault.NeedsPerson || r.Error != "no" || r.Hint == "" || r.State == "" {
		t.Errorf("result %+v", r)
	}
	closeEngine(t, e)

	summary := s.unfinished(t)
	if !summary.Touched || summary.Status != steps.NeedsPerson {
		t.Errorf("touched %v, status %s", summary.Touched, summary.Status)
	}
	_, err := steps.Start(s.flow, s.root)
	if fault.CodeOf(err) != fault.NeedsPerson || !strings.Contains(fault.HintOf(err), "rollback") {
		t.Errorf("a second run on a half changed project: %v", err)
	}
	w = rollback(t, s.resume(t))
	equal(t, "status", w.result.Status, steps.RolledBack)
	equal(t, "work of the rollback", s.diary.take(), []string{"undo switch", "undo stop"})
}

func TestDeclinedRecoveryRollsBack(t *testing.T) {
	s := cutoverScene(t, "switch", "stop", "switch")
	w := execute(t, s.start(t), func(e *steps.Engine, event steps.Event) {
		if opened, ok := event.(steps.GateOpened); ok {
			if err := e.Decline(opened.Gate.ID, errors.New("nobody")); err != nil {
				t.Error(err)
			}
		}
	})
	equal(t, "status", w.result.Status, steps.RolledBack)
}

func TestCancelledContextRollsBackAnOpenRecovery(t *testing.T) {
	s := cutoverScene(t, "switch", "stop", "switch")
	e := s.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	w := watch(t, e, func(_ *steps.Engine, event steps.Event) {
		if _, opened := event.(steps.GateOpened); opened {
			cancel()
		}
	}, func(context.Context) steps.Result { return e.Execute(ctx) })
	equal(t, "status", w.result.Status, steps.RolledBack)
}
