package steps_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/lock"
	"bunnyhop/steps"
)

// signalPlan tells a child what to run: it says "in STEP" in the step Wait
// and goes on once the file Go exists.
type signalPlan struct {
	Root, Wait, Go string
	Fail           bool // the step Wait fails once it goes on
}

// signalFlow has a step in each phase. The project is the file "live", to
// which each step of the cutover adds its letter.
func signalFlow(p signalPlan) steps.Flow {
	flow := steps.Flow{ID: "upgrade", Title: "Upgrade"}
	for _, s := range []struct {
		id    string
		phase steps.Phase
	}{
		{"inspect", steps.Prepare},
		{"backup", steps.Prepare},
		{"switch", steps.Cutover},
		{"migrate", steps.Cutover},
		{"report", steps.Finish},
	} {
		f := &fake{id: s.id, diary: &diary{}}
		live := filepath.Join(p.Root, "live-"+s.id)
		f.onDo = func(ctx context.Context, _ *steps.Run) error {
			if s.phase == steps.Cutover {
				if err := os.WriteFile(live, []byte("new"), 0o600); err != nil {
					return err
				}
			}
			if s.id == p.Wait {
				say("in %s", s.id)
				if err := waitFor(ctx, p.Go); err != nil {
					return err
				}
				if p.Fail {
					return errors.New("broken")
				}
			}
			return nil
		}
		f.onUndo = func(context.Context, *steps.Run) error { return os.RemoveAll(live) }
		flow.Steps = append(flow.Steps, steps.Step{ID: s.id, Title: s.id, Phase: s.phase, Action: undoable{f}})
	}
	return flow
}

func waitFor(ctx context.Context, path string) error {
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// signalChild does with signals what the command does: Ctrl-C and SIGTERM
// interrupt, a closed terminal detaches.
func signalChild(told []byte) int {
	var plan signalPlan
	if err := json.Unmarshal(told, &plan); err != nil {
		panic(err)
	}
	e, err := steps.Start(signalFlow(plan), plan.Root)
	if err != nil {
		say("%v", err)
		return int(fault.CodeOf(err))
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			if s == syscall.SIGHUP {
				e.Detach()
			} else {
				e.Interrupt()
			}
			say("got %s", s)
		}
	}()
	result := e.Execute(context.Background())
	if err := e.Close(); err != nil {
		panic(err)
	}
	return int(result.Code)
}

func TestSignals(t *testing.T) {
	for _, test := range []struct {
		signal syscall.Signal
		wait   string
		fail   bool
		code   fault.Code
		live   string
	}{
		{syscall.SIGINT, "backup", false, fault.Interrupted, ""},
		{syscall.SIGTERM, "backup", false, fault.Interrupted, ""},
		{syscall.SIGHUP, "backup", false, fault.Interrupted, ""},
		{syscall.SIGINT, "switch", false, fault.RolledBack, ""},
		{syscall.SIGINT, "migrate", false, fault.RolledBack, ""},
		{syscall.SIGINT, "migrate", true, fault.RolledBack, ""},
		{syscall.SIGINT, "report", false, fault.Done, "migrate switch"},
		{syscall.SIGHUP, "switch", false, fault.Done, "migrate switch"},
		{syscall.SIGHUP, "migrate", false, fault.Done, "migrate switch"},
		{syscall.SIGHUP, "migrate", true, fault.RolledBack, ""},
		{syscall.SIGHUP, "report", false, fault.Done, "migrate switch"},
	} {
		t.Run(fmt.Sprintf("%s in %s, fails %v", test.signal, test.wait, test.fail), func(t *testing.T) {
			s := newScene(t)
			plan := signalPlan{Root: s.root, Wait: test.wait, Go: filepath.Join(t.TempDir(), "go"), Fail: test.fail}
			child := spawn(t, "signal", plan)
			child.hears(t, "in "+test.wait)
			child.signal(t, test.signal)
			child.hears(t, "got "+test.signal.String())
			writeFile(t, plan.Go, "")
			if code, said := child.wait(t); code != int(test.code) {
				t.Errorf("exit code %d, want %d: %s", code, test.code, said)
			}
			if live := livePlaces(t, s.root); live != test.live {
				t.Errorf("changed: %q, want %q", live, test.live)
			}
			if test.code != fault.Interrupted {
				return
			}
			if summary := s.unfinished(t); summary.Touched || summary.Status != steps.Interrupted {
				t.Errorf("touched %v, status %s", summary.Touched, summary.Status)
			}
		})
	}
}

// livePlaces returns the steps whose change is in the project.
func livePlaces(t *testing.T, root string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "live-*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = strings.TrimPrefix(filepath.Base(files[i]), "live-")
	}
	slices.Sort(files)
	return strings.Join(files, " ")
}

func TestSecondProcessIsRefusedWhileTheFirstLives(t *testing.T) {
	s := newScene(t)
	plan := signalPlan{Root: s.root, Wait: "switch", Go: filepath.Join(t.TempDir(), "go")}
	first := spawn(t, "signal", plan)
	first.hears(t, "in switch")
	pid := first.cmd.Process.Pid

	_, startErr := steps.Start(signalFlow(plan), s.root)
	_, resumeErr := steps.Resume(signalFlow(plan), s.unfinished(t))
	for _, err := range []error{startErr, resumeErr} {
		var busy *lock.BusyError
		if fault.CodeOf(err) != fault.Busy || !errors.As(err, &busy) || busy.Owner.PID != pid || !strings.Contains(err.Error(), fmt.Sprint(pid)) {
			t.Errorf("got %v", err)
		}
	}
	if summary := s.unfinished(t); summary.Status != steps.Running || summary.Owner.PID != pid {
		t.Errorf("status %s of pid %d", summary.Status, summary.Owner.PID)
	}
	if code, said := spawn(t, "signal", plan).wait(t); code != int(fault.Busy) {
		t.Errorf("a third process ended with %d: %s", code, said)
	}

	first.kill(t)
	summary := s.unfinished(t)
	if summary.Status != steps.Interrupted || !summary.Touched {
		t.Errorf("after the kill: status %s, touched %v", summary.Status, summary.Touched)
	}
	e := opened(t)(steps.Resume(signalFlow(plan), summary))
	equal(t, "status", rollback(t, e).result.Status, steps.RolledBack)
	equal(t, "changed", livePlaces(t, s.root), "")
	lines, _ := journal(t, e.Run().Dir)
	if !slices.ContainsFunc(lines, func(l steps.Line) bool { return l.Event == "owner" && takenFrom(t, l) == pid }) {
		t.Error("the journal does not say from whom the run was taken over")
	}
}

// takenFrom returns the pid of the dead owner in a journal line.
func takenFrom(t *testing.T, line steps.Line) int {
	t.Helper()
	var data struct {
		Taken lock.Owner `json:"taken_over_from"`
	}
	if err := json.Unmarshal(line.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data.Taken.PID
}
