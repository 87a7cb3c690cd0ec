// Package postgrestest gives tests a real PostgreSQL server: it finds one,
// installs it where it is missing, and runs it on a data folder and a free
// loopback port of its own. The server ends and its data is removed when the
// test binary ends, however it ends.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver for database/sql

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/servertest"
)

// Start returns a superuser's connection to a database that is made, empty,
// for this call and dropped when the test ends. The server is shared by all
// tests of the binary.
func Start(tb testing.TB) database.Config {
	tb.Helper()
	return Shared(tb).Database(tb)
}

// Shared is the server that all tests of this binary share. A test that stops
// it disturbs the others; see Private.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	return shared.Get(tb, launch)
}

var shared servertest.Shared[Server]

// Private is a server of the test's own, with more settings ("name=value"),
// which may be stopped and started. It ends with the test.
func Private(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	server, err := launch(settings)
	if err != nil {
		tb.Fatalf("starting PostgreSQL: %v", err)
	}
	tb.Cleanup(server.End)
	return server
}

var serial atomic.Int64

// Database makes an empty database, which is dropped when the test ends, and
// returns a superuser's connection to it.
func (s *Server) Database(tb testing.TB) database.Config {
	tb.Helper()
	admin := configOf(s.Server, s.password)
	name := fmt.Sprintf("project %d", serial.Add(1))
	Exec(tb, admin, "CREATE DATABASE "+Quote(name)+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, URL(admin))
		if err != nil {
			return // the test has stopped the server
		}
		defer conn.Close(ctx) //nolint:errcheck // nothing is lost
		// WITH (FORCE) is of 13 and later.
		_, err = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
		if err == nil {
			_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+Quote(name))
		}
		if err != nil {
			tb.Errorf("dropping the test's database: %v", err)
		}
	})
	config := admin
	config.Name = name
	return config
}

// The rights that User knows by name. Others are given as PostgreSQL's own
// words for CREATE ROLE.
const (
	CreateDatabases = "CREATEDB"
	CreateRoles     = "CREATEROLE"
)

// User makes an ordinary role with exactly the rights named, gives it the
// database of admin, and returns its connection.
func User(tb testing.TB, admin database.Config, rights ...string) database.Config {
	tb.Helper()
	config := admin
	config.User = fmt.Sprintf("role %d", serial.Add(1))
	config.Password = "p@ss 'w\\ord " + rand.Text()
	Exec(tb, admin,
		"CREATE ROLE "+Quote(config.User)+" LOGIN PASSWORD "+literal(config.Password)+" "+strings.Join(rights, " "),
		"ALTER DATABASE "+Quote(admin.Name)+" OWNER TO "+Quote(config.User),
	)
	return config
}

// Exec executes statements, one by one.
func Exec(tb testing.TB, config database.Config, statements ...string) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, URL(config))
	if err != nil {
		tb.Fatalf("connecting to the test's server: %v", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

// Fill makes tables with so many megabytes; see databasetest.Fill.
func Fill(tb testing.TB, config database.Config, megabytes int) {
	tb.Helper()
	db, err := sql.Open("pgx", URL(config))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // all was committed
	databasetest.Fill(tb, db, database.Postgres, megabytes)
}

// URL is a connection string for pgx, with the password in it.
func URL(config database.Config) string {
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable",
		value(config.Host), value(config.Port), value(config.User), value(config.Password), value(config.Name))
}

func value(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// Quote quotes an identifier.
func Quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(text string) string {
	return " E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
