package main

import (
	"context"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// look runs a flow that only looks to its end, and returns what it learned.
func (a *app) look(ctx context.Context, flow steps.Flow, root string, policy Policy) (*steps.Run, error) {
	engine, err := steps.Look(flow, root)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := engine.Close(); err != nil {
			a.warnln("bunnyhop: " + a.clean(err.Error()))
		}
	}()
	result := a.drive(ctx, &job{engine: engine, run: engine.Execute, close: func() {}}, &lookReader{app: a}, byPolicy{policy})
	if result.Status != steps.Done {
		return nil, fault.New(result.Error, result.Hint).WithCode(result.Code)
	}
	return engine.Run(), nil
}

// lookReader tells on a terminal what is being looked at, beside the output.
type lookReader struct{ app *app }

func (l *lookReader) Event(e steps.Event, _ time.Time) {
	if started, ok := e.(steps.StepStarted); ok && l.app.terminal && !l.app.flags.json {
		l.app.warnln(l.app.oneLine(started.Title) + " …")
	}
}

func (l *lookReader) Tick(time.Time) {}

func (l *lookReader) Notice(_, text string, _ time.Time) {
	l.app.warnln("bunnyhop: " + l.app.oneLine(text))
}
