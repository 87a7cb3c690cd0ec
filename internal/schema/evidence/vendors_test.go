package evidence

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3" // makes the test's file

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// vendors runs a test on an empty database of each kind, with a source that
// may only read and statements that may write.
func vendors(t *testing.T, test func(t *testing.T, db database.Database, source Source, exec writer)) {
	t.Helper()
	for _, vendor := range []database.Vendor{database.SQLite, database.Postgres, database.MySQL} {
		t.Run(string(vendor), func(t *testing.T) {
			config := configOf(t, vendor)
			reader := open(t, config, connect.ReadOnly)
			test(t, reader, Database(reader), writer{t, open(t, config, connect.ReadWrite)})
		})
	}
}

// writer executes statements.
type writer struct {
	t  *testing.T
	db database.Database
}

func (w writer) exec(statements ...string) {
	w.t.Helper()
	for _, statement := range statements {
		if err := w.try(statement); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (w writer) try(statement string) error {
	_, err := w.db.SQL().Exec(statement)
	return err
}

func configOf(t *testing.T, vendor database.Vendor) database.Config {
	t.Helper()
	switch vendor {
	case database.Postgres:
		return postgrestest.Start(t)
	case database.MySQL:
		return mysqltest.Start(t)
	default:
		path := filepath.Join(t.TempDir(), "data.db")
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("CREATE TABLE made (id integer)"); err != nil {
			t.Fatal(err)
		}
		return database.Config{Client: "sqlite3", Filename: path}
	}
}
