package site

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3" // makes the database of the test

	"bunnyhop/steps"
)

// sqliteProject is a project on a SQLite database.
func sqliteProject(t *testing.T) *Site {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	root := filepath.Join(dir, "blog")
	for name, text := range map[string]string{
		"package.json":                       `{"name": "blog", "dependencies": {"directus": "10.13.4"}}`,
		"node_modules/directus/package.json": `{"name": "directus", "version": "10.13.4"}`,
		".env":                               fmt.Sprintf("DB_CLIENT=sqlite3\nDB_FILENAME=%q\n", filepath.Join(dir, "data.db")),
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite3", filepath.Join(dir, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE t (a int)"); err != nil {
		t.Fatal(err)
	}
	return New(Options{Root: root, BackupFolder: filepath.Join(dir, "backups"), Environ: os.Environ()})
}

// one is a flow of one step.
type one func(context.Context, *steps.Run) error

func (one) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("done again"), nil
}
func (o one) Do(ctx context.Context, r *steps.Run) error { return o(ctx, r) }

func runOne(t *testing.T, root string, do one) steps.Result {
	t.Helper()
	e, err := steps.Start(steps.Flow{ID: "backup", Title: "Back up", Steps: []steps.Step{{ID: "prove", Title: "Prove", Phase: steps.Prepare, Action: do}}}, root)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.Execute(t.Context())
}

// A killed run leaves a whole copy of the database beside the backups. The next
// run on the project removes it, and nothing of others.
func TestNextRunRemovesScratchOfDeadOnes(t *testing.T) {
	s := sqliteProject(t)
	var left string
	runOne(t, s.Root(), func(ctx context.Context, r *steps.Run) error {
		p, err := s.Open(ctx, r)
		if err != nil {
			return err
		}
		scratch, err := s.Scratch(p, r, "prove")
		if err != nil {
			return err
		}
		left = filepath.Dir(scratch.Dir)
		return os.MkdirAll(scratch.Dir, 0o700) // and the machine goes down
	})
	foreign := filepath.Join(filepath.Dir(left), ".scratch-20260101-000000-upgrade-abcdef")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	var own string
	result := runOne(t, s.Root(), func(ctx context.Context, r *steps.Run) error {
		s.Forget()
		p, err := s.Open(ctx, r)
		if err != nil {
			return err
		}
		own = filepath.Join(filepath.Dir(left), ".scratch-"+r.ID)
		if err := os.MkdirAll(own, 0o700); err != nil {
			return err
		}
		return s.DropLeft(ctx, p, r)
	})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	for path, want := range map[string]bool{left: false, foreign: true, own: true} {
		if there, err := Exists(path); err != nil || there != want {
			t.Errorf("%s is there: %v, want %v (%v)", path, there, want, err)
		}
	}
}
