package main

import (
	"context"
	"errors"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// reader shows a run to whoever is there. It is called from one goroutine.
type reader interface {
	// Event is called for every event of the run, in order.
	Event(e steps.Event, now time.Time)
	// Tick is called about once a second.
	Tick(now time.Time)
	// Notice tells of a signal and of what happens now.
	Notice(signal, text string, now time.Time)
}

// answerer answers the gates of a run. Gate must not block: an answer that
// takes time is given from a goroutine. Closed says that the gate's step is
// over, whether it was answered or not.
type answerer interface {
	Gate(engine *steps.Engine, gate steps.Gate)
	Closed()
}

// drive runs a job to its end, shows its events and has its gates answered.
func (a *app) drive(ctx context.Context, j *job, show reader, answers answerer) steps.Result {
	events := j.engine.Subscribe()
	signals, stop := notifySignals()
	defer stop()
	// The context ends at the first signal; the run ends by Interrupt, so that
	// a cutover is never cut off.
	if ctx.Err() != nil {
		j.engine.Interrupt()
	}
	ended := make(chan steps.Result, 1)
	go func() { ended <- j.execute(context.WithoutCancel(ctx)) }()

	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	watch := phaseWatch{flow: j.engine.Flow()}
	lost := false
	for {
		select {
		case e, open := <-events:
			if !open {
				return <-ended
			}
			watch.event(e)
			show.Event(e, time.Now())
			switch e := e.(type) {
			case steps.GateOpened:
				answers.Gate(j.engine, e.Gate)
			case steps.GateAnswered, steps.StepFailed, steps.StepDone, steps.RunFinished:
				answers.Closed()
			}
		case signal := <-signals:
			name, text := act(j.engine, signal, &watch)
			show.Notice(name, text, time.Now())
		case now := <-ticker.C:
			show.Tick(now)
		}
		if !lost && a.output.Lost() {
			// Nobody reads any more: the same as a closed terminal.
			lost = true
			j.engine.Detach()
		}
	}
}

// byPolicy answers gates by the flags alone.
type byPolicy struct{ policy Policy }

func (p byPolicy) Gate(engine *steps.Engine, gate steps.Gate) {
	answer, err := p.policy.Answer(gate)
	if err == nil {
		err = engine.Answer(gate.ID, answer)
	}
	if err != nil {
		// The gate may have been closed by a signal meanwhile; then there is
		// nothing left to decline.
		_ = engine.Decline(gate.ID, withFlagHint(err, gate))
	}
}

func (byPolicy) Closed() {}

// withFlagHint names the flag that would have answered a gate, where the
// flow's table does not.
func withFlagHint(err error, g steps.Gate) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Unanswered || g.Flag != "" {
		return err
	}
	switch g.Kind {
	case steps.GateChoose, steps.GateFindings, steps.GateReview:
		if g.Destructive {
			return err
		}
		return f.WithHint("--yes takes the default; in a terminal, bunnyhop asks")
	case steps.GateConfirm:
		return f.WithHint("type it with --confirm %s", shellQuote(g.Confirm))
	case steps.GateRecovery:
	}
	return err
}

// phaseWatch follows which phase a run is in.
type phaseWatch struct {
	flow        steps.Flow
	step        string
	phase       steps.Phase
	interrupted bool
}

func (w *phaseWatch) event(e steps.Event) {
	started, ok := e.(steps.StepStarted)
	if !ok {
		return
	}
	for _, s := range w.flow.Steps {
		if s.ID == started.Step {
			w.step, w.phase = s.Title, s.Phase
		}
	}
}
