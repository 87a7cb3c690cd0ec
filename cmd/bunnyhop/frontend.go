package main

import (
	"context"
	"strings"

	"bunnyhop/steps"
)

// front is a way to show a run and have its questions answered.
type front int

const (
	frontScreen front = iota // the terminal UI
	frontAsk                 // plain questions, line by line
	frontPlain               // lines of text, answered by flags
	frontJSON                // JSON lines, answered by flags
)

// front chooses: the terminal UI on a terminal, unless a flag or TERM says
// that it is not wanted. A run that needs no answers is told that way.
func (a *app) front(noQuestions bool) front {
	switch {
	case a.flags.json:
		return frontJSON
	case !a.terminal, a.flags.yes, noQuestions:
		return frontPlain
	case a.flags.plain, a.environment("TERM") == "dumb", a.environment("TERM") == "":
		return frontAsk
	}
	return frontScreen
}

func (a *app) environment(name string) string {
	for _, variable := range a.environ {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// endReader is a reader that also tells how the run ended.
type endReader interface {
	reader
	ResultEnd(steps.Result)
}

// runRequest starts what a command asks for and sees it to its end, with the
// front end that fits.
func (a *app) runRequest(ctx context.Context, req request) error {
	if front := a.front(req.dryRun); front == frontScreen || front == frontAsk {
		return a.screen(ctx, req.job(), req)
	}
	policy, err := a.policy()
	if err != nil {
		return err
	}
	policy.DryRun = req.dryRun
	j, err := a.start(ctx, req)
	if err != nil {
		return err
	}
	return a.see(ctx, j, policy)
}

// see shows a job to its end with nobody asked.
func (a *app) see(ctx context.Context, j *job, policy Policy) error {
	var show endReader = newPlain(a)
	if a.flags.json {
		show = jsonLines{a}
	}
	result := a.drive(ctx, j, show, byPolicy{policy})
	show.ResultEnd(result)
	return resultExit(result)
}
