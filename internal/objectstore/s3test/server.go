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
	"testing"
	"time"

	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/process/reaper"
	"bunnyhop/internal/server"
)

// Server is a running S3 server.
type Server struct {
	Dir     string // everything it owns
	program string
	port    int
	secret  string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd is
	reaper  *reaper.Reaper
}

func launch() (*Server, error) {
	dir, err := os.MkdirTemp("", "s3test")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, secret: rand.Text()}
	if s.reaper, err = reaper.Start(dir, "pid", "KILL"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Looked up once: a test may change where caches are.
	if s.program, err = binary(); err != nil {
		s.end()
		return nil, err
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

// end ends the server and removes its data.
func (s *Server) end() { s.reaper.End() }

// start starts the server and waits until it answers.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	args := []string{
		"--quiet", "--keep-alive", "--port", "127.0.0.1:" + strconv.Itoa(s.port), "--iam-dir", filepath.Join(s.Dir, "iam"),
		"posix", "--sidecar", filepath.Join(s.Dir, "meta"), filepath.Join(s.Dir, "data"),
	}
	s.cmd = exec.Command(s.program, args...) //nolint:gosec // the test's own server
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
