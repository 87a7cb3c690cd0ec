package mysqltest

import (
	"testing"

	"bunnyhop/internal/database/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m, launch) }

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

func TestEndsWithTheProcess(t *testing.T) { servertest.EndsWithTheProcess(t) }
