package tui

import (
	"strings"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// tellEvery is how often progress is told.
const tellEvery = 10 * time.Second

// event says what happened, and asks what is asked.
func (t *talk) event(event steps.Event) {
	t.c.rec.apply(event, t.c.now())
	switch e := event.(type) {
	case steps.StepStarted:
		s := t.c.rec.step(e.Step)
		t.say("Step %d of %d: %s.", t.c.rec.index(s), len(t.c.rec.steps), s.Title)
		t.said, t.label = t.c.now(), ""
	case steps.Progress:
		t.progress(t.c.rec.step(e.Step).work)
	case steps.StepDone:
		s := t.c.rec.step(e.Step)
		t.say("Done: %s", strings.Join(nonEmpty(s.Title, s.summary), ", "))
	case steps.StepFailed:
		t.failed(t.c.rec.step(e.Step).failure)
	case steps.UndoStarted:
		t.say("Putting back: %s.", t.c.rec.step(e.Step).Title)
	case steps.UndoFailed:
		s := t.c.rec.step(e.Step)
		t.say("Could not be put back: %s: %s", s.Title, s.stuck.Error)
	case steps.GateOpened:
		t.gate(e.Gate)
	}
}

func (t *talk) progress(w *work) {
	now := t.c.now()
	if w.now.Label == t.label && now.Sub(t.said) < tellEvery {
		return
	}
	t.label, t.said = w.now.Label, now
	t.say("  %s", strings.Join(nonEmpty(w.now.Label, w.about(t.c)), ": "))
}

func (t *talk) failed(f *steps.StepFailed) {
	t.say("Failed: %s", f.Error)
	if f.State != "" {
		t.say("State: %s", f.State)
	}
	if f.Hint != "" {
		t.say("Next: %s", f.Hint)
	}
}

// gate asks a gate; what cannot be answered is declined.
func (t *talk) gate(gate steps.Gate) {
	shown := clean(gate)
	t.say("\n%s", shown.Title)
	if shown.Text != "" {
		t.say("%s", shown.Text)
	}
	var answer steps.Answer
	var err error
	switch gate.Kind {
	case steps.GateChoose, steps.GateRecovery:
		answer, err = t.choice(gate, shown)
	case steps.GateFindings:
		answer, err = t.findings(gate, shown.Findings)
	case steps.GateReview:
		answer, err = t.review(gate)
	case steps.GateConfirm:
		answer, err = t.confirm(gate, shown)
	default:
		err = fault.Newf("a question of the kind %q cannot be asked here", gate.Kind).WithCode(fault.Unanswered)
	}
	if err == nil {
		err = gate.Validate(answer)
	}
	if err != nil {
		t.ses.decline(gate.ID, err)()
		return
	}
	t.ses.answer(gate.ID, answer)()
}

func (t *talk) choice(gate, shown steps.Gate) (steps.Answer, error) {
	var titles, why []string
	preset := -1
	for i, choice := range shown.Choices {
		titles, why = append(titles, strings.Join(nonEmpty(choice.Title, strings.ReplaceAll(choice.Detail, "\n", ", ")), ": ")), append(why, choice.Disabled)
		if choice.Default && choice.Disabled == "" {
			preset = i
		}
	}
	at, err := t.pick(titles, why, preset)
	if err != nil {
		return steps.Answer{}, err
	}
	return steps.Answer{Choice: gate.Choices[at].ID}, nil
}

func (t *talk) findings(gate steps.Gate, shown []advisory.Finding) (steps.Answer, error) {
	var answer steps.Answer
	for _, group := range groupFindings(shown) {
		t.say("\n%s:", group.title())
		for _, i := range group.Members {
			if err := t.finding(gate.Findings[i].ID, shown[i], &answer); err != nil {
				return answer, err
			}
		}
	}
	return answer, nil
}

// finding tells one finding and asks what it asks for; id is its ID as it
// came.
func (t *talk) finding(id string, f advisory.Finding, answer *steps.Answer) error {
	t.say("\n%s: %s (%s)", strings.Join(nonEmpty(string(f.Severity), string(f.Area)), ", "), f.Title, f.ID)
	for _, line := range f.Evidence {
		t.say("  seen: %s", line)
	}
	if f.Affects != "" {
		t.say("  who is affected: %s", f.Affects)
	}
	switch {
	case f.Remedy == "":
	case f.Uncertain:
		t.say("  what to look at: %s", f.Remedy)
	default:
		t.say("  what to do: %s", f.Remedy)
	}
	switch {
	case f.Severity == advisory.Warning:
		line, err := t.ask("Acknowledge? y or n, empty for n:")
		if err != nil {
			return err
		}
		if yes(line) {
			answer.Acknowledged = append(answer.Acknowledged, id)
		}
	case f.Severity == advisory.Blocker && f.NeverOverridable:
		t.say("  This cannot be overridden.")
	case f.Severity == advisory.Blocker:
		line, err := t.ask("Type " + f.ID + " to override it, empty to stop here:")
		if err != nil {
			return err
		}
		if line == f.ID {
			answer.Overrides = append(answer.Overrides, id)
		}
	}
	return nil
}

func (t *talk) confirm(gate, shown steps.Gate) (steps.Answer, error) {
	line, err := t.ask("Type " + shown.Confirm + " to go on, empty for no:")
	if err != nil {
		return steps.Answer{}, err
	}
	if line != strings.TrimSpace(shown.Confirm) {
		return steps.Answer{}, notConfirmed()
	}
	return steps.Answer{Confirm: gate.Confirm}, nil
}

func yes(line string) bool {
	line = strings.ToLower(line)
	return line == "y" || line == "yes"
}
