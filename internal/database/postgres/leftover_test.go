package postgres

import (
	"context"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// A restore that was killed leaves a half-made database. The role may have lost
// rights since, so that the next restore is one in place: the leftover goes
// all the same.
func TestRestoreInPlaceDropsLeftovers(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, admin, config database.Config){
		"nothing else lets the role in": func(t *testing.T, admin, config database.Config) {
			for _, db := range []string{"postgres", "template1"} {
				postgrestest.Exec(t, admin, "REVOKE CONNECT ON DATABASE "+db+" FROM PUBLIC")
			}
		},
		"no right to make databases": func(t *testing.T, admin, config database.Config) {
			postgrestest.Exec(t, admin, "ALTER ROLE "+quote(config.User)+" NOCREATEDB")
		},
		"an extension that it may not make": func(t *testing.T, admin, config database.Config) {
			postgrestest.Exec(t, admin, "CREATE SCHEMA extensions", "CREATE EXTENSION pageinspect SCHEMA extensions", "GRANT ALL ON SCHEMA extensions TO PUBLIC")
		},
	} {
		t.Run(name, func(t *testing.T) {
			admin := postgrestest.Private(t).Database(t)
			config := postgrestest.User(t, admin, postgrestest.CreateDatabases)
			newsroom(t, config)
			var dump string
			var info database.DumpInfo
			if strings.Contains(name, "extension") {
				lose(t, admin, config)
				dump, info = dumpOf(t, config)
			} else {
				dump, info = dumpOf(t, config)
			}
			for _, left := range []string{newName(config.Name), oldName(config.Name)} {
				postgrestest.Exec(t, config, "CREATE DATABASE "+quote(left))
			}
			if !strings.Contains(name, "extension") {
				lose(t, admin, config)
			}
			if err := Restore(t.Context(), config, dump, progress.Discard); err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
			var left int
			conn := connectAs(t, admin, "administrator")
			err := conn.QueryRow(context.Background(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'bunnyhop%'").Scan(&left)
			if err != nil || left > 0 {
				t.Errorf("%d databases are left (%v)", left, err)
			}
		})
	}
}

// The statement of a table with many columns is a page of text; what a person
// needs is the error.
func TestComplaintWithoutTheStatement(t *testing.T) {
	for name, c := range map[string]struct{ lines, want string }{
		"dump": {
			"pg_dump: dumping contents of table \"public.posts\"\npg_dump: error: Dumping the contents of table \"posts\" failed: PQgetResult() failed.\n" +
				"pg_dump: detail: Error message from server: ERROR:  missing chunk number 0 for toast value 16405\npg_dump: detail: Command was: COPY public.posts (id, a, b, c) TO stdout;",
			"pg_dump: error: Dumping the contents of table \"posts\" failed: PQgetResult() failed.; pg_dump: detail: Error message from server: ERROR:  missing chunk number 0 for toast value 16405",
		},
		"query": {
			"pg_dump: error: query failed: ERROR:  permission denied for table posts\npg_dump: detail: Query was: LOCK TABLE public.posts IN ACCESS SHARE MODE",
			"pg_dump: error: query failed: ERROR:  permission denied for table posts",
		},
	} {
		var said complaints
		for line := range strings.SplitSeq(c.lines, "\n") {
			said.add(line)
		}
		if got := said.first(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
