package upgrade_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3" // opened by name below
	"golang.org/x/sys/unix"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/process"
	"bunnyhop/steps/facts"
)

// noServer stands for a project whose server does not run.
var noServer process.Info

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// overwrite changes a file in place, as an editor that dies does.
func overwrite(t *testing.T, path, text string) { write(t, path, text) }

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// keepFile puts a copy of a file in its place, for changing. restore brings
// the very file back.
func keepFile(t *testing.T, path string) (text string, restore func()) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text = contents(t, path)
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.Rename(path, kept); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
	return text, func() {
		if err := os.Rename(kept, path); err != nil {
			t.Error(err)
		}
	}
}

// sqlite runs statements on a database file, which is made if need be.
func sqlite(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// query returns the one value that a query on a database file gives.
func query(t *testing.T, path, text string) string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var value string
	if err := db.QueryRowContext(t.Context(), text).Scan(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

// mount mounts a filesystem on a new folder. Without the right to mount the
// test fails: a full disk cannot be had in another way.
func mount(t *testing.T, kind, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount(kind, dir, kind, 0, options); err != nil {
		t.Fatalf("mounting %s (run the tests as root): %v", kind, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// bindReadOnly makes a folder read-only for all who come by its path.
func bindReadOnly(t *testing.T, dir string) (undo func()) {
	t.Helper()
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Fatalf("mounting %s on itself (run the tests as root): %v", dir, err)
	}
	undo = func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}
	if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		undo()
		t.Fatalf("making %s read-only: %v", dir, err)
	}
	return undo
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
}

// backupOf reads the manifest of the backup that a task made.
func backupOf(t *testing.T, o outcome) *backups.Manifest {
	t.Helper()
	m, err := backups.Read(learned(o, facts.BackedUp).Dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
