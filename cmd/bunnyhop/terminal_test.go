package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
)

// terminal is bunnyhop in a real pseudo-terminal.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File

	mu  sync.Mutex
	out bytes.Buffer
}

func openTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bunnyhop", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "HOME="+filepath.Dir(dir), "npm_config_registry=http://127.0.0.1:1")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, cmd: cmd, file: file}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := file.Read(buffer)
			s.mu.Lock()
			s.out.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = file.Close() })
	return s
}

func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(s.out.String())
}

func (s *terminal) sees(words string) {
	s.t.Helper()
	for range 600 {
		if strings.Contains(s.text(), words) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%q was not seen in\n%s", words, s.text())
}

func (s *terminal) types(keys string) {
	s.t.Helper()
	if _, err := s.file.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *terminal) code() int {
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// The wizard opens on a terminal, says what keeps it from working on this
// project, and leaves.
func TestWizardOpensOnATerminal(t *testing.T) {
	_, o := newProject(t)
	s := openTerminal(t, o.Root)
	s.sees("bunnyhop")
	s.sees("DB_") // no database is configured
	s.types("q")
	// What is wrong is also told on the normal terminal, once it is back.
	if code := s.code(); code == 0 {
		t.Errorf("exit code %d", code)
	}
	s.sees("bunnyhop: DB_CLIENT is not set")
}

// Without a terminal the wizard is the status and a hint.
func TestWizardWithoutATerminal(t *testing.T) {
	_, o := newProject(t)
	out, errs, code := bunnyhop(t, o.Root, nil)
	if code != 2 || !strings.Contains(errs, "the wizard needs a terminal") || !strings.Contains(out, "Directus   10.13.4") {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
}
