package sqlite

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	cases := map[string]struct{ path, want string }{
		"missing": {filepath.Join(dir, "no.db"), "there is no database file"},
		"empty":   {write("empty.db", ""), "is empty"},
		"text":    {write("text.db", "this is a text and not a database, which is long enough to be one: "+string(make([]byte, 4096))), "is not a SQLite database"},
		"folder":  {dir, "is not a file but a folder"},
		"pipe":    {pipe, "is not a file but a named pipe"},
		"socket":  {filepath.Join(dir, "socket"), "is not a file but a socket"},
	}
	for name, c := range cases {
		for _, mode := range []database.Mode{database.ReadOnly, database.ReadWrite} {
			_, err := Open(context.Background(), c.path, mode)
			contains(t, err, c.want)
			if fault.HintOf(err) == "" {
				t.Errorf("%s: no hint in %v", name, err)
			}
		}
	}
	if exists(filepath.Join(dir, "no.db")) {
		t.Error("opening a missing file made one")
	}
}

func TestOpenOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a?b#c %41 ü")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "data.db")
	if err := os.Rename(newFile(t, newsroom...), path); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	db := openFile(t, link, database.ReadOnly)
	id, err := db.Identity(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if id.Name != path {
		t.Errorf("name %q, want %q", id.Name, path)
	}
}

func TestReadOnlyRefusesWrites(t *testing.T) {
	db := openFile(t, newFile(t, newsroom...), database.ReadOnly)
	if _, err := db.SQL().Exec("DELETE FROM posts"); err == nil {
		t.Error("a read-only connection deleted rows")
	}
}

// TestOpenAfterCrash reads what a writer that was killed had committed: in
// its log, or before a transaction whose journal has to be rolled back.
func TestOpenAfterCrash(t *testing.T) {
	for _, journal := range []string{"wal", "delete"} {
		t.Run(journal, func(t *testing.T) {
			path := newFile(t, append([]string{"PRAGMA journal_mode=" + journal}, newsroom...)...)
			before := fingerprintOf(t, path)
			crashingWriter(t, path)
			after := fingerprintOf(t, path)
			if journal == "wal" {
				if got := after.Tables["posts"].Rows; got != 3 {
					t.Errorf("%d posts, want the committed one too", got)
				}
			} else if lines := before.Diff(after, nil); len(lines) > 0 {
				t.Errorf("the open transaction shows: %v", lines)
			}
		})
	}
}

// crashingWriter leaves a database as a power cut would: it copies the files
// of a writer that is in the middle of its work.
func crashingWriter(t *testing.T, path string) {
	t.Helper()
	writer := openFile(t, path, database.ReadWrite)
	writer.SQL().SetMaxOpenConns(1)
	var journal string
	if err := writer.SQL().QueryRow("PRAGMA journal_mode").Scan(&journal); err != nil {
		t.Fatal(err)
	}
	statements := []string{"INSERT INTO posts (id, title) VALUES ('late', 'committed late')"}
	if journal != "wal" {
		// Enough to spill the cache into the main file before the commit.
		statements = []string{"PRAGMA cache_size = 5", "BEGIN IMMEDIATE", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
			INSERT INTO posts SELECT hex(randomblob(16)), 'open ' || i, hex(randomblob(400)), NULL, NULL, NULL FROM n`}
	}
	for _, statement := range statements {
		if _, err := writer.SQL().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("sh", "-c", `cp "$1"* "$2"/`, "sh", path, dir).CombinedOutput(); err != nil {
		t.Fatalf("copying: %v: %s", err, out)
	}
	writer.Close()
	if err := removeDatabase(path); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-c", `rm -f "$1"/*-shm && cp "$1"/* "$2"/ && ls "$2"`, "sh", dir, filepath.Dir(path)).CombinedOutput(); err != nil {
		t.Fatalf("copying back: %v: %s", err, out)
	} else {
		t.Logf("left behind: %q", out)
	}
}
