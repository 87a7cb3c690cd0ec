package mysqltest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const roleVariable = "MYSQLTEST_ROLE"

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
	Exec(t, maker, "CREATE DATABASE bunnyhop_made", "DROP DATABASE bunnyhop_made")
	for config, name := range map[string]string{owner.User: "bunnyhop_made", maker.User: "made"} {
		as := owner
		if config == maker.User {
			as = maker
		}
		db := open(as)
		if _, err := db.Exec("CREATE DATABASE " + name); err == nil {
			t.Errorf("%s, without the right, made the database %s", config, name)
		}
		db.Close()
	}
}

func TestStopAndRestart(t *testing.T) {
	server := Private(t, "--lower-case-table-names=0")
	config := server.Database(t)
	Exec(t, config, "CREATE TABLE t (a int) ENGINE=InnoDB", "INSERT INTO t VALUES (1)")
	server.Stop(t)
	db := open(config)
	defer db.Close()
	if err := db.Ping(); err == nil {
		t.Error("a stopped server answers")
	}
	server.Restart(t)
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
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
