package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
)

// points are all the places in Restore where something is left half done.
var points = []string{"copied", "checked", "folded", "cleared", "swapped"}

// oldStates are the states a database may be in when it has to be replaced:
// at rest, with a log that holds committed rows, with a hot journal, damaged.
var oldStates = map[string]func(t *testing.T) string{
	"at rest": func(t *testing.T) string { return newFile(t, newsroom...) },
	"log": func(t *testing.T) string {
		path := newFile(t, append([]string{"PRAGMA journal_mode=wal"}, newsroom...)...)
		crashingWriter(t, path)
		return path
	},
	"hot journal": func(t *testing.T) string {
		path := newFile(t, newsroom...)
		crashingWriter(t, path)
		return path
	},
}

// newDump makes a dump of another database, in WAL mode or not.
func newDump(t *testing.T, statements ...string) (string, database.Fingerprint) {
	t.Helper()
	source := newFile(t, append(append(statements, newsroom...), "DELETE FROM posts", "CREATE TABLE restored (a)")...)
	fill(t, source, 500)
	db := openFile(t, source, database.ReadOnly)
	dump := filepath.Join(t.TempDir(), "dump")
	info, err := db.Dump(context.Background(), dump, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return dump, *info.Fingerprint
}

// copyOf copies a database with all that lies beside it, and tells its state.
func copyOf(t *testing.T, path string) database.Fingerprint {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("sh", "-c", `cp "$1"* "$2"/`, "sh", path, dir).CombinedOutput(); err != nil {
		t.Fatalf("copying: %v: %s", err, out)
	}
	return fingerprintOf(t, filepath.Join(dir, filepath.Base(path)))
}

// TestRestoreKilled kills a real process at every point of a restore. What is
// in place then must be the old database with all it had, or the new one, and
// running the restore again must end well.
func TestRestoreKilled(t *testing.T) {
	for _, mode := range []string{"delete", "wal"} {
		dump, want := newDump(t, "PRAGMA journal_mode="+mode)
		for state, makeOld := range oldStates {
			if mode == "wal" && state != "log" {
				continue // what the dump holds only matters to a log beside it
			}
			for _, point := range points {
				t.Run(fmt.Sprintf("%s/%s/%s", mode, state, point), func(t *testing.T) {
					path := makeOld(t)
					old := copyOf(t, path)
					err := actor("restorer", path, dump, point).Run()
					var exit *exec.ExitError
					if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
						t.Fatalf("the restore was not killed: %v", err)
					}
					expected := old
					if point == "swapped" {
						expected = want
					}
					if lines := expected.Diff(copyOf(t, path), nil); len(lines) > 0 {
						t.Errorf("after the kill: %v", lines)
					}
					if err := Restore(context.Background(), path, dump, progress.Discard); err != nil {
						t.Fatal(err)
					}
					restored(t, path, want)
				})
			}
		}
	}
}

// restored checks that the new database is in place and alone.
func restored(t *testing.T, path string, want database.Fingerprint) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != filepath.Base(path) && !strings.Contains(name, "before-restore") {
			t.Errorf("%s is left beside the database", name)
		}
	}
	if lines := want.Diff(fingerprintOf(t, path), nil); len(lines) > 0 {
		t.Errorf("restored: %v", lines)
	}
	db := openFile(t, path, database.ReadWrite)
	if err := db.Integrity(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := db.SQL().Exec("INSERT INTO restored VALUES (1)"); err != nil {
		t.Errorf("writing to the restored database: %v", err)
	}
}

func TestRestoreKeepsModeOwnerAndLink(t *testing.T) {
	dump, want := newDump(t)
	path := newFile(t, newsroom...)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 1234, 2345); err != nil {
		t.Fatalf("giving the file away, which this test needs root for: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Restore(context.Background(), link, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o640 || stat.Uid != 1234 || stat.Gid != 2345 {
		t.Errorf("mode %v, owner %d:%d", info.Mode(), stat.Uid, stat.Gid)
	}
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("the link is %q, %v", target, err)
	}
	restored(t, path, want)
}

func TestRestoreOverDamage(t *testing.T) {
	dump, want := newDump(t)
	garbage := []byte(strings.Repeat("no database at all ", 500))
	path := newFile(t, newsroom...)
	for name, data := range map[string][]byte{path: garbage, path + "-wal": garbage} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Restore(context.Background(), path, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	restored(t, path, want)
	// SQLite itself drops a log without a valid header.
	kept, err := os.ReadFile(filepath.Join(path+".before-restore", filepath.Base(path)))
	if err != nil || string(kept) != string(garbage) {
		t.Errorf("the damaged file was not kept: %v", err)
	}
}

func TestRestoreOverNothing(t *testing.T) {
	dump, want := newDump(t)
	path := filepath.Join(t.TempDir(), "data.db")
	if err := os.WriteFile(path+"-wal", []byte("an orphan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Restore(context.Background(), path, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	restored(t, path, want)
}

func TestRestoreRefuses(t *testing.T) {
	ctx := context.Background()
	dump, _ := newDump(t)
	damagedDump := filepath.Join(t.TempDir(), "damaged")
	data, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/2:], make([]byte, 20000))
	if err := os.WriteFile(damagedDump, data, 0o600); err != nil {
		t.Fatal(err)
	}
	path := newFile(t, newsroom...)
	before := fingerprintOf(t, path)

	contains(t, Restore(ctx, path, damagedDump, progress.Discard), "did not pass SQLite's own check")
	contains(t, Restore(ctx, path, filepath.Join(t.TempDir(), "none"), progress.Discard), "no such file")
	_, stop := start(t, "holder", path)
	contains(t, Restore(ctx, path, dump, progress.Discard), "is in use by exe (pid")
	stop()
	db := openFile(t, path, database.ReadOnly)
	contains(t, Restore(ctx, path, dump, progress.Discard), "this process still has it open")
	db.Close()
	cancelled, cancel := context.WithCancel(ctx)
	if err := Restore(cancelled, path, dump, stopAt(cancel)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	if lines := before.Diff(fingerprintOf(t, path), nil); len(lines) > 0 {
		t.Errorf("a refused restore changed the database: %v", lines)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the database: %v, %v", entries, err)
	}
}

func TestRestoreDiskFull(t *testing.T) {
	dump, _ := newDump(t)
	path := filepath.Join(smallDisk(t, "300k"), "data.db")
	run(t, path, newsroom...)
	before := fingerprintOf(t, path)
	if err := Restore(context.Background(), path, dump, progress.Discard); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want no space left", err)
	}
	if lines := before.Diff(fingerprintOf(t, path), nil); len(lines) > 0 {
		t.Errorf("a failed restore changed the database: %v", lines)
	}
}

func TestRestoreScratch(t *testing.T) {
	dump, want := newDump(t, "PRAGMA journal_mode=wal")
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // again over what is there
		path, err := RestoreScratch(context.Background(), dump, dir)
		if err != nil {
			t.Fatal(err)
		}
		if lines := want.Diff(fingerprintOf(t, path), nil); len(lines) > 0 {
			t.Error(lines)
		}
	}
}
