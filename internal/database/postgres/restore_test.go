package postgres

import (
	"context"
	"path/filepath"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// told is a reporter that keeps the lines.
type told struct {
	t     testing.TB
	lines []string
}

func (r *told) Progress(string, progress.Unit, int64, int64) {}
func (r *told) Output(line string)                           { r.lines = append(r.lines, line); r.t.Log("told:", line) }

func dumpOf(t testing.TB, config database.Config) (string, database.DumpInfo) {
	t.Helper()
	db := open(t, config, database.ReadOnly)
	defer db.Close()
	dump := filepath.Join(t.TempDir(), "database.pgdump")
	info, err := db.Dump(context.Background(), dump, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return dump, info
}

func equal(t testing.TB, want, got database.Fingerprint, what string) {
	t.Helper()
	if lines := want.Diff(got, nil); len(lines) > 0 {
		t.Errorf("%s: %q", what, lines)
	}
}

func TestDumpAndRestore(t *testing.T) {
	ctx := context.Background()
	for _, rights := range [][]string{{postgrestest.CreateDatabases}, nil} {
		config := postgrestest.User(t, postgrestest.Start(t), rights...)
		newsroom(t, config)
		dump, info := dumpOf(t, config)
		equal(t, *info.Fingerprint, fingerprintOf(t, config), "dumped")
		if rights != nil {
			scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_a", &told{t: t})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "scratch")
			if err := DropScratch(ctx, scratch); err != nil {
				t.Error(err)
			}
		}
		postgrestest.Exec(t, config, "DELETE FROM posts", "CREATE TABLE later (a int)", "DROP TABLE nothing", "CREATE SCHEMA later", "CREATE TABLE later.x ()")
		if err := Restore(ctx, config, dump, &told{t: t}); err != nil {
			t.Fatal(err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
	}
}
