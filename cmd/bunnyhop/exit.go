package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// exitCodes is the contract of the command line, in the order in which the
// help lists it.
var exitCodes = []struct {
	code    fault.Code
	meaning string
}{
	{fault.Done, "done, and looked at again"},
	{fault.Failed, "failed; the project is as before"},
	{fault.Usage, "the command line is wrong, or this needs a terminal"},
	{fault.Blocked, "blocked by findings; the project is as before"},
	{fault.Unanswered, "a question needs an answer that was not given; the project is as before"},
	{fault.RolledBack, "failed, and everything was put back"},
	{fault.NeedsPerson, "failed and needs a person; both states are kept"},
	{fault.Busy, "another run is active on this project"},
	{fault.Differs, "what was compared is different (`bunnyhop diff`)"},
	{fault.Interrupted, "interrupted; can be resumed"},
}

func exitCodesText() string {
	var b strings.Builder
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %3d  %s\n", e.code, e.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

// resultError carries the exit code of a run whose end was already told.
type resultError struct{ result steps.Result }

func (e *resultError) Error() string { return string(e.result.Status) }

// resultExit turns a told result into what a command returns.
func resultExit(result steps.Result) error {
	if result.Code == fault.Done {
		return nil
	}
	return &resultError{result}
}

// exitCode is the one mapping from errors to exit codes.
func exitCode(err error) fault.Code {
	var told *resultError
	switch {
	case err == nil:
		return fault.Done
	case errors.As(err, &told):
		return told.result.Code
	}
	// An error that names its own code knows best, even where the context
	// ended too.
	if code := fault.CodeOf(err); code != fault.Failed {
		return code
	}
	if errors.Is(err, context.Canceled) {
		return fault.Interrupted
	}
	return fault.Failed
}

// report tells the error of a command: for people on stderr, with --json as
// the last line of stdout.
func (a *app) report(err error) {
	var told *resultError
	if err == nil || errors.As(err, &told) {
		return
	}
	if a.flags.json {
		a.writeJSON(errorDocument(a, err))
		return
	}
	what := a.clean(err.Error())
	if errors.Is(err, context.Canceled) && exitCode(err) == fault.Interrupted {
		what = "interrupted"
	}
	a.warnln("bunnyhop: " + what)
	if state := a.clean(fault.StateOf(err)); state != "" {
		a.warnln("  State: " + state)
	}
	if hint := a.clean(a.withProject(fault.HintOf(err))); hint != "" {
		a.warnln("  Next:  " + hint)
	}
}
