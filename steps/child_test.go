package steps_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// childVariable turns the test binary into a second process: its value names
// the part of children that it plays, planVariable what it is told.
const (
	childVariable = "STEPS_TEST_CHILD"
	planVariable  = "STEPS_TEST_PLAN"
)

// children are the parts; each returns its exit code.
var children = map[string]func(plan []byte) int{
	"crash":  crashChild,
	"signal": signalChild,
	"full":   fullChild,
}

func TestMain(m *testing.M) {
	if part := os.Getenv(childVariable); part != "" {
		os.Exit(children[part]([]byte(os.Getenv(planVariable))))
	}
	// A check of the crash property is several processes; -rapid.checks on the
	// command line still wins.
	if err := flag.Set("rapid.checks", "40"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// say tells the parent something in a line.
func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// process is a child of the test.
type process struct {
	cmd    *exec.Cmd
	output *bufio.Scanner
}

// T is what both a test and a property check can do.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// spawn starts a child. The caller waits for it.
func spawn(t T, part string, plan any) *process {
	t.Helper()
	told, err := json.Marshal(plan)
	if err != nil {
		t.Fatalf("%v", err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+part, planVariable+"="+string(told))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	return &process{cmd: cmd, output: bufio.NewScanner(output)}
}

// hears waits for a line that the child says.
func (p *process) hears(t T, want string) {
	t.Helper()
	for p.output.Scan() {
		if p.output.Text() == want {
			return
		}
	}
	t.Fatalf("the child never says %q", want)
}

// wait returns the exit code, or -1 when a signal ended the child, and what
// it said last.
func (p *process) wait(t T) (code int, said string) {
	t.Helper()
	var all []string
	for p.output.Scan() {
		all = append(all, p.output.Text())
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v", err)
	}
	return p.cmd.ProcessState.ExitCode(), strings.Join(all, "\n")
}

func (p *process) signal(t T, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("%v", err)
	}
}

// kill ends the child as a power cut does.
func (p *process) kill(t T) {
	t.Helper()
	_ = p.cmd.Process.Kill() // it may have ended by itself
	p.wait(t)
}

var _ T = (*testing.T)(nil)
