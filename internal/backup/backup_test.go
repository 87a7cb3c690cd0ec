package backup

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3" // makes the databases of the tests

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/progress"
)

// project is a small project on the disk.
type project struct {
	root, uploads, extensions, db string
}

func newProject(t testing.TB) project {
	t.Helper()
	root := t.TempDir()
	p := project{root, filepath.Join(root, "uploads"), filepath.Join(root, "extensions"), filepath.Join(root, "data.db")}
	for name, text := range map[string]string{
		"uploads/a.txt": "first", "uploads/b.bin": strings.Repeat("\x00b", 300<<10), "uploads/empty": "",
		"uploads/deep/er/ü ☃.txt": "snow", "uploads/deep/latin\xe9.txt": "not UTF-8",
		"extensions/x/index.js": "export {}", ".env": "SECRET=s3cret\n", "package.json": "{}", "node_modules/dep/i.js": "dep",
	} {
		put(t, filepath.Join(root, name), text)
	}
	if err := os.Mkdir(filepath.Join(p.uploads, "nothing in it"), 0o750); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": "a.txt", "away": "/etc/hostname", "broken": "../nowhere", "folder": "deep"} {
		if err := os.Symlink(target, filepath.Join(p.uploads, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(p.uploads, "a.txt"), 0o4640); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.txt", "deep"} {
		if err := os.Chown(filepath.Join(p.uploads, name), 1234, 2345); err != nil {
			t.Fatalf("giving a file away, which this test needs root for: %v", err)
		}
	}
	old := time.Date(2020, 2, 3, 4, 5, 6, 123456789, time.UTC)
	for _, name := range []string{"a.txt", "deep/er", "deep", "nothing in it", "."} {
		if err := os.Chtimes(filepath.Join(p.uploads, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, p.db,
		"CREATE TABLE directus_migrations (version text)", "INSERT INTO directus_migrations VALUES ('20240101A')",
		"CREATE TABLE directus_users (id text)", "INSERT INTO directus_users VALUES ('u')",
		"CREATE TABLE directus_roles (id text)", "INSERT INTO directus_roles VALUES ('r')",
		"CREATE TABLE directus_settings (id int)", "CREATE TABLE posts (id integer primary key, title text)",
		"INSERT INTO posts (title) VALUES ('one'), ('two')")
	return p
}

func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	pool, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range statements {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (p project) sources() []Source {
	return []Source{
		{Part: Files, Dir: p.uploads, Prefix: "files/local"},
		{Part: Extensions, Dir: p.extensions},
		{Part: Config, Dir: p.root, Files: []string{".env", "package.json"}},
	}
}

func (p project) open(t testing.TB) database.Database {
	t.Helper()
	db, err := connect.Open(context.Background(), database.Config{Client: "sqlite3", Filename: p.db}, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// create backs all four parts up.
func (p project) create(t testing.TB, folder, id string, previous *Manifest) *Manifest {
	t.Helper()
	m, err := Create(context.Background(), Options{
		Folder: folder, ID: id, Database: p.open(t), Sources: p.sources(), Previous: previous,
		Project: "blog", Root: p.root, Directus: "10.13.4", Migrations: []string{"20240101A"}, Run: "r1",
	}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tree describes a folder: what a restore has to bring back.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := item.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		text := fmt.Sprintf("%o %d:%d", stat.Mode, stat.Uid, stat.Gid)
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %s %d %.20q", info.ModTime().UTC(), len(data), data)
		case info.IsDir():
			text += " " + info.ModTime().UTC().String()
		default:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " → " + target
		}
		rel, err := filepath.Rel(dir, name)
		found[rel] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var contains = databasetest.Contains

func TestRoundTrip(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	folder := filepath.Join(t.TempDir(), "backups", "blog")
	made := p.create(t, folder, "one", nil)
	m, err := Read(filepath.Join(folder, "one"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, m); diff != "" {
		t.Errorf("written and read: %s", diff)
	}
	for name, want := range map[Part]int{Database: 1, Files: 9, Extensions: 1, Config: 2} {
		if part := m.Part(name); !part.Included || part.Files != want {
			t.Errorf("part %s: included %v, %d files, want %d", name, part.Included, part.Files, want)
		}
	}
	ownerOnly(t, folder)
	if err := Verify(ctx, m.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
	scratch := t.TempDir()
	v, err := Prove(ctx, m.Dir, scratchIn(scratch), progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if v.Tables != 5 || v.Rows != 5 {
		t.Errorf("verified %+v", v)
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left in scratch: %v", left)
	}
	if m, err = Read(m.Dir); err != nil || m.Verified == nil {
		t.Errorf("verified is not recorded: %v", err)
	}

	// Back into an existing folder, and to where nothing is.
	want := tree(t, p.uploads)
	want["a.txt"] = strings.Replace(want["a.txt"], "104640", "100640", 1) // no program with its owner's rights
	put(t, filepath.Join(p.uploads, "late.txt"), "late")
	replaced := tree(t, p.uploads)
	for _, to := range []string{p.uploads, filepath.Join(t.TempDir(), "new", "uploads")} {
		if err := RestoreFiles(ctx, m.Dir, Files, to, progress.Discard); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tree(t, to)); diff != "" {
			t.Errorf("restored to %s: %s", to, diff)
		}
	}
	if diff := cmp.Diff(replaced, tree(t, p.uploads+".before-one")); diff != "" {
		t.Errorf("kept: %s", diff)
	}
	if err := RestoreFiles(ctx, m.Dir, Files, p.uploads, progress.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(t, p.uploads+".before-one-2")); diff != "" {
		t.Errorf("kept, the second time: %s", diff)
	}
}

func ownerOnly(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := item.Info()
		if err == nil && info.Mode()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRestoreEach(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	contains(t, RestoreFiles(ctx, m.Dir, Config, p.root, progress.Discard), "single files")
	put(t, filepath.Join(p.root, ".env"), "SECRET=other\n")
	if err := os.Chmod(filepath.Join(p.root, ".env"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := RestoreEach(ctx, m.Dir, "config", p.root, progress.Discard); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{".env": "SECRET=s3cret\n", ".env.before-one": "SECRET=other\n", "package.json": "{}", "node_modules/dep/i.js": "dep"} {
		if data, err := os.ReadFile(filepath.Join(p.root, name)); err != nil || string(data) != want {
			t.Errorf("%s is %q, %v; want %q", name, data, err, want)
		}
	}
	if _, err := os.Lstat(filepath.Join(p.root, "package.json.before-one")); err == nil {
		t.Error("an unchanged file was kept twice")
	}
}

func TestPreviousIsShared(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	one := p.create(t, folder, "one", nil)
	put(t, filepath.Join(p.uploads, "deep/er/ü ☃.txt"), "thaw") // same size
	touched := filepath.Join(p.uploads, "b.bin")
	if err := os.Chtimes(touched, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	// A copy that went bad must not be inherited.
	bad := filepath.Join(one.Dir, "extensions/x/index.js")
	put(t, bad, "export []")
	listed, err := List(folder) // a manifest without entries is enough
	if err != nil {
		t.Fatal(err)
	}
	two := p.create(t, folder, "two", listed[0])
	inodes := func(m *Manifest, name string) uint64 {
		info, err := os.Stat(filepath.Join(m.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Ino
	}
	for name, shared := range map[string]bool{
		"files/local/a.txt": true, "files/local/b.bin": true, "files/local/deep/latin\xe9.txt": true, "config/.env": true,
		"files/local/deep/er/ü ☃.txt": false, "extensions/x/index.js": false, "database.sqlite": false,
	} {
		if got := inodes(one, name) == inodes(two, name); got != shared {
			t.Errorf("%s: shared %v, want %v", name, got, shared)
		}
	}
	if linked := two.Part(Files).Linked; linked < 600<<10 {
		t.Errorf("%d bytes shared", linked)
	}
	if err := Verify(context.Background(), two.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(one.Dir); err != nil {
		t.Fatal(err)
	}
	if err := Verify(context.Background(), two.Dir, progress.Discard); err != nil {
		t.Errorf("without the earlier backup: %v", err)
	}
}

func TestList(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	if all, err := List(filepath.Join(folder, "none")); err != nil || len(all) != 0 {
		t.Errorf("no folder: %v, %v", all, err)
	}
	p.create(t, folder, "one", nil)
	p.create(t, folder, "two", nil)
	if err := os.Mkdir(filepath.Join(folder, "three.partial"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.create(t, folder, "four", nil)
	manifest := filepath.Join(folder, "four", manifestName)
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	put(t, manifest, strings.Replace(string(data), "blog", "blag", 1))
	all, err := List(folder)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range all {
		got[m.ID] = fmt.Sprintf("partial %v, damaged %v, %d entries", m.Partial, m.Damaged != nil, len(m.Part(Files).Entries))
	}
	want := map[string]string{
		"one": "partial false, damaged false, 0 entries", "two": "partial false, damaged false, 0 entries",
		"three": "partial true, damaged false, 0 entries", "four": "partial false, damaged true, 0 entries",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := List(manifest); err == nil {
		t.Error("a list that cannot be read is empty")
	}
}

func BenchmarkCreate(b *testing.B) {
	dir := b.TempDir()
	for i := range 2000 {
		put(b, filepath.Join(dir, fmt.Sprint(i%50), fmt.Sprint(i)), strings.Repeat("x", 20<<10))
	}
	b.SetBytes(2000 * 20 << 10)
	folder := b.TempDir()
	for n := 0; b.Loop(); n++ {
		m, err := Create(context.Background(), Options{Folder: folder, ID: fmt.Sprint("b", n), Sources: []Source{{Part: Files, Dir: dir}}}, progress.Discard)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.RemoveAll(m.Dir); err != nil {
			b.Fatal(err)
		}
	}
}

// scratchIn is the place of a scratch database in a folder of its own.
func scratchIn(dir string) connect.Scratch {
	return connect.Scratch{Config: database.Config{Client: "sqlite3"}, Dir: filepath.Join(dir, "prove")}
}
