package connect_test

import (
	"os"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// The folder of a server on this machine is known, and with it the disk that a
// copy of the database takes room on.
func TestDataDirHere(t *testing.T) {
	maria, postgres := mysqltest.Start(t), postgrestest.Start(t)
	for name, c := range map[string]struct {
		config database.Config
		marker string
	}{
		"MariaDB":                   {maria, "ibdata1"},
		"MariaDB, an ordinary user": {mysqltest.User(t, maria), "ibdata1"},
		"PostgreSQL":                {postgres, "PG_VERSION"},
	} {
		db, err := connect.Open(t.Context(), c.config, connect.ReadOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := database.DataDirHere(t.Context(), db, c.config)
		if _, err := os.Stat(dir + "/" + c.marker); dir == "" || err != nil {
			t.Errorf("%s: %q, %v", name, dir, err)
		}
		far := c.config
		far.Host = "db.example.com" // a tunnel's other end keeps its data elsewhere
		if dir := database.DataDirHere(t.Context(), db, far); dir != "" {
			t.Errorf("%s: of another machine %q", name, dir)
		}
		_ = db.Close()
	}
}

// What is at a place is told before anything is restored there.
func TestLook(t *testing.T) {
	maria, postgres := mysqltest.Start(t), postgrestest.Start(t)
	for name, config := range map[string]database.Config{"MariaDB": maria, "PostgreSQL": postgres} {
		look := func(config database.Config, wantExists bool, wantTables int) {
			t.Helper()
			exists, tables, err := connect.Look(t.Context(), config)
			if err != nil || exists != wantExists || tables != wantTables {
				t.Errorf("%s: exists %v, %d tables, %v", name, exists, tables, err)
			}
		}
		look(config, true, 0)
		if name == "MariaDB" {
			mysqltest.Exec(t, config, "CREATE TABLE t (a int)")
		} else {
			postgrestest.Exec(t, config, "CREATE TABLE t (a int)")
		}
		look(config, true, 1)
		missing := config
		missing.Name = "not there"
		look(missing, false, 0)
		wrong := config
		wrong.Password = "wrong"
		if _, _, err := connect.Look(t.Context(), wrong); err == nil {
			t.Errorf("%s: a refused login counts as nothing there", name)
		}
	}
	file := database.Config{Client: "sqlite3", Filename: t.TempDir() + "/none.db"}
	if exists, tables, err := connect.Look(t.Context(), file); err != nil || exists || tables != 0 {
		t.Errorf("%v, %d, %v", exists, tables, err)
	}
}
