package postgrestest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const roleVariable = "POSTGRESTEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "" {
		os.Exit(m.Run())
	}
	server, err := launch(nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.Dir)
	time.Sleep(time.Minute)
}

func TestStart(t *testing.T) {
	admin := Start(t)
	owner := User(t, admin)
	Exec(t, owner, "CREATE TABLE t (a int)")
	maker := User(t, admin, CreateDatabases)
	Exec(t, maker, "CREATE DATABASE made", "DROP DATABASE made")
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, URL(owner))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE made"); err == nil {
		t.Error("a role without the right made a database")
	}
}

func TestStopAndRestart(t *testing.T) {
	server := Private(t, "wal_level=logical")
	config := server.Database(t)
	Exec(t, config, "CREATE TABLE t (a int)")
	server.Stop(t)
	if _, err := pgx.Connect(context.Background(), URL(config)); err == nil {
		t.Error("a stopped server answers")
	}
	server.Restart(t)
	Exec(t, config, "INSERT INTO t VALUES (1)")
}

// TestEndsWithTheProcess kills a process that has a server: neither the
// server nor its data may be left.
func TestEndsWithTheProcess(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=server")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(line[:n]))
	pid, err := (&Server{Dir: dir}).pid()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 200 {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) && syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the server %d or its data in %s is left", pid, dir)
}
