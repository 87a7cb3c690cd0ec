package connect_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/progress"
)

func TestOpenDumpRestore(t *testing.T) {
	ctx := context.Background()
	config := database.Config{Client: "sqlite3", Filename: filepath.Join(t.TempDir(), "data.db")}
	if db, err := connect.Open(ctx, config, connect.ReadOnly); err == nil || db != nil {
		t.Fatalf("a missing database opened: %v, %v", db, err)
	}
	pool, err := sql.Open("sqlite3", config.Filename)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), ('1')"); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	dump := filepath.Join(t.TempDir(), "dump")
	before := use(t, config, func(db database.Database) {
		if _, err := db.Dump(ctx, dump, progress.Discard); err != nil {
			t.Fatal(err)
		}
	})
	use(t, config, func(db database.Database) {
		if _, err := db.SQL().Exec("DROP TABLE t"); err != nil {
			t.Fatal(err)
		}
	})
	scratch, err := connect.RestoreScratch(ctx, connect.Scratch{Config: config, Dir: t.TempDir()}, dump, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := connect.Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	for _, c := range []database.Config{scratch, config} {
		if lines := before.Diff(use(t, c, func(database.Database) {}), nil); len(lines) > 0 {
			t.Errorf("%s: %v", c, lines)
		}
	}
}

// use opens a database, fingerprints it and does something with it.
func use(t *testing.T, config database.Config, do func(database.Database)) database.Fingerprint {
	t.Helper()
	db, err := connect.Open(context.Background(), config, connect.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f, err := db.Fingerprint(context.Background(), nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	do(db)
	return f
}

func TestUnsupported(t *testing.T) {
	ctx := context.Background()
	config := database.Config{Client: "cockroachdb"}
	_, openErr := connect.Open(ctx, config, connect.ReadOnly)
	_, scratchErr := connect.RestoreScratch(ctx, connect.Scratch{Config: config, Dir: t.TempDir()}, "dump", progress.Discard)
	for _, err := range []error{openErr, scratchErr, connect.Restore(ctx, config, "dump", progress.Discard)} {
		if err == nil || !strings.Contains(err.Error(), "CockroachDB") {
			t.Errorf("error %v", err)
		}
	}
}
