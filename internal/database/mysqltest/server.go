package mysqltest

import (
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

	"bunnyhop/internal/database"
)

// Server is a running server.
type Server struct {
	Port string
	// Dir holds the data folder ("data"), the socket ("socket") and the log.
	Dir      string
	password string
	options  []string
	run      *syscall.SysProcAttr // as whom it runs
	alive    *os.File             // its closing lets the reaper end the server
	reaped   chan struct{}
}

// reaper waits until its input ends, which it does with this process; then it
// kills the server, whose data nobody needs, and removes it.
const reaper = `cat >/dev/null
pid=$(head -n 1 "$1/pid" 2>/dev/null) && kill -KILL "$pid" 2>/dev/null
n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"`

// launch makes a data folder and starts a server on it.
func launch(options []string) (*Server, error) {
	if err := installed(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mysqltest")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, password: rand.Text(), options: options, reaped: make(chan struct{})}
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
	cmd := exec.Command("/bin/sh", "-c", reaper, "reaper", s.Dir) //nolint:gosec // the folder is our own
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

// initialize makes the data folder. Root gives it to the user mysql, as whom
// the server then runs.
func (s *Server) initialize() error {
	args := []string{
		"--no-defaults", "--datadir=" + s.data(), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
	}
	// One statement a line; the server runs them at every start.
	statements := []string{
		"CREATE USER IF NOT EXISTS 'root'@'127.0.0.1'",
		"ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '" + s.password + "'",
		"GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION",
		"ALTER USER 'root'@'localhost' IDENTIFIED BY '" + s.password + "'",
		"DROP USER IF EXISTS ''@'localhost'",
	}
	if err := os.WriteFile(s.first(), []byte(strings.Join(statements, ";\n")+";\n"), 0o600); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		account, err := user.Lookup("mysql")
		if err != nil {
			return fmt.Errorf("looking for the user to run MariaDB as: %w", err)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32)
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		s.run = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		for _, path := range []string{s.Dir, s.first()} {
			if err := os.Chown(path, int(uid), int(gid)); err != nil {
				return err
			}
		}
	}
	cmd := exec.Command(find("mariadb-install-db"), args...) //nolint:gosec // a program that was looked for
	// Two servers that are made at the same time must not share a folder for
	// temporary tables.
	cmd.Dir, cmd.SysProcAttr, cmd.Env = s.Dir, s.run, append(os.Environ(), "TMPDIR="+s.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (s *Server) data() string  { return filepath.Join(s.Dir, "data") }
func (s *Server) first() string { return filepath.Join(s.Dir, "first.sql") }

// Socket is the server's Unix socket.
func (s *Server) Socket() string { return filepath.Join(s.Dir, "socket") }

// start starts the server and waits until it answers.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	args := append([]string{
		"--no-defaults", "--datadir=" + s.data(), "--socket=" + s.Socket(), "--pid-file=" + filepath.Join(s.Dir, "pid"),
		"--port=" + s.Port, "--bind-address=127.0.0.1", "--skip-name-resolve", "--init-file=" + s.first(), "--tmpdir=" + s.Dir,
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=48M", "--innodb-log-file-size=16M",
		"--innodb-fast-shutdown=2", "--innodb-buffer-pool-dump-at-shutdown=0", "--aria-pagecache-buffer-size=8M", "--key-buffer-size=8M",
		"--max-connections=80", "--performance-schema=off", "--skip-log-bin", "--secure-file-priv=" + s.Dir,
	}, s.options...)
	cmd := exec.Command(find("mariadbd"), args...) //nolint:gosec // a program that was looked for
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.Dir, log, log, s.run
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	db := open(s.config(""))
	defer db.Close() //nolint:errcheck // nothing is lost
	for begun := time.Now(); ; {
		err := db.Ping()
		if err == nil {
			return nil
		}
		if time.Since(begun) > time.Minute {
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

func (s *Server) config(name string) database.Config {
	return database.Config{Client: "mysql", Host: "127.0.0.1", Port: s.Port, Name: name, User: "root", Password: s.password}
}

// Stop ends the server, cutting all sessions; Restart brings it back with
// all that was committed.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.Signal(tb, syscall.SIGTERM)
	s.gone(tb)
}

func (s *Server) gone(tb testing.TB) {
	tb.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		pid, err := s.pid() // the server removes the file at its end
		if err != nil || syscall.Kill(pid, 0) != nil {
			return
		}
		if time.Since(begun) > time.Minute {
			tb.Fatal("the server does not end")
		}
	}
}

// Restart starts a server that was stopped, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Signal sends a signal to the server's process.
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
	data, err := os.ReadFile(filepath.Join(s.Dir, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
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
