package promote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// The tests that kill run the flow in a process of its own: this test binary
// with these variables set.
const (
	childRoot  = "BUNNYHOP_TEST_ROOT"
	childWhat  = "BUNNYHOP_TEST_PROMOTION" // promote.Options as JSON
	childDieAt = "BUNNYHOP_TEST_DIE_AT"    // "step where": where to get SIGKILL
)

func TestMain(m *testing.M) {
	if root := os.Getenv(childRoot); root != "" {
		os.Exit(int(child(root)))
	}
	os.Exit(m.Run())
}

// child goes on with an unfinished run, or begins one.
func child(root string) fault.Code {
	at := os.Getenv(childDieAt)
	steps.Boundary = func(step, where string) {
		fmt.Printf("boundary %s %s\n", step, where)
		if step+" "+where == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}
	var choice promote.Options
	if err := json.Unmarshal([]byte(os.Getenv(childWhat)), &choice); err != nil {
		fmt.Println(err)
		return fault.Usage
	}
	flow := promote.Flow(site.Options{Root: root, Environ: os.Environ()}, choice)
	open, err := steps.Unfinished(root)
	if err != nil {
		fmt.Println(err)
		return fault.CodeOf(err)
	}
	var engine *steps.Engine
	if open != nil {
		engine, err = steps.Resume(flow, *open)
	} else {
		engine, err = steps.Start(flow, root)
	}
	if err != nil {
		fmt.Println(err, fault.HintOf(err))
		return fault.CodeOf(err)
	}
	events, done := engine.Subscribe(), make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			switch e := event.(type) {
			case steps.GateOpened:
				answer := steps.Answer{Choice: steps.ChooseRollback}
				if e.Gate.Kind == steps.GateReview {
					answer = steps.Answer{Decisions: all("field articles.minutes")(e.Gate.Changes)}
				}
				if err := engine.Answer(e.Gate.ID, answer); err != nil {
					_ = engine.Decline(e.Gate.ID, err)
				}
			case steps.Output:
				fmt.Printf("%s | %s\n", e.Step, e.Line)
			case steps.StepFailed:
				fmt.Printf("%s FAILED %s / %s\n", e.Step, e.Error, e.Hint)
			}
		}
	}()
	result := engine.Execute(context.Background())
	<-done
	fmt.Printf("result %+v\n", result)
	if err := engine.Close(); err != nil {
		fmt.Println(err)
	}
	return result.Code
}

// output is what a process prints, for several goroutines.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// in starts the flow in a process of its own.
func in(t *testing.T, p *testbed.Project, choice promote.Options, dieAt string) (*exec.Cmd, *output) {
	t.Helper()
	what, err := json.Marshal(choice)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test
	cmd.Env = append(p.Environ(), childRoot+"="+p.Root, childWhat+"="+string(what), childDieAt+"="+dieAt)
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func code(cmd *exec.Cmd) int {
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// settled checks the end of a promotion: as decided, or as before, and nothing
// in between.
func settled(t *testing.T, p *testbed.Project, before, wanted *snapshot.Snapshot, done bool, when string) {
	t.Helper()
	now := read(t, p)
	if !done {
		if left := keysOf(t, now, before); len(left) > 0 {
			t.Fatalf("%s: taken back, and different: %v", when, left)
		}
		return
	}
	left := keysOf(t, now, wanted)
	if len(left) != 2 || left[0] != "field articles.minutes" || left[1] != "field authors.name schema.max_length" {
		t.Fatalf("%s: left is %v", when, left)
	}
}

// TestKilledAtEveryBoundary kills one promotion at every boundary of every
// step, each time going on with what the kill left.
func TestKilledAtEveryBoundary(t *testing.T) {
	p := testbed.New(t)
	p.Serve()
	before := read(t, p)
	wanted := edited(before)
	choice := promote.Options{Base: write(t, wanted), Target: target(p), Mode: review.Mirror}
	for _, step := range []string{"inspect", "compare", "review", "backup", "prove", "apply", "verify", "report"} {
		for _, place := range []string{"started", "worked", "done"} {
			at := step + " " + place
			cmd, out := in(t, p, choice, at)
			if got := code(cmd); got != -1 {
				t.Fatalf("%s: exited with %d instead of dying\n%s", at, got, out)
			}
		}
	}
	cmd, out := in(t, p, choice, "")
	if got := code(cmd); got != int(fault.Done) {
		t.Fatalf("exit code %d\n%s", got, out)
	}
	settled(t, p, before, wanted, true, "after every boundary")
}

// TestKilledWhileApplying kills at random moments of the apply step, and goes
// on: it ends as decided or as before.
func TestKilledWhileApplying(t *testing.T) {
	p := testbed.New(t)
	p.Serve()
	before := read(t, p)
	wanted := edited(before)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // not for secrets
	forward := promote.Options{Base: write(t, wanted), Target: target(p), Mode: review.Mirror}
	back := promote.Options{Base: write(t, before), Target: target(p), Mode: review.Mirror}
	for range 5 {
		cmd, out := in(t, p, forward, "")
		for !strings.Contains(out.String(), "boundary apply started") {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(1200)) * time.Millisecond)
		_ = cmd.Process.Kill()
		switch got := code(cmd); got {
		case -1:
			cmd, out = in(t, p, forward, "")
			if got = code(cmd); got != int(fault.Done) && got != int(fault.RolledBack) {
				t.Fatalf("going on: exit code %d\n%s", got, out)
			}
			settled(t, p, before, wanted, got == int(fault.Done), "killed while applying")
		case int(fault.Done):
			settled(t, p, before, wanted, true, "quicker than the kill")
		default:
			t.Fatalf("exit code %d\n%s", got, out)
		}
		cmd, out = in(t, p, back, "")
		if got := code(cmd); got != int(fault.Done) {
			t.Fatalf("going back: exit code %d\n%s", got, out)
		}
	}
}
