package upgrade_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
)

// faultJob holds a task, as JSON, in the environment of a child process.
const faultJob = "BUNNYHOP_TEST_TASK"

// task is one flow that a child process runs, and how it answers gates: as the
// flags of the command line would, without anybody to ask.
type task struct {
	Flow    string // upgrade, backup or rollback
	Action  string // start, resume, or back for taking an unfinished run back
	Root    string
	To      string
	Backups string // site.Options.BackupFolder

	Yes       bool     // takes defaults, acknowledges warnings
	Leave     []string // gates that get no answer all the same
	Overrides []string
	Decisions change.Decisions
	Confirm   string
	Recovery  string // the choice after a failure in the cutover; "" takes the default

	Hold  []string      // boundaries ("step where") at which to wait for a line on standard input
	DieAt string        // the boundary at which to get SIGKILL
	EndAt string        // the step after which the run is interrupted
	Ready time.Duration // service.ReadyWithin, if not zero
}

// message is a line that the child prints.
type message struct {
	Kind   string          `json:"kind"` // an event's kind, "hold" or "end"
	Event  json.RawMessage `json:"event,omitempty"`
	Hold   string          `json:"hold,omitempty"`
	Result *steps.Result   `json:"result,omitempty"`
}

// lines writes messages to standard output, from several goroutines.
type lines struct{ mu sync.Mutex }

func (l *lines) put(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(m); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// runTask is the child's main function.
func runTask(text string) fault.Code {
	var job task
	out := &lines{}
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return fault.Usage
	}
	steps.Boundary = job.boundary(out)
	if job.Ready > 0 {
		service.ReadyWithin = job.Ready
	}
	engine, execute, err := job.engine()
	if err != nil {
		result := steps.Result{Error: err.Error(), State: fault.StateOf(err), Hint: fault.HintOf(err), Code: fault.CodeOf(err)}
		out.put(message{Kind: "end", Result: &result})
		return result.Code
	}
	events := engine.Subscribe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			data, err := json.Marshal(event)
			if err != nil {
				panic(err)
			}
			out.put(message{Kind: event.Kind(), Event: data})
			job.react(engine, event)
		}
	}()
	result := execute(context.Background())
	<-done
	if err := engine.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "closing:", err)
	}
	out.put(message{Kind: "end", Result: &result})
	return result.Code
}

func (j task) boundary(out *lines) func(step, where string) {
	answers := bufio.NewReader(os.Stdin)
	return func(step, where string) {
		at := step + " " + where
		if at == j.DieAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
		if slices.Contains(j.Hold, at) {
			out.put(message{Kind: "hold", Hold: at})
			_, _ = answers.ReadString('\n')
		}
	}
}

func (j task) engine() (*steps.Engine, func(context.Context) steps.Result, error) {
	o := site.Options{Root: j.Root, BackupFolder: j.Backups, Environ: os.Environ()}
	var flow steps.Flow
	switch j.Flow {
	case "backup":
		flow = backup.Flow(o, backup.Options{})
	case "rollback":
		flow = rollback.Flow(o, rollback.Options{})
	default:
		flow = upgrade.Flow(o, upgrade.Options{To: j.To})
	}
	if j.Action == "start" {
		engine, err := steps.Start(flow, j.Root)
		if err != nil {
			return nil, nil, err
		}
		return engine, engine.Execute, nil
	}
	summary, err := steps.Unfinished(j.Root)
	if err != nil {
		return nil, nil, err
	}
	if summary == nil {
		return nil, nil, fault.New("nothing to resume", "")
	}
	engine, err := steps.Resume(flow, *summary)
	if err != nil {
		return nil, nil, err
	}
	if j.Action == "back" {
		return engine, engine.Rollback, nil
	}
	return engine, engine.Execute, nil
}

// react answers gates, and interrupts where the task says so. As on the
// command line, an answer that does not fit ends the run.
func (j task) react(engine *steps.Engine, event steps.Event) {
	switch e := event.(type) {
	case steps.StepDone:
		if e.Step == j.EndAt {
			engine.Interrupt()
		}
	case steps.GateOpened:
		if err := engine.Answer(e.Gate.ID, j.answer(e.Gate)); err != nil {
			_ = engine.Decline(e.Gate.ID, err)
		}
	}
}

func (j task) answer(g steps.Gate) steps.Answer {
	yes := j.Yes && !slices.Contains(j.Leave, g.ID)
	a := steps.Answer{Overrides: j.Overrides, Confirm: j.Confirm}
	if g.Kind == steps.GateRecovery {
		a.Choice = j.Recovery
		if a.Choice == "" {
			a.Choice = g.DefaultChoice()
		}
		return a
	}
	if !yes {
		return a
	}
	a.Choice, a.Decisions = g.DefaultChoice(), change.Recommended(g.Changes)
	for id, accept := range j.Decisions {
		a.Decisions[id] = accept
	}
	for _, f := range g.Findings {
		if f.Severity == advisory.Warning {
			a.Acknowledged = append(a.Acknowledged, f.ID)
		}
	}
	return a
}
