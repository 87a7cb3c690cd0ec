package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// terminal is bunnyhop in a real pseudo-terminal, and what a person sees there.
type terminal struct {
	tb      testing.TB
	cmd     *exec.Cmd
	file    *os.File
	glass   vt10x.Terminal
	painted chan struct{} // something came
	gone    chan struct{} // closed when nothing comes any more
}

// openTerminal runs bunnyhop in a folder, far from any registry.
func openTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bunnyhop", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(dir), "npm_config_registry=http://127.0.0.1:1")
	return showTerminal(t, cmd, 80, 24)
}

// showTerminal starts a command, with an environment of its own, in a terminal
// of a size.
func showTerminal(tb testing.TB, cmd *exec.Cmd, columns, rows uint16) *terminal {
	tb.Helper()
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		tb.Fatal(err)
	}
	s := &terminal{
		tb: tb, cmd: cmd, file: file, painted: make(chan struct{}, 1), gone: make(chan struct{}),
		glass: vt10x.New(vt10x.WithSize(int(columns), int(rows))),
	}
	go s.paint()
	tb.Cleanup(func() { _ = file.Close() })
	return s
}

// paint brings what comes to the screen.
func (s *terminal) paint() {
	defer close(s.gone)
	for out := bufio.NewReader(s.file); s.glass.Parse(out) == nil; {
		select {
		case s.painted <- struct{}{}:
		default:
		}
	}
}

// text is the screen as it is now.
func (s *terminal) text() string { return s.glass.String() }

// has returns the first of several words that stands on the screen, or "".
// Words may go on in the next line.
func (s *terminal) has(words ...string) string {
	text := strings.ReplaceAll(s.text(), "\n", "")
	for _, word := range words {
		if strings.Contains(text, word) {
			return word
		}
	}
	return ""
}

// sees waits until words stand on the screen, half a minute at most.
func (s *terminal) sees(words string) {
	s.tb.Helper()
	s.seesWithin(30*time.Second, words)
}

// seesWithin waits until one of several words stands on the screen, and
// returns it.
func (s *terminal) seesWithin(patience time.Duration, words ...string) string {
	s.tb.Helper()
	late := time.After(patience)
	for over := false; ; {
		if word := s.has(words...); word != "" {
			return word
		}
		if over {
			s.tb.Fatalf("%q was not seen in\n%s", words, s.text())
		}
		select {
		case <-s.painted:
		case <-s.gone:
			over = true
		case <-late:
			over = true
		}
	}
}

func (s *terminal) types(keys string) {
	s.tb.Helper()
	if _, err := s.file.WriteString(keys); err != nil {
		s.tb.Fatal(err)
	}
}

// code waits for the end, and for all that was printed until then.
func (s *terminal) code() int {
	s.tb.Helper()
	_ = s.cmd.Wait()
	<-s.gone
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
