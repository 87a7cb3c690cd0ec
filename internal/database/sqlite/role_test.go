package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/progress"
)

// The test binary also plays the other processes.
var roles = map[string]databasetest.Role{
	// writer PATH: writes pairs of rows until its input ends.
	"writer": func(_ database.Config, args []string) error { return write(args[0]) },
	// holder PATH: keeps the database open until its input ends.
	"holder": func(_ database.Config, args []string) error { return hold(args[0]) },
	// restorer PATH DUMP POINT: restores, and dies at the point.
	"restorer": func(_ database.Config, args []string) error {
		reached = databasetest.DieAt(args[2])
		return Restore(context.Background(), args[0], args[1], progress.Discard)
	},
	// reader PATH: opens the database as nobody.
	"reader": func(_ database.Config, args []string) error {
		db, err := Open(context.Background(), args[0], database.ReadOnly)
		if err != nil {
			return err
		}
		return db.Close()
	},
}

func TestMain(m *testing.M) {
	databasetest.Main(roles)
	os.Exit(m.Run())
}

// actor is a process that plays a role.
func actor(role string, args ...string) *exec.Cmd {
	return databasetest.Actor(role, database.Config{}, args...)
}

// start plays a role until stop is called, which returns what it printed.
func start(t *testing.T, role string, args ...string) (pid int, stop func() string) {
	t.Helper()
	cmd := actor(role, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("%s did not start: %q", role, lines.Text())
	}
	return cmd.Process.Pid, func() string {
		in.Close()
		var text []string
		for lines.Scan() {
			text = append(text, lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v: %s", role, err, text)
		}
		return strings.Join(text, "\n")
	}
}

func untilInputEnds() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		close(done)
	}()
	return done
}

// write adds a row to each of two tables in one transaction, again and again,
// waiting for locks as long as Directus does.
func write(path string) error {
	pool, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=1000&_txlock=immediate")
	if err != nil {
		return err
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	done := untilInputEnds()
	for n := 0; ; n++ {
		tx, err := pool.Begin()
		if err != nil {
			return fmt.Errorf("transaction %d: %w", n, err)
		}
		for _, table := range []string{"left", "right"} {
			if _, err := tx.Exec(`INSERT INTO "`+table+`" VALUES (?, hex(randomblob(300)))`, n); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("committing %d: %w", n, err)
		}
		if n == 50 {
			fmt.Println("ready")
		}
		select {
		case <-done:
			fmt.Println(n + 1)
			return nil
		default:
		}
	}
}

func hold(path string) error {
	pool, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(); err != nil {
		return err
	}
	fmt.Println("ready")
	<-untilInputEnds()
	return nil
}

func TestSessions(t *testing.T) {
	path := newFile(t, newsroom...)
	db := openFile(t, path, database.ReadOnly)
	got, err := db.Sessions(context.Background())
	if err != nil || len(got) != 0 {
		t.Fatalf("sessions %q, %v; want none", got, err)
	}
	other := filepath.Join(t.TempDir(), "other name.db")
	if err := os.Symlink(path, other); err != nil {
		t.Fatal(err)
	}
	pid, stop := start(t, "holder", other)
	got, err = db.Sessions(context.Background())
	if want := fmt.Sprintf("exe (pid %d)", pid); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("sessions %q, %v; want %q", got, err, want)
	}
	stop()
	got, err = db.Sessions(context.Background())
	if err != nil || len(got) != 0 {
		t.Errorf("sessions %q, %v after it ended; want none", got, err)
	}
}

// TestOpenUnreadable opens a database as a user who may not read it.
func TestOpenUnreadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("this test becomes another user and must run as root")
	}
	dir, err := os.MkdirTemp("", "unreadable")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "data.db")
	if err := os.Rename(newFile(t, newsroom...), path); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name         string
		folder, file os.FileMode
		want         string
	}{
		{"file", 0o755, 0o600, "cannot be read"},
		{"folder", 0o700, 0o644, "cannot be reached"},
		{"neither", 0o755, 0o644, ""},
	}
	binary := testBinaryForAll(t)
	for _, c := range cases {
		for name, mode := range map[string]os.FileMode{dir: c.folder, path: c.file} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
		cmd := databasetest.As(exec.Command(binary, path), "reader", database.Config{})
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v: %s", c.name, err, out)
		case c.want != "" && (err == nil || !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "hint: run bunnyhop as")):
			t.Errorf("%s: %v: %s; want %q", c.name, err, out, c.want)
		}
	}
}

// testBinaryForAll copies this program to where any user may run it.
func testBinaryForAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "binary")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test")
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
