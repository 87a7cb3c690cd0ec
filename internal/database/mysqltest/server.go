package mysqltest

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/servertest"
)

// Server is a running server. What was committed in the last second before a
// crash (Kill) is only there then if the server was told to write it at once
// (--innodb-flush-log-at-trx-commit=2).
type Server struct {
	*servertest.Server
	password string
}

// launch makes a data folder and starts a server on it.
func launch(options []string) (*Server, error) {
	if err := installed(); err != nil {
		return nil, err
	}
	password := rand.Text()
	running, err := servertest.Launch(servertest.Kind{
		Name: "MariaDB", Account: "mysql", PIDFile: "pid", Stop: syscall.SIGTERM, Reap: "KILL",
		Initialize: func(s *servertest.Server) error { return initialize(s, password) },
		Command:    func(s *servertest.Server) *exec.Cmd { return command(s, options) },
		Ping: func(s *servertest.Server) error {
			db := open(configOf(s, password))
			defer db.Close() //nolint:errcheck // nothing is lost
			return db.Ping()
		},
	})
	if err != nil {
		return nil, err
	}
	return &Server{running, password}, nil
}

// initialize makes the data folder.
func initialize(s *servertest.Server, password string) error {
	args := []string{
		"--no-defaults", "--datadir=" + s.Data(), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=16M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
	}
	// One statement a line; the server runs them at every start.
	statements := []string{
		"CREATE USER IF NOT EXISTS 'root'@'127.0.0.1'",
		"ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '" + password + "'",
		"GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION",
		"ALTER USER 'root'@'localhost' IDENTIFIED BY '" + password + "'",
		"DROP USER IF EXISTS ''@'localhost'",
	}
	if err := s.Give(first(s), strings.Join(statements, ";\n")+";\n"); err != nil {
		return err
	}
	cmd := exec.Command(find("mariadb-install-db"), args...) //nolint:gosec // a program that was looked for
	// Two servers that are made at the same time must not share a folder for
	// temporary tables.
	cmd.Dir, cmd.SysProcAttr, cmd.Env = s.Dir, s.Run, append(os.Environ(), "TMPDIR="+s.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func command(s *servertest.Server, options []string) *exec.Cmd {
	args := append([]string{
		"--no-defaults", "--datadir=" + s.Data(), "--socket=" + socket(s), "--pid-file=" + filepath.Join(s.Dir, "pid"),
		"--port=" + s.Port, "--bind-address=127.0.0.1", "--skip-name-resolve", "--init-file=" + first(s), "--tmpdir=" + s.Dir,
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=48M", "--innodb-log-file-size=16M",
		"--innodb-fast-shutdown=2", "--innodb-buffer-pool-dump-at-shutdown=0", "--aria-pagecache-buffer-size=8M", "--key-buffer-size=8M",
		"--max-connections=80", "--performance-schema=off", "--skip-log-bin", "--secure-file-priv=" + s.Dir,
	}, options...)
	return exec.Command(find("mariadbd"), args...) //nolint:gosec // a program that was looked for
}

func first(s *servertest.Server) string  { return filepath.Join(s.Dir, "first.sql") }
func socket(s *servertest.Server) string { return filepath.Join(s.Dir, "socket") }

// Socket is the server's Unix socket.
func (s *Server) Socket() string { return socket(s.Server) }

func configOf(s *servertest.Server, password string) database.Config {
	return database.Config{Client: "mysql", Host: "127.0.0.1", Port: s.Port, User: "root", Password: password}
}
