package steps_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// crashPlan is a flow of steps whose state lies in real files, and when the
// process that runs it dies.
type crashPlan struct {
	Root   string // the live project: a file for each step of the cutover
	Ledger string // what was done, in the order in which it was
	Steps  []crashStep
	// KillAt is the number of the moment at which the process kills itself: a
	// boundary of a step, or a place in the middle of a write; 0 means that it
	// does not.
	KillAt int
	// Rollback takes the run back instead of going on with it.
	Rollback bool
	// Pause is how long each part of a write takes, so that a kill at a random
	// time hits it.
	Pause time.Duration
}

// crashStep is an action on files.
type crashStep struct {
	ID        string
	Phase     steps.Phase
	Asks      bool // asks a question first
	Fails     bool // Do fails half way
	Retriable bool
	plan      *crashPlan
}

var (
	asked = steps.NewSlot[map[string]string]("asked")
	found = steps.NewSlot[map[string]string]("found")
)

func (s crashStep) live() string { return filepath.Join(s.plan.Root, s.ID) }

func (s crashStep) oldText() string { return "old " + s.ID }
func (s crashStep) newText() string { return "new " + s.ID }

// note adds a line to the ledger, which a kill cannot cut.
func (s crashStep) note(what string) error {
	f, err := os.OpenFile(s.plan.Ledger, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(what + " " + s.ID + "\n")
	return errors.Join(err, f.Close())
}

// moment is called wherever the process may kill itself.
var moment = func() {}

// spell writes a text in parts over what is there, so that a kill leaves some
// of them.
func (s crashStep) spell(path, text string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, part := range []string{text[:1], text[1:3], text[3:]} {
		moment()
		time.Sleep(s.plan.Pause)
		if _, err := f.WriteString(part); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

// path is what the step writes: the live file in the cutover, a file of the
// run elsewhere.
func (s crashStep) path(r *steps.Run) string {
	if s.Phase == steps.Cutover {
		return s.live()
	}
	return r.Path("work-" + s.ID)
}

func (s crashStep) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	if text := read(s.path(r)); text != s.newText() {
		return steps.Unproved("%s holds %q", s.ID, text), nil
	}
	return steps.Proved("%s is new", s.ID), nil
}

func (s crashStep) Do(ctx context.Context, r *steps.Run) error {
	if s.Asks {
		a, err := r.Ask(ctx, steps.Gate{
			ID: "ask " + s.ID, Kind: steps.GateChoose, Title: "?", Choices: []steps.Choice{{ID: "x"}, {ID: "y", Default: true}},
		})
		if err != nil {
			return err
		}
		if err := put(r, asked, s.ID, a.Choice); err != nil {
			return err
		}
	}
	if err := s.note("do"); err != nil {
		return err
	}
	if s.Phase == steps.Cutover {
		// The step before must be done, and this one must not be half done.
		if err := s.order(s.oldText()); err != nil {
			return err
		}
		// What is about to be replaced is written down before it is (RS4).
		if err := put(r, found, s.ID, read(s.live())); err != nil {
			return err
		}
	}
	if s.Fails {
		if err := s.spell(s.path(r), "half"); err != nil {
			return err
		}
		if err := s.note("fail"); err != nil {
			return err
		}
		return errors.New(s.ID + " breaks")
	}
	return s.spell(s.path(r), s.newText())
}

func put(r *steps.Run, slot steps.Slot[map[string]string], key, value string) error {
	all, ok := slot.Get(r)
	if !ok {
		all = map[string]string{}
	}
	all[key] = value
	return slot.Set(r, all)
}

// order checks that the cutover is done from the first step to the last and
// undone from the last to the first: what comes before is new, and what comes
// after is old.
func (s crashStep) order(mine ...string) error {
	before := true
	for _, other := range s.plan.Steps {
		other.plan = s.plan
		text := read(other.live())
		switch {
		case other.Phase != steps.Cutover:
		case other.ID == s.ID:
			before = false
			if len(mine) > 0 && text != mine[0] {
				return s.disorder("is %q itself", text)
			}
		case before && text != other.newText(), !before && text != other.oldText():
			return s.disorder("finds %s at %q", other.ID, text)
		}
	}
	return nil
}

func (s crashStep) disorder(format string, args ...any) error {
	err := fmt.Errorf("disorder: %s "+format, append([]any{s.ID}, args...)...)
	return errors.Join(err, s.note(err.Error()))
}

// crashUndoer is a step of the cutover.
type crashUndoer struct{ crashStep }

func (s crashUndoer) Retriable() bool { return s.crashStep.Retriable }

func (s crashUndoer) Undo(_ context.Context, r *steps.Run) error {
	if err := s.note("undo"); err != nil {
		return err
	}
	if err := s.order(); err != nil {
		return err
	}
	all, _ := found.Get(r)
	text, touched := all[s.ID]
	if !touched {
		return nil
	}
	return s.spell(s.live(), text)
}

func (s crashStep) Clean(_ context.Context, r *steps.Run) error {
	if s.Phase == steps.Cutover {
		return nil
	}
	moment()
	return os.RemoveAll(s.path(r))
}

func (p *crashPlan) flow() steps.Flow {
	flow := steps.Flow{ID: "crash", Title: "Crash"}
	for _, s := range p.Steps {
		s.plan = p
		step := steps.Step{ID: s.ID, Title: s.ID, Phase: s.Phase, Action: s}
		if s.Phase == steps.Cutover {
			step.Action = crashUndoer{s}
		}
		flow.Steps = append(flow.Steps, step)
	}
	return flow
}

// crashChild does what the command does: it goes on with an unfinished run or
// begins one, and answers every gate with its default.
func crashChild(told []byte) int {
	var plan crashPlan
	if err := json.Unmarshal(told, &plan); err != nil {
		panic(err)
	}
	moments := 0
	moment = func() {
		if moments++; moments == plan.KillAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal takes its time
		}
	}
	steps.Boundary = func(string, string) { moment() }
	e, ended, err := plan.open()
	if err != nil {
		say("%v", err)
		return int(fault.CodeOf(err))
	}
	if e == nil {
		return int(ended)
	}
	events := e.Subscribe()
	go func() {
		for event := range events {
			if opened, ok := event.(steps.GateOpened); ok {
				_ = e.Answer(opened.Gate.ID, steps.Answer{Choice: opened.Gate.DefaultChoice()})
			}
		}
	}()
	work := e.Execute
	if plan.Rollback {
		work = e.Rollback
	}
	result := work(context.Background())
	if err := e.Close(); err != nil {
		panic(err)
	}
	say("moments %d", moments)
	say("%s %s", result.Error, result.UndoError)
	return int(result.Code)
}

// open returns the engine, or the exit code of a run that had come to its end
// just before its process was killed.
func (p *crashPlan) open() (*steps.Engine, fault.Code, error) {
	all, err := steps.Runs(p.Root)
	if err != nil {
		return nil, 0, err
	}
	if len(all) == 0 {
		e, err := steps.Start(p.flow(), p.Root)
		return e, 0, err
	}
	if status := all[0].Status; status == steps.RolledBack || status == steps.Done && !p.Rollback {
		return nil, map[steps.Status]fault.Code{steps.RolledBack: fault.RolledBack}[status], nil
	}
	e, err := steps.Resume(p.flow(), all[0])
	return e, 0, err
}

// ledger returns what was done, in order.
func (p *crashPlan) ledger() []string {
	return strings.Split(strings.TrimSuffix(read(p.Ledger), "\n"), "\n")
}
