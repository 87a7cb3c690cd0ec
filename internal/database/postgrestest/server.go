package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/servertest"
)

// Server is a running server.
type Server struct {
	*servertest.Server
	password string
}

// launch makes a data folder and starts a server on it.
func launch(settings []string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	password := rand.Text()
	running, err := servertest.Launch(servertest.Kind{
		// SIGQUIT is the immediate shutdown (PostgreSQL documentation, 19.5).
		Name: "PostgreSQL", Account: "postgres", PIDFile: "data/postmaster.pid", Stop: syscall.SIGQUIT, Reap: "QUIT",
		Initialize: func(s *servertest.Server) error { return initialize(s, bin, password) },
		Command:    func(s *servertest.Server) *exec.Cmd { return command(s, bin, settings) },
		Ping: func(s *servertest.Server) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			conn, err := pgx.Connect(ctx, URL(configOf(s, password)))
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		},
	})
	if err != nil {
		return nil, err
	}
	return &Server{running, password}, nil
}

// initialize makes the data folder.
func initialize(s *servertest.Server, bin, password string) error {
	secret := filepath.Join(s.Dir, "password")
	if err := s.Give(secret, password+"\n"); err != nil {
		return err
	}
	args := []string{
		"--pgdata", s.Data(), "--username", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), args...) //nolint:gosec // the server's own program
	cmd.Dir, cmd.SysProcAttr = s.Dir, s.Run
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return os.Remove(secret)
}

func command(s *servertest.Server, bin string, settings []string) *exec.Cmd {
	args := []string{"-D", s.Data()}
	for _, setting := range append([]string{
		"port=" + s.Port, "listen_addresses=127.0.0.1", "unix_socket_directories=" + s.Dir,
		"fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60",
		"autovacuum=off", "log_line_prefix=%m %a ",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	return exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:gosec // the server's own program
}

func configOf(s *servertest.Server, password string) database.Config {
	return database.Config{Client: "pg", Host: "127.0.0.1", Port: s.Port, Name: "postgres", User: "postgres", Password: password}
}
