package upgrade_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/testbed"
)

// maxWait bounds the wait for a child to come to a place. It is no measure of
// anything; a test that hangs says where.
const maxWait = 4 * time.Minute

// child process of a test that runs a task.
type running struct {
	t     *testing.T
	p     *testbed.Project
	cmd   *exec.Cmd
	input io.WriteCloser

	mu       sync.Mutex
	arrived  chan struct{} // closed and renewed with each message
	messages []message
	raw      bytes.Buffer // everything that the child said
	ended    bool
	begun    time.Time
}

// outcome is how a task ended.
type outcome struct {
	t        *testing.T
	p        *testbed.Project
	name     string
	Code     int // the exit code; -1 is a death by a signal
	Result   steps.Result
	Messages []message
	Said     string
	Took     time.Duration
}

// begin starts a task on a project. Change adjusts the command, for another
// user or environment.
func begin(t *testing.T, p *testbed.Project, job task, change ...func(*exec.Cmd)) *running {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if job.Root == "" {
		job.Root = p.Root
	}
	if job.Action == "" {
		job.Action = "start"
	}
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, p: p, cmd: exec.Command(self), arrived: make(chan struct{}), begun: time.Now()}
	r.cmd.Env = append(p.Environ(), faultJob+"="+string(text))
	for _, f := range change {
		f(r.cmd)
	}
	output, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if r.input, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = &syncWriter{r: r}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	go r.read(output)
	return r
}

// syncWriter collects what the child says outside of messages.
type syncWriter struct{ r *running }

func (w *syncWriter) Write(data []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.raw.Write(data)
}

func (r *running) read(output io.Reader) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m message
		r.mu.Lock()
		r.raw.Write(lines.Bytes())
		r.raw.WriteByte('\n')
		if json.Unmarshal(lines.Bytes(), &m) == nil && m.Kind != "" {
			r.messages = append(r.messages, m)
		}
		r.wake()
		r.mu.Unlock()
	}
	r.mu.Lock()
	r.ended = true
	r.wake()
	r.mu.Unlock()
}

func (r *running) wake() {
	close(r.arrived)
	r.arrived = make(chan struct{})
}

// until waits for a message that fits, the earlier ones included.
func (r *running) until(what string, fits func(message) bool) {
	r.t.Helper()
	timeout := time.After(maxWait)
	for {
		r.mu.Lock()
		for _, m := range r.messages {
			if fits(m) {
				r.mu.Unlock()
				return
			}
		}
		arrived, ended, said := r.arrived, r.ended, r.raw.String()
		r.mu.Unlock()
		if ended {
			r.t.Fatalf("the child ended before %s\n%s", what, brief(said))
		}
		select {
		case <-arrived:
		case <-timeout:
			_ = r.cmd.Process.Signal(syscall.SIGQUIT)
			r.t.Fatalf("the child did not come to %s\n%s", what, brief(said))
		}
	}
}

// held waits until the child holds at a boundary.
func (r *running) held(at string) {
	r.t.Helper()
	r.until("holding at "+at, func(m message) bool { return m.Kind == "hold" && m.Hold == at })
}

// release lets a child that holds go on.
func (r *running) release() {
	r.t.Helper()
	if _, err := io.WriteString(r.input, "\n"); err != nil {
		r.t.Fatal(err)
	}
}

// wait returns how the task ended.
func (r *running) wait(name string) outcome {
	r.t.Helper()
	timer := time.AfterFunc(maxWait, func() { _ = r.cmd.Process.Signal(syscall.SIGQUIT) })
	defer timer.Stop()
	for {
		r.mu.Lock()
		arrived, ended := r.arrived, r.ended
		r.mu.Unlock()
		if ended {
			break
		}
		<-arrived
	}
	_ = r.cmd.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	o := outcome{
		t: r.t, p: r.p, name: name, Code: r.cmd.ProcessState.ExitCode(),
		Messages: r.messages, Said: r.raw.String(), Took: time.Since(r.begun),
	}
	for _, m := range r.messages {
		if m.Kind == "end" {
			o.Result = *m.Result
		}
	}
	r.t.Logf("%s (%.1f s): exit %d, %s · %s · %s", name, o.Took.Seconds(), o.Code, o.Result.Error, o.Result.State, o.Result.Hint)
	return o
}

