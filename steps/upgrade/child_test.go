package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// The crash tests run flows in a process of their own, which is this test
// binary with these variables set.
const (
	childJob   = "BUNNYHOP_TEST_JOB"    // start, resume, back (roll an unfinished run back), rollback (of a finished one) or restore
	childRoot  = "BUNNYHOP_TEST_ROOT"   // the project
	childTo    = "BUNNYHOP_TEST_TO"     // the target version
	childDieAt = "BUNNYHOP_TEST_DIE_AT" // "step where": the boundary at which to get SIGKILL
	// The file with the data model that is brought in; of it, everything is
	// accepted but what is named by rejectedID.
	childSchema = "BUNNYHOP_TEST_SCHEMA"
	childBackup = "BUNNYHOP_TEST_BACKUP" // the folder of the backup whose files and database are restored
)

func TestMain(m *testing.M) {
	asTool()
	if text := os.Getenv(faultJob); text != "" {
		os.Exit(int(runTask(text)))
	}
	if job := os.Getenv(childJob); job != "" {
		os.Exit(int(child(job)))
	}
	os.Exit(m.Run())
}

func child(job string) fault.Code {
	at := os.Getenv(childDieAt)
	steps.Boundary = func(step, where string) {
		fmt.Printf("boundary %s %s\n", step, where)
		if step+" "+where == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}
	engine, execute, err := childEngine(job)
	if err != nil {
		fmt.Printf("error: %v (%s)\n", err, fault.HintOf(err))
		return fault.CodeOf(err)
	}
	events := engine.Subscribe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			react(engine, event, nil, func(line string) { fmt.Println(line) })
		}
	}()
	result := execute(context.Background())
	<-done
	if err := engine.Close(); err != nil {
		fmt.Printf("closing: %v\n", err)
	}
	fmt.Printf("result: %+v\n", result)
	return result.Code
}

func childEngine(job string) (*steps.Engine, func(context.Context) steps.Result, error) {
	root := os.Getenv(childRoot)
	o := site.Options{Root: root, Environ: os.Environ()}
	flows := map[string]steps.Flow{
		"upgrade":  upgrade.Flow(o, upgrade.Options{To: os.Getenv(childTo), Schema: schemaSource(os.Getenv(childSchema))}),
		"rollback": rollback.Flow(o, rollback.Options{}),
		"restore":  restore.Flow(o, restore.Options{Backup: os.Getenv(childBackup), Parts: []string{"database", "files"}}),
	}
	switch job {
	case "start", "rollback", "restore":
		if job == "start" {
			job = "upgrade"
		}
		engine, err := steps.Start(flows[job], root)
		if err != nil {
			return nil, nil, err
		}
		return engine, engine.Execute, nil
	}
	summary, err := steps.Unfinished(root)
	if err != nil {
		return nil, nil, err
	}
	if summary == nil {
		return nil, nil, fault.New("nothing to resume", "")
	}
	engine, err := steps.Resume(flows[summary.Flow], *summary)
	if err != nil {
		return nil, nil, err
	}
	if job == "back" {
		return engine, engine.Rollback, nil
	}
	return engine, engine.Execute, nil
}

// react answers gates as --yes --override does, and types confirmations.
func react(engine *steps.Engine, event steps.Event, overrides []string, say func(string)) {
	switch e := event.(type) {
	case steps.Output:
		say("  " + e.Step + " | " + e.Line)
	case steps.StepDone:
		say(fmt.Sprintf("%s done: %s (%v)", e.Step, e.Summary, e.Elapsed.Round(time.Millisecond)))
	case steps.StepFailed:
		say(fmt.Sprintf("%s FAILED: %s / %s", e.Step, e.Error, e.Hint))
	case steps.UndoDone:
		say(e.Step + " undone")
	case steps.UndoFailed:
		say(e.Step + " UNDO FAILED: " + e.Error)
	case steps.GateOpened:
		if err := engine.Answer(e.Gate.ID, defaults(e.Gate, overrides)); err != nil {
			_ = engine.Decline(e.Gate.ID, err)
		}
	}
}

func defaults(g steps.Gate, overrides []string) steps.Answer {
	a := steps.Answer{Choice: g.DefaultChoice(), Overrides: overrides, Decisions: change.Recommended(g.Changes), Confirm: g.Confirm}
	if os.Getenv(childSchema) != "" && g.Kind == steps.GateReview {
		a.Decisions = brought(g.Changes)
	}
	for _, f := range g.Findings {
		if f.Severity == advisory.Warning {
			a.Acknowledged = append(a.Acknowledged, f.ID)
		}
	}
	return a
}

// spawned is a job in a process of its own.
type spawned struct {
	t      *testing.T
	cmd    *exec.Cmd
	output watched
}

// watched keeps what a process prints and tells when a text has come.
type watched struct {
	mu     sync.Mutex
	text   strings.Builder
	wanted string
	came   func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if w.came != nil && strings.Contains(w.text.String(), w.wanted) {
		w.came()
		w.came = nil
	}
	return len(p), nil
}

// String is what has been printed so far.
func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// when calls came once, when text has been printed.
func (w *watched) when(text string, came func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted, w.came = text, came
}

func spawn(t *testing.T, p *testbed.Project, job, dieAt string) *spawned {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &spawned{t: t, cmd: exec.Command(self)}
	s.cmd.Env = append(os.Environ(), childJob+"="+job, childRoot+"="+p.Root, childTo+"="+target, childDieAt+"="+dieAt)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// wait returns the exit code; a death by SIGKILL is -1.
func (s *spawned) wait() int {
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func run(t *testing.T, p *testbed.Project, job string, want fault.Code) {
	t.Helper()
	s := spawn(t, p, job, "")
	if code := s.wait(); code != int(want) {
		t.Fatalf("%s exited with %d, want %d\n%s", job, code, want, s.output.String())
	}
}
