package postgrestest

import (
	"bytes"
	"context"
	"crypto/rand"
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

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
)

// Server is a running server.
type Server struct {
	Port string
	// Dir holds the data folder ("data"), the socket and the log.
	Dir      string
	password string
	bin      string
	settings []string
	run      *syscall.SysProcAttr // as whom it runs
	alive    *os.File             // its closing lets the reaper end the server
	reaped   chan struct{}
}

// reaper waits until its input ends, which it does with this process; then it
// ends the server and removes the data.
const reaper = `cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"`

// launch makes a data folder and starts a server on it.
func launch(settings []string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgrestest")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, password: rand.Text(), bin: bin, settings: settings, reaped: make(chan struct{})}
	if err := s.startReaper(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.initialize(); err != nil {
		s.end()
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
			s.end()
			return nil, err
		}
	}
}

func (s *Server) startReaper() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", reaper, "reaper", s.Dir) //nolint:gosec // a folder of its own
	cmd.Stdin, cmd.Dir = reader, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = reader.Close()
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	s.alive = writer
	go func() {
		_ = cmd.Wait()
		close(s.reaped)
	}()
	return nil
}

// end ends the server and removes its data.
func (s *Server) end() {
	_ = s.alive.Close()
	<-s.reaped
}

// initialize makes the data folder. A server refuses to run as root, so root
// gives it to the user postgres.
func (s *Server) initialize() error {
	if os.Getuid() == 0 {
		account, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("looking for the user to run PostgreSQL as: %w", err)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32)
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		s.run = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chown(s.Dir, int(uid), int(gid)); err != nil {
			return err
		}
	}
	secret := filepath.Join(s.Dir, "password")
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	if s.run != nil {
		if err := os.Chown(secret, int(s.run.Credential.Uid), int(s.run.Credential.Gid)); err != nil {
			return err
		}
	}
	args := []string{
		"--pgdata", s.data(), "--username", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
	}
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), args...) //nolint:gosec // the server's own program
	cmd.Dir, cmd.SysProcAttr = s.Dir, s.run
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return os.Remove(secret)
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// start starts the server and waits until it answers.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	args := []string{"-D", s.data()}
	for _, setting := range append([]string{
		"port=" + s.Port, "listen_addresses=127.0.0.1", "unix_socket_directories=" + s.Dir,
		"fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60",
		"autovacuum=off", "log_line_prefix=%m %a ",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), args...) //nolint:gosec // the server's own program
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.Dir, log, log, s.run
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, URL(s.config("postgres")))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
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

func (s *Server) config(name string) database.Config {
	return database.Config{Client: "pg", Host: "127.0.0.1", Port: s.Port, Name: name, User: "postgres", Password: s.password}
}

// Stop ends the server at once, cutting all sessions; Restart brings it back.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	pid, err := s.pid()
	if err != nil {
		tb.Fatal(err)
	}
	// SIGQUIT is the immediate shutdown (PostgreSQL documentation, 19.5).
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		tb.Fatal(err)
	}
	for syscall.Kill(pid, 0) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// Restart starts a server that was stopped, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err)
	}
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Signal sends a signal to the server's main process.
func (s *Server) Signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	pid, err := s.pid()
	if err == nil {
		err = syscall.Kill(pid, signal)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) pid() (int, error) {
	data, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strconv.Atoi(strings.TrimSpace(string(line)))
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close() //nolint:errcheck // only its number is wanted
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
