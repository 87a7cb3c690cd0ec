package s3test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/server"
)

// Server is a running S3 server.
type Server struct {
	Dir    string // everything it owns
	port   int
	secret string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd is
	alive  *os.File      // its closing lets the reaper end the server
	reaped chan struct{}
}

// reaper waits until its input ends, which it does with this process; then it
// ends the server and removes the data.
const reaper = `cat >/dev/null
pid=$(cat "$1/pid" 2>/dev/null) && kill -KILL "$pid" 2>/dev/null
n=0; while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"`

func launch() (*Server, error) {
	dir, err := os.MkdirTemp("", "s3test")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, secret: rand.Text(), reaped: make(chan struct{})}
	if err := s.startReaper(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for _, name := range []string{"data", "meta", "iam"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			s.end()
			return nil, err
		}
	}
	// The port may be taken between the moment it was found free and the start.
	for try := 0; ; try++ {
		if s.port, err = server.FreePort(); err == nil {
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

// start starts the server and waits until it answers.
func (s *Server) start() error {
	program, err := binary()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	args := []string{
		"--quiet", "--keep-alive", "--port", "127.0.0.1:" + strconv.Itoa(s.port), "--iam-dir", filepath.Join(s.Dir, "iam"),
		"posix", "--sidecar", filepath.Join(s.Dir, "meta"), filepath.Join(s.Dir, "data"),
	}
	s.cmd = exec.Command(program, args...) //nolint:gosec // the test's own server
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.Dir, log, log
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir, "ROOT_ACCESS_KEY=tester", "ROOT_SECRET_KEY=" + s.secret, "GOMAXPROCS=2"}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "pid"), []byte(strconv.Itoa(s.cmd.Process.Pid)), 0o600); err != nil {
		return errors.Join(err, s.cmd.Process.Kill())
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the server does not answer: %w", err), s.cmd.Process.Kill())
		case <-s.ended:
			data, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
			return fmt.Errorf("the server ended: %s", data[max(0, len(data)-2000):])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) config(bucket string) objectstore.Config {
	return objectstore.Config{
		Endpoint: "http://127.0.0.1:" + strconv.Itoa(s.port), Region: "us-east-1", Bucket: bucket,
		AccessKey: "tester", SecretKey: s.secret, PathStyle: true,
	}
}

// Kill ends the server at once, cutting all connections; Restart brings it
// back with its data.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// Stop is Kill for a test that then goes on without the server.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.Kill()
}

// Restart starts a server that was stopped, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("starting the S3 server again: %v", err)
	}
}

// Folder is where the server keeps a bucket's objects, as files.
func (s *Server) Folder(config objectstore.Config) string {
	return filepath.Join(s.Dir, "data", config.Bucket)
}
