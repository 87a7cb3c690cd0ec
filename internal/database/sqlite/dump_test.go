package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/progress"
)

// TestDumpBesideWriter dumps while another process commits transaction after
// transaction. Every dump must be sound, hold whole transactions only, and be
// equal to what the database held in that moment; the writer must never be
// kept waiting longer than Directus waits.
func TestDumpBesideWriter(t *testing.T) {
	for _, journal := range []string{"wal", "delete"} {
		t.Run(journal, func(t *testing.T) {
			path := newFile(t, append([]string{
				"PRAGMA journal_mode=" + journal,
				`CREATE TABLE "left" (n int, x)`, `CREATE TABLE "right" (n int, x)`,
			}, newsroom...)...)
			fill(t, path, 5000)
			db := openFile(t, path, database.ReadOnly)
			_, stop := start(t, "writer", path)
			var last int64
			for i := range 3 {
				dump := filepath.Join(t.TempDir(), fmt.Sprint(i))
				info, err := db.Dump(context.Background(), dump, progress.Discard)
				if err != nil {
					t.Fatal(err)
				}
				if !info.FromSource {
					t.Error("the fingerprint was not read from the database")
				}
				last = sound(t, dump, info, last)
			}
			t.Logf("the writer made %s transactions", stop())
		})
	}
}

// sound checks a dump of the writer's tables and returns how many pairs it
// has, which must be more than before.
func sound(t *testing.T, dump string, info database.DumpInfo, before int64) int64 {
	t.Helper()
	stat, err := os.Stat(dump)
	if err != nil {
		t.Fatal(err)
	}
	if stat.Mode().Perm() != 0o600 || stat.Size() != info.Bytes {
		t.Errorf("mode %v, %d bytes; want 0600 and %d", stat.Mode(), stat.Size(), info.Bytes)
	}
	for _, suffix := range append([]string{".tmp"}, sideSuffixes...) {
		if exists(dump + suffix) {
			t.Errorf("%s%s is left", dump, suffix)
		}
	}
	db := openFile(t, dump, database.ReadOnly)
	if err := db.Integrity(context.Background()); err != nil {
		t.Error(err)
	}
	f, err := db.Fingerprint(context.Background(), nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if lines := info.Fingerprint.Diff(f, nil); len(lines) > 0 {
		t.Errorf("the dump is not what was dumped: %v", lines)
	}
	left, right := f.Tables["left"].Rows, f.Tables["right"].Rows
	if left != right || left < before {
		t.Errorf("%d rows on the left, %d on the right, %d in the dump before", left, right, before)
	}
	return left
}

// TestDumpWithoutSnapshot forces the way that large databases in rollback
// mode take, where a writer makes the copy start over.
func TestDumpWithoutSnapshot(t *testing.T) {
	path := newFile(t, append([]string{`CREATE TABLE "left" (n int, x)`, `CREATE TABLE "right" (n int, x)`}, newsroom...)...)
	fill(t, path, 60000)
	db := openFile(t, path, database.ReadOnly)
	_, stop := start(t, "writer", path)
	defer stop()
	temp := filepath.Join(t.TempDir(), "dump")
	if err := create(temp); err != nil {
		t.Fatal(err)
	}
	if _, err := db.copyTo(context.Background(), temp, false, progress.Discard); err != nil {
		t.Fatal(err)
	}
	f, err := fingerprintFile(context.Background(), temp, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	size, err := durable.File(temp)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, temp, database.DumpInfo{Bytes: size, Fingerprint: f}, 50)
}

func TestDumpCancelled(t *testing.T) {
	path := newFile(t, newsroom...)
	fill(t, path, 20000)
	db := openFile(t, path, database.ReadOnly)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := db.Dump(ctx, filepath.Join(dir, "dump"), stopAt(cancel))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	empty(t, dir)
}

func TestDumpDiskFull(t *testing.T) {
	path := newFile(t, newsroom...)
	fill(t, path, 20000)
	db := openFile(t, path, database.ReadOnly)
	dir := smallDisk(t, "4m")
	_, err := db.Dump(context.Background(), filepath.Join(dir, "dump"), progress.Discard)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want no space left", err)
	}
	empty(t, dir)
	if _, err := db.Fingerprint(context.Background(), nil, progress.Discard); err != nil {
		t.Errorf("the database after that: %v", err)
	}
}

func TestIntegrity(t *testing.T) {
	path := newFile(t, newsroom...)
	fill(t, path, 2000)
	ctx := context.Background()
	if err := openFile(t, path, database.ReadOnly).Integrity(ctx); err != nil {
		t.Fatal(err)
	}
	run(t, path, "INSERT INTO posts (id, author) VALUES ('orphan', 4711)")
	var found *database.IntegrityError
	if err := openFile(t, path, database.ReadOnly).Integrity(ctx); !errors.As(err, &found) || len(found.ForeignKeys) != 1 || len(found.Damage) != 0 {
		t.Errorf("%v, want one reference", err)
	} else if !strings.Contains(err.Error(), "of posts points at a missing row of authors") {
		t.Error(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 40000), 50000); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := openFile(t, path, database.ReadOnly).Integrity(ctx); !errors.As(err, &found) || len(found.Damage) == 0 {
		t.Errorf("%v, want damage", err)
	}
}

// smallDisk mounts a filesystem of the given size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mounting a small disk, which this test needs root for: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return dir
}

func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is left", entry.Name())
	}
}

func BenchmarkFingerprint(b *testing.B) {
	path := newFile(b, newsroom...)
	fill(b, path, 50000)
	db := openFile(b, path, database.ReadOnly)
	size, err := db.Size(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := db.Fingerprint(context.Background(), nil, progress.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDump(b *testing.B) {
	path := newFile(b, newsroom...)
	fill(b, path, 50000)
	db := openFile(b, path, database.ReadOnly)
	size, err := db.Size(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	dump := filepath.Join(b.TempDir(), "dump")
	for b.Loop() {
		if _, err := db.Dump(context.Background(), dump, progress.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
