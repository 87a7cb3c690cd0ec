// Package mysqltest gives tests a real MariaDB server: it finds one, installs
// it where it is missing, and runs it on a data folder and a free loopback
// port of its own. The server ends and its data is removed when the test
// binary ends, however it ends.
package mysqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/servertest"
)

// Start returns root's connection to a database that is made, empty, for this
// call and dropped when the test ends. The server is shared by all tests of
// the binary.
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

// Private is a server of the test's own, with more options ("--name=value"),
// which may be stopped and started. It ends with the test.
func Private(tb testing.TB, options ...string) *Server {
	tb.Helper()
	server, err := launch(options)
	if err != nil {
		tb.Fatalf("starting MariaDB: %v", err)
	}
	tb.Cleanup(server.End)
	return server
}

var serial atomic.Int64

// Database makes an empty database, which is dropped when the test ends, and
// returns root's connection to it.
func (s *Server) Database(tb testing.TB) database.Config {
	tb.Helper()
	admin := configOf(s.Server, s.password)
	name := fmt.Sprintf("project_%d é", serial.Add(1))
	Exec(tb, admin, "CREATE DATABASE "+Quote(name)+" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		db := open(admin)
		defer db.Close() //nolint:errcheck // nothing is lost
		if db.PingContext(ctx) != nil {
			return // the test has stopped the server
		}
		if _, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+Quote(name)); err != nil {
			tb.Errorf("dropping the test's database: %v", err)
		}
	})
	config := admin
	config.Name = name
	return config
}

// The rights that User knows by name, in the form that it takes others too:
// what stands between GRANT and TO.
const (
	// CreateDatabases is the right that bunnyhop asks for: to make databases
	// of its own.
	CreateDatabases = "ALL PRIVILEGES ON `bunnyhop\\_%`.*"
	// SeeSessions lets a user see the sessions of others.
	SeeSessions = "PROCESS ON *.*"
)

// User makes an ordinary user with all rights on the database of admin, which
// is what people give the user of Directus, and with exactly the further
// rights named. It returns the user's connection.
func User(tb testing.TB, admin database.Config, rights ...string) database.Config {
	tb.Helper()
	config := admin
	config.User = fmt.Sprintf("user %d", serial.Add(1))
	config.Password = "p@ss 'w\\ord #\" " + rand.Text()
	account := Account(config)
	statements := []string{"CREATE USER " + account + " IDENTIFIED BY " + literal(config.Password)}
	if admin.Name != "" {
		rights = append([]string{"ALL PRIVILEGES ON " + Quote(pattern(admin.Name)) + ".*"}, rights...)
	}
	for _, right := range rights {
		statements = append(statements, "GRANT "+right+" TO "+account)
	}
	Exec(tb, admin, statements...)
	tb.Cleanup(func() {
		db := open(admin)
		defer db.Close()                       //nolint:errcheck // nothing is lost
		_, _ = db.Exec("DROP USER " + account) // the test may have stopped the server
	})
	return config
}

// Account is a user's name in statements about users.
func Account(config database.Config) string { return literal(config.User) + "@'%'" }

// pattern is a name in a GRANT, which takes wildcards there.
func pattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(name)
}

// Exec executes statements, one by one.
func Exec(tb testing.TB, config database.Config, statements ...string) {
	tb.Helper()
	ctx := context.Background()
	db := open(config)
	defer db.Close() //nolint:errcheck // nothing is lost
	conn, err := db.Conn(ctx)
	if err != nil {
		tb.Fatalf("connecting to the test's server: %v", err)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

func open(config database.Config) *sql.DB {
	connector, err := mysql.NewConnector(Driver(config))
	if err != nil {
		panic(err) // nothing in the configuration can be wrong
	}
	return sql.OpenDB(connector)
}

// Fill makes tables with so many megabytes; see databasetest.Fill.
func Fill(tb testing.TB, config database.Config, megabytes int) {
	tb.Helper()
	driver := Driver(config)
	driver.InterpolateParams = true // far quicker for many values
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close() //nolint:errcheck // all was committed
	databasetest.Fill(tb, db, database.MySQL, megabytes)
}

// Driver is the configuration for the driver, with the password in it.
func Driver(config database.Config) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(config.Host, config.Port)
	c.User, c.Passwd, c.DBName = config.User, config.Password, config.Name
	c.Logger = &mysql.NopLogger{}
	return c
}

// Quote quotes an identifier.
func Quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
