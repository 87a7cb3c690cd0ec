package lock_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"bunnyhop/internal/lock"
)

// holdVariable turns the test binary into a process that holds the lock of
// the folder that it names, until its standard input ends.
const holdVariable = "LOCK_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(holdVariable); ok {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

func hold(dir string) int {
	if dir != "" {
		held, err := lock.Acquire(dir, "child")
		if err != nil {
			fmt.Println("refused:", err)
			return 1
		}
		defer func() { _ = held.Release() }()
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// child is a second process.
type child struct {
	cmd   *exec.Cmd
	input io.Closer
}

// startChild starts a process that holds the lock in dir, or no lock when dir
// is empty.
func startChild(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holdVariable+"="+dir)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, input: input}
	t.Cleanup(c.kill)
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child says %q (%v)", line, err)
	}
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// kill ends the child as a crash does.
func (c *child) kill() {
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	_ = c.cmd.Wait()
}

// end lets the child give its lock up.
func (c *child) end(t *testing.T) {
	t.Helper()
	_ = c.input.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}
