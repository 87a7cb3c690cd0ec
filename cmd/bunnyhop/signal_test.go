package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bunnyhop/steps"
)

// started is a fakerun with --json whose lines are read one by one.
type started struct {
	*exec.Cmd
	t     *testing.T
	root  string
	lines *bufio.Scanner
	out   io.Closer
}

func startFake(t *testing.T, mode string) *started {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "blog")
	if err := os.Mkdir(root, 0o750); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	cmd := exec.CommandContext(t.Context(), "fakerun", "--json", "--project", root)
	cmd.Env = append(os.Environ(), "FAKE="+mode)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &started{Cmd: cmd, t: t, root: root, lines: bufio.NewScanner(out), out: out}
	s.lines.Buffer(nil, 1<<20)
	return s
}

// until reads lines up to one that has the given type and, if it is not
// empty, the given step.
func (s *started) until(kind, step string) map[string]any {
	s.t.Helper()
	for s.lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(s.lines.Bytes(), &line); err != nil {
			s.t.Fatalf("not JSON: %s", s.lines.Text())
		}
		if line["type"] == kind && (step == "" || line["step"] == step) {
			return line
		}
	}
	s.t.Fatalf("the output ended before %s %s", kind, step)
	return nil
}

// exit waits for the end and returns the exit code.
func (s *started) exit() int {
	_ = s.Wait()
	return s.ProcessState.ExitCode()
}

func (s *started) changed() bool {
	_, err := os.Stat(filepath.Join(s.root, "changed"))
	return err == nil
}

func TestSignalBeforeTheCutover(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			run := startFake(t, "slow")
			run.until("step_started", "wait")
			if err := run.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			notice := run.until("notice", "")
			if text := notice["text"].(string); !strings.Contains(text, "stopping") {
				t.Errorf("notice: %s", text)
			}
			result := run.until("result", "")
			if result["status"] != "interrupted" || result["exit_code"] != 130.0 {
				t.Errorf("result: %v", result)
			}
			if hint := result["hint"].(string); !strings.Contains(hint, "bunnyhop resume --project "+run.root) {
				t.Errorf("hint: %s", hint)
			}
			if code := run.exit(); code != 130 {
				t.Errorf("exit code %d", code)
			}
			if run.changed() {
				t.Error("the project was changed")
			}
		})
	}
}

func TestInterruptInTheCutoverPutsEverythingBack(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			run := startFake(t, "slowcut")
			run.until("step_started", "change")
			if err := run.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			notice := run.until("notice", "")
			if text := notice["text"].(string); !strings.Contains(text, "everything is put back") {
				t.Errorf("notice: %s", text)
			}
			run.until("step_done", "change") // the step is finished first
			run.until("undo_done", "change")
			if result := run.until("result", ""); result["status"] != "rolled_back" || result["exit_code"] != 5.0 {
				t.Errorf("result: %v", result)
			}
			if code := run.exit(); code != 5 {
				t.Errorf("exit code %d", code)
			}
			if run.changed() {
				t.Error("the change was not taken back")
			}
		})
	}
}

func TestHangupInTheCutoverGoesOnToItsEnd(t *testing.T) {
	run := startFake(t, "slowcut")
	run.until("step_started", "change")
	if err := run.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	run.until("notice", "")
	if result := run.until("result", ""); result["status"] != "done" {
		t.Errorf("result: %v", result)
	}
	if code := run.exit(); code != 0 || !run.changed() {
		t.Errorf("exit code %d, changed %v", code, run.changed())
	}
}

// A reader that goes away is a closed terminal: before the cutover the run
// stops, in it the run goes on to its end.
func TestBrokenPipe(t *testing.T) {
	for _, test := range []struct {
		mode, step string
		status     steps.Status
		code       int
	}{
		{"slow", "wait", steps.Interrupted, 130},
		{"slowcut", "change", steps.Done, 0},
	} {
		t.Run(test.mode, func(t *testing.T) {
			run := startFake(t, test.mode)
			run.until("step_started", test.step)
			if err := run.out.Close(); err != nil {
				t.Fatal(err)
			}
			if test.mode == "slow" {
				// Nothing is written while the step is silent; a first signal
				// makes a line that cannot be.
				if err := run.Process.Signal(syscall.SIGHUP); err != nil {
					t.Fatal(err)
				}
			}
			if code := run.exit(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			all, err := steps.Runs(run.root)
			if err != nil || len(all) != 1 || all[0].Status != test.status {
				t.Errorf("%d runs, %v", len(all), err)
			}
		})
	}
}