// do runs a task to its end.
func do(t *testing.T, p *testbed.Project, name string, job task, change ...func(*exec.Cmd)) outcome {
	t.Helper()
	return begin(t, p, job, change...).wait(name)
}

// ends asserts the exit code, and that process and result agree on it.
func (o outcome) ends(code fault.Code) outcome {
	o.t.Helper()
	if o.Code != int(code) || o.Result.Code != code {
		o.t.Fatalf("%s: exit code %d, result %d; want %d\n%s", o.name, o.Code, o.Result.Code, code, brief(o.Said))
	}
	return o
}

// says asserts that a failure tells its cause (each of the texts, in any case
// of letters), the state of things and the next step.
func (o outcome) says(texts ...string) outcome {
	o.t.Helper()
	all := strings.ToLower(strings.Join([]string{o.Result.Error, o.Result.UndoError, o.Result.State, o.Result.Hint}, "\n"))
	for _, text := range texts {
		if !strings.Contains(all, strings.ToLower(text)) {
			o.t.Errorf("%s: %q is not said in:\n%s", o.name, text, all)
		}
	}
	if o.Result.Error == "" {
		o.t.Errorf("%s: no cause is told", o.name)
	}
	if o.Result.Hint == "" {
		o.t.Errorf("%s: no next step is told for: %s", o.name, o.Result.Error)
	}
	if o.Result.State == "" && o.Result.Run != "" {
		o.t.Errorf("%s: it is not told what state things are in", o.name)
	}
	return o
}

// failedIn asserts in which step it failed.
func (o outcome) failedIn(step string) outcome {
	o.t.Helper()
	if o.Result.Step != step {
		o.t.Errorf("%s: failed in %q, want %q", o.name, o.Result.Step, step)
	}
	return o
}

// started reports whether a step was started by this process.
func (o outcome) started(step string) bool {
	for _, e := range eventsOf[steps.StepStarted](o) {
		if e.Step == step {
			return true
		}
	}
	return false
}

// eventsOf returns the events of one type, in order.
func eventsOf[E steps.Event](o outcome) []E {
	var none E
	var all []E
	for _, m := range o.Messages {
		if m.Kind != none.Kind() {
			continue
		}
		var e E
		if err := json.Unmarshal(m.Event, &e); err != nil {
			o.t.Fatalf("%s: %v in %s", o.name, err, m.Event)
		}
		all = append(all, e)
	}
	return all
}

// runDir is the folder of the task's run.
func (o outcome) runDir() string {
	o.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(o.p.State, "bunnyhop", "projects", "*", "runs", o.Result.Run))
	if err != nil || len(dirs) != 1 || o.Result.Run == "" {
		o.t.Fatalf("%s: no folder of run %q: %v %v", o.name, o.Result.Run, dirs, err)
	}
	return dirs[0]
}

// learned reads a fact from the task's journal, whose hash chain is checked
// with that.
func learned[T any](o outcome, slot steps.Slot[T]) T {
	o.t.Helper()
	lines, err := steps.ReadJournal(filepath.Join(o.runDir(), "journal.jsonl"))
	if err != nil {
		o.t.Fatal(err)
	}
	value, ok := slot.Find(lines)
	if !ok {
		o.t.Fatalf("%s: the journal lacks a fact", o.name)
	}
	return value
}

// brief keeps the end of a long text, and leaves progress out.
func brief(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"kind":"progress"`) {
			if len(line) > 600 {
				line = line[:600] + "…\n"
			}
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-60):], "")
}
