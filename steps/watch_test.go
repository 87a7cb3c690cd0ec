package steps_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"bunnyhop/steps"
)

// patience is how long a test waits before it calls a run stuck.
const patience = 10 * time.Second

// watched is a finished execution and what its reader saw.
type watched struct {
	result steps.Result
	events []steps.Event
}

// reader looks at each event while the run goes on; it may answer gates.
type reader func(e *steps.Engine, event steps.Event)

// defaults answers recovery gates with their default, as an unattended run
// does.
func defaults(t *testing.T) reader {
	return func(e *steps.Engine, event steps.Event) {
		if opened, ok := event.(steps.GateOpened); ok {
			answer(t, e, opened.Gate.ID, steps.Answer{Choice: opened.Gate.DefaultChoice()})
		}
	}
}

// choosing answers the gates with these choices, one after another.
func choosing(t *testing.T, choices ...string) reader {
	return func(e *steps.Engine, event steps.Event) {
		opened, ok := event.(steps.GateOpened)
		if !ok {
			return
		}
		if len(choices) == 0 {
			t.Errorf("gate %s was not expected", opened.Gate.ID)
			_ = e.Decline(opened.Gate.ID, context.Canceled)
			return
		}
		answer(t, e, opened.Gate.ID, steps.Answer{Choice: choices[0]})
		choices = choices[1:]
	}
}

func answer(t *testing.T, e *steps.Engine, gate string, a steps.Answer) {
	t.Helper()
	if err := e.Answer(gate, a); err != nil {
		t.Errorf("answering %s: %v", gate, err)
		_ = e.Decline(gate, err)
	}
}

// execute runs the flow to its end.
func execute(t *testing.T, e *steps.Engine, read reader) watched {
	t.Helper()
	return watch(t, e, read, e.Execute)
}

// rollback takes the run back.
func rollback(t *testing.T, e *steps.Engine) watched {
	t.Helper()
	return watch(t, e, nil, e.Rollback)
}

func watch(t *testing.T, e *steps.Engine, read reader, work func(context.Context) steps.Result) watched {
	t.Helper()
	events := e.Subscribe()
	ended := make(chan steps.Result, 1)
	go func() { ended <- work(context.Background()) }()
	var w watched
	deadline := time.After(patience)
	for {
		select {
		case event, open := <-events:
			if !open {
				w.result = <-ended
				return w
			}
			w.events = append(w.events, event)
			if read != nil {
				read(e, event)
			}
		case <-deadline:
			t.Fatalf("the run is stuck after %v", names(w.events))
		}
	}
}

// names returns each event as its kind and what it is about.
func names(events []steps.Event) []string {
	var all []string
	for _, event := range events {
		all = append(all, name(event))
	}
	return all
}

func name(event steps.Event) string {
	var about struct {
		Step string `json:"step"`
		Gate any    `json:"gate"`
	}
	raw, err := json.Marshal(event)
	if err == nil {
		err = json.Unmarshal(raw, &about)
	}
	if err != nil {
		return err.Error()
	}
	if about.Step == "" {
		return event.Kind()
	}
	return event.Kind() + " " + about.Step
}

// find returns the events of one type.
func find[E steps.Event](events []steps.Event) []E {
	var all []E
	for _, event := range events {
		if e, ok := event.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

// journal reads the journal of a run and returns its lines and each as its
// event and step.
func journal(t *testing.T, dir string) ([]steps.Line, []string) {
	t.Helper()
	lines, err := steps.ReadJournal(dir + "/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var short []string
	for _, line := range lines {
		if line.Step == "" {
			short = append(short, line.Event)
			continue
		}
		short = append(short, line.Event+" "+line.Step)
	}
	return lines, short
}

// equal compares and shows the difference.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
