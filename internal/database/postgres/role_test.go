package postgres

import (
	"context"
	"os"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// TestMain has the test binary also play other processes.
func TestMain(m *testing.M) {
	databasetest.Main(databasetest.Restorers(&reached, Restore, RestoreScratch))
	worthTwo = 1
	os.Exit(m.Run())
}

// databases lists the databases on the server that this package made.
func databases(t testing.TB, config database.Config) []string {
	t.Helper()
	a, err := anywhere(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	type row struct{ Name string }
	rows, err := collect[row](context.Background(), a.conn, "SELECT datname::text FROM pg_database WHERE datname LIKE 'bunnyhop%' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names
}

// TestRestoreKilled kills a real process at every point of a restore, and at
// some times between. What the live name leads to then must be the old
// database with all it had, or the new one, and running the restore again must
// end well and leave nothing beside it.
func TestRestoreKilled(t *testing.T) {
	source := postgrestest.User(t, postgrestest.Start(t))
	newsroom(t, source)
	dump, info := dumpOf(t, source)
	swap := []string{postgrestest.CreateDatabases}
	cases := []struct {
		rights []string
		point  string
		after  bool // the new one is in place
	}{
		{swap, "created", false},
		{swap, "restored", false},
		{swap, "checked", false},
		{swap, "carried", false},
		{swap, "renamed", false},
		{swap, "swapped", true},
		{swap, "dropped", true},
		{nil, "written", false},
		{nil, "committed", true},
		{nil, "60ms", false},
		{nil, "120ms", false},
		{swap, "200ms", false},
	}
	for _, c := range cases {
		t.Run(c.point, func(t *testing.T) {
			config := postgrestest.User(t, postgrestest.Start(t), c.rights...)
			postgrestest.Exec(t, config, "CREATE TABLE directus_migrations (a int)", "CREATE TABLE old (a serial)", "INSERT INTO old DEFAULT VALUES")
			old := fingerprintOf(t, config)
			databasetest.Killed(t, databasetest.Actor("restorer", config, dump, c.point))
			now := fingerprintOf(t, config)
			_, timed := time.ParseDuration(c.point)
			switch {
			case timed == nil && len(now.Diff(*info.Fingerprint, nil)) == 0: // it came to its end
			case c.after:
				equal(t, *info.Fingerprint, now, "after the kill")
			default:
				equal(t, old, now, "after the kill")
			}
			if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored again")
			if left := databases(t, config); len(left) > 0 {
				t.Errorf("left on the server: %q", left)
			}
		})
	}
}

// TestRestoreAfterSeparateRenames finishes what no version of this program
// leaves: a database that only has the old one's aside name.
func TestRestoreAfterSeparateRenames(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	newsroom(t, config)
	dump, info := dumpOf(t, config)
	elsewhere := admin
	elsewhere.Name = "postgres"
	postgrestest.Exec(t, elsewhere, "ALTER DATABASE "+quote(config.Name)+" RENAME TO "+quote(oldName(config.Name)))
	damaged := dump + ".none"
	if err := Restore(context.Background(), config, damaged, progress.Discard); err == nil {
		t.Error("a dump that is not there was restored")
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "the old one has its name again")
}

func TestScratchKilled(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	dump, info := dumpOf(t, config)
	for _, point := range []string{"created", "restored", "150ms"} {
		databasetest.Killed(t, databasetest.Actor("scratcher", config, dump, point, "bunnyhop_killed"))
		scratch, err := RestoreScratch(context.Background(), config, dump, "bunnyhop_killed", progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "after a kill at "+point)
	}
	names, err := Scratches(context.Background(), config)
	if err != nil || len(names) != 1 || names[0] != "bunnyhop_killed" {
		t.Errorf("scratch databases %q, %v", names, err)
	}
	scratch := config
	scratch.Name = "bunnyhop_killed"
	for range 2 {
		if err := DropScratch(context.Background(), scratch); err != nil {
			t.Error(err)
		}
	}
	contains(t, DropScratch(context.Background(), config), "was not made for a test restore")
	if left := databases(t, config); len(left) > 0 {
		t.Errorf("left on the server: %q", left)
	}
}
