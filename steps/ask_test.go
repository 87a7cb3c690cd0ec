package steps_test

import (
	"context"
	"errors"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

func target(text string) steps.Gate {
	return steps.Gate{
		ID: "target", Kind: steps.GateChoose, Title: "Which version", Text: text,
		Choices: []steps.Choice{{ID: "11", Title: "11.17.4"}, {ID: "12", Title: "12.4.0"}},
	}
}

// askingScene asks for the target in its first step and fails in its second.
func askingScene(t *testing.T, gate *steps.Gate, got *[]string) *scene {
	s := newScene(t)
	s.prepare("choose", "stage")
	s.fakes["choose"].onDo = func(ctx context.Context, r *steps.Run) error {
		a, err := r.Ask(ctx, *gate)
		*got = append(*got, a.Choice)
		return err
	}
	s.fakes["stage"].onDo = failing("no luck")
	return s
}

func TestAnswerIsJournaledAndTold(t *testing.T) {
	gate, got := target("once"), []string{}
	s := askingScene(t, &gate, &got)
	s.fakes["stage"].onDo = nil
	e := s.start(t)
	w := execute(t, e, choosing(t, "12"))
	equal(t, "answers", got, []string{"12"})
	equal(t, "opened", find[steps.GateOpened](w.events), []steps.GateOpened{{Step: "choose", Gate: gate}})
	equal(t, "answered", find[steps.GateAnswered](w.events), []steps.GateAnswered{
		{Step: "choose", Gate: "target", Answer: steps.Answer{Choice: "12"}},
	})
	_, short := journal(t, e.Run().Dir)
	equal(t, "journal", short[:4], []string{"run_started", "step_started choose", "gate_answered choose", "step_done choose"})
}

func TestAnswerIsReusedForTheSameQuestionOnly(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(g *steps.Gate)
		want   []string
		opened int
	}{
		{"the same question", func(*steps.Gate) {}, []string{"12", "12"}, 0},
		{"another text", func(g *steps.Gate) { g.Text = "12 loses something" }, []string{"12", "11"}, 1},
		{"another choice", func(g *steps.Gate) { g.Choices = append(g.Choices, steps.Choice{ID: "13"}) }, []string{"12", "11"}, 1},
		{"the choice is disabled", func(g *steps.Gate) { g.Choices[1].Disabled = "gone" }, []string{"12", "11"}, 1},
		{"another gate", func(g *steps.Gate) { g.ID = "aim" }, []string{"12", "11"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			gate, got := target("once"), []string{}
			s := askingScene(t, &gate, &got)
			e := s.start(t)
			execute(t, e, choosing(t, "12"))
			closeEngine(t, e)

			test.change(&gate)
			s.fakes["choose"].done = false // it has to be done, and so asked, again
			w := execute(t, s.resume(t), choosing(t, "11"))
			equal(t, "answers", got, test.want)
			if opened := len(find[steps.GateOpened](w.events)); opened != test.opened {
				t.Errorf("%d gates were opened, want %d", opened, test.opened)
			}
			answers := find[steps.GateAnswered](w.events)
			if len(answers) != 1 || answers[0].Earlier == (test.opened == 1) {
				t.Errorf("told %+v", answers)
			}
		})
	}
}

func TestInvalidAnswerLeavesTheGateOpen(t *testing.T) {
	gate, got := target("once"), []string{}
	s := askingScene(t, &gate, &got)
	e := s.start(t)
	execute(t, e, func(e *steps.Engine, event steps.Event) {
		if _, opened := event.(steps.GateOpened); !opened {
			return
		}
		if err := e.Answer("aim", steps.Answer{Choice: "11"}); err == nil {
			t.Error("a gate that is not open was answered")
		}
		if err := e.Answer("target", steps.Answer{}); fault.CodeOf(err) != fault.Unanswered {
			t.Errorf("an empty answer: %v", err)
		}
		if err := e.Answer("target", steps.Answer{Choice: "9"}); fault.CodeOf(err) != fault.Usage {
			t.Errorf("a wrong answer: %v", err)
		}
		answer(t, e, "target", steps.Answer{Choice: "11"})
		if err := e.Answer("target", steps.Answer{Choice: "12"}); err == nil {
			t.Error("a gate was answered twice")
		}
	})
	equal(t, "answers", got, []string{"11"})
}

// Without a terminal the front end declines with the error that names the
// flag, and the run ends with that error's code (S9).
func TestDeclinedGateEndsTheRunWithItsCode(t *testing.T) {
	for _, code := range []fault.Code{fault.Unanswered, fault.Blocked} {
		gate, got := target("once"), []string{}
		s := askingScene(t, &gate, &got)
		s.cutover("switch")
		e := s.start(t)
		why := fault.New("no terminal", "pass --to").WithCode(code)
		w := execute(t, e, func(e *steps.Engine, event steps.Event) {
			if opened, ok := event.(steps.GateOpened); ok {
				if err := e.Decline(opened.Gate.ID, why); err != nil {
					t.Error(err)
				}
			}
		})
		status := map[fault.Code]steps.Status{fault.Unanswered: steps.Unanswered, fault.Blocked: steps.Blocked}[code]
		equal(t, "result", w.result, steps.Result{
			Run: e.Run().ID, Flow: "upgrade", Project: s.root, Status: status, Step: "choose",
			Error: "no terminal", State: "the project is as it was", Hint: "pass --to", Code: code,
		})
		equal(t, "work", s.diary.take(), []string{"do choose"})
		closeEngine(t, e)

		// The answer can be given to a later process.
		s.fakes["stage"].onDo = nil
		w = execute(t, s.resume(t), choosing(t, "11"))
		equal(t, "status after the answer", w.result.Status, steps.Done)
	}
}

func TestDecliningWhatIsNotOpenIsAnError(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	if err := s.start(t).Decline("target", errors.New("no")); err == nil {
		t.Error("no error")
	}
}

// A destructive confirmation is passed by the typed name alone (S8).
func TestDestructiveGateInARun(t *testing.T) {
	s := newScene(t)
	s.prepare("confirm")
	s.cutover("drop")
	gate := steps.Gate{ID: "delete", Kind: steps.GateConfirm, Title: "Delete", Confirm: "blog", Destructive: true}
	s.fakes["confirm"].onDo = func(ctx context.Context, r *steps.Run) error {
		_, err := r.Ask(ctx, gate)
		return err
	}
	e := s.start(t)
	w := execute(t, e, func(e *steps.Engine, event steps.Event) {
		if _, opened := event.(steps.GateOpened); !opened {
			return
		}
		for _, a := range []steps.Answer{{}, {Choice: gate.DefaultChoice()}, {Choice: "yes"}, {Confirm: "yes"}} {
			if err := e.Answer("delete", a); fault.CodeOf(err) != fault.Unanswered {
				t.Errorf("%+v: %v", a, err)
			}
		}
		equal(t, "nothing was dropped yet", s.diary.take(), []string{"do confirm"})
		answer(t, e, "delete", steps.Answer{Confirm: "blog"})
	})
	equal(t, "status", w.result.Status, steps.Done)
	equal(t, "work", s.diary.take(), []string{"do drop"})
}
