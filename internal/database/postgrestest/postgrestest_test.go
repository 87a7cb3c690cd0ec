package postgrestest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m, launch) }

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

func TestEndsWithTheProcess(t *testing.T) { servertest.EndsWithTheProcess(t) }
