// Package servertest runs a real database server for tests, on a data folder
// and a free loopback port of its own. It ends and its data is removed when
// the test binary ends, however it ends. What is the vendors' own is in
// packages mysqltest and postgrestest.
package servertest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/process/reaper"
)

// Kind is what one vendor's servers have of their own.
type Kind struct {
	Name    string // for people
	Account string // as whom root runs it: servers refuse to run as root
	PIDFile string // in the server's folder
	// Stop is the signal that ends the server, cutting all sessions.
	Stop syscall.Signal
	// Reap is the signal with which the server is ended when nobody needs its
	// data any more.
	Reap string
	// Initialize makes the data folder.
	Initialize func(s *Server) error
	// Command is the program to start on the data folder.
	Command func(s *Server) *exec.Cmd
	// Ping connects once.
	Ping func(s *Server) error
}

// Server is a running server.
type Server struct {
	Port string
	// Dir holds the data folder ("data"), the socket and the log.
	Dir string
	// Run says as whom the server's programs run.
	Run    *syscall.SysProcAttr
	kind   Kind
	reaper *reaper.Reaper
}

const (
	answersWithin = time.Minute
	endsWithin    = time.Minute
)

// End ends the server and removes its data.
func (s *Server) End() { s.reaper.End() }

// Launch makes a data folder and starts a server on it.
func Launch(kind Kind) (*Server, error) {
	dir, err := os.MkdirTemp("", strings.ToLower(kind.Name)+"test")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, kind: kind}
	if s.reaper, err = reaper.Start(dir, kind.PIDFile, kind.Reap); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.initialize(); err != nil {
		s.End()
		return nil, err
	}
	// The port may be taken between the moment it was found free and the start.
	for try := 0; ; try++ {
		if s.Port, err = freePort(); err == nil {
			err = s.start()
		}
		if err == nil {
			return s, nil
		}
		if try == 3 {
			s.End()
			return nil, err
		}
	}
}

func (s *Server) initialize() error {
	if os.Getuid() == 0 {
		account, err := user.Lookup(s.kind.Account)
		if err != nil {
			return fmt.Errorf("looking for the user to run %s as: %w", s.kind.Name, err)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32)
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		s.Run = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chown(s.Dir, int(uid), int(gid)); err != nil {
			return err
		}
	}
	return s.kind.Initialize(s)
}

// Give writes a file that only the server's user can read.
func (s *Server) Give(path, text string) error {
	err := os.WriteFile(path, []byte(text), 0o600)
	if err == nil && s.Run != nil {
		err = os.Chown(path, int(s.Run.Credential.Uid), int(s.Run.Credential.Gid))
	}
	return err
}

// Data is the data folder.
func (s *Server) Data() string { return filepath.Join(s.Dir, "data") }

// start starts the server and waits until it answers.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	cmd := s.kind.Command(s)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.Dir, log, log, s.Run
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for begun := time.Now(); ; {
		err := s.kind.Ping(s)
		if err == nil {
			return nil
		}
		if time.Since(begun) > answersWithin {
			return fmt.Errorf("the server does not answer: %w", err)
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the server ended: %w: %s", err, s.log())
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (s *Server) log() string {
	data, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(data[max(0, len(data)-2000):])
}

// Stop ends the server, cutting all sessions; Restart brings it back with all
// that was committed.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.signalAndWait(tb, s.kind.Stop)
}

// Kill ends the server as a crash does; Restart brings it back.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.signalAndWait(tb, syscall.SIGKILL)
}

func (s *Server) signalAndWait(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	pid := s.Signal(tb, signal)
	for begun := time.Now(); syscall.Kill(pid, 0) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > endsWithin {
			tb.Fatal("the server does not end")
		}
	}
}

// Restart starts a server that was stopped, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	// A crash leaves the file, whose number another process may have by now.
	if err := os.Remove(s.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err)
	}
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Signal sends a signal to the server's main process and returns its number.
func (s *Server) Signal(tb testing.TB, signal syscall.Signal) int {
	tb.Helper()
	pid, err := s.PID()
	if err == nil {
		err = syscall.Kill(pid, signal)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// PID is the number of the server's main process.
func (s *Server) PID() (int, error) {
	data, err := os.ReadFile(s.pidFile())
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strconv.Atoi(strings.TrimSpace(string(line)))
}

func (s *Server) pidFile() string { return filepath.Join(s.Dir, s.kind.PIDFile) }

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close() //nolint:errcheck // only its number is wanted
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
