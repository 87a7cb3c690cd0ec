package mysql

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/progress"
)

// schemas lists the schemas on the server that this package made.
func schemas(t testing.TB, config database.Config) []string {
	t.Helper()
	a, err := administrate(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	names, err := collect(context.Background(), a.conn, one, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'bunnyhop%' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// paper is a small project with one of each kind of program.
var paper = []string{
	"CREATE TABLE directus_migrations (version varchar(255) PRIMARY KEY, name varchar(255))",
	"INSERT INTO directus_migrations VALUES ('1', 'one')",
	"CREATE TABLE authors (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50), rating float)",
	"CREATE TABLE posts (id int PRIMARY KEY, author int, FOREIGN KEY (author) REFERENCES authors (id))",
	"INSERT INTO authors (name, rating) VALUES ('Ada', 0.1), ('Bob', 16777215), ('Eve', NULL)",
	"INSERT INTO posts SELECT seq, 1 + seq % 3 FROM seq_1_to_1000",
	"CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN a * 2",
	"CREATE VIEW titles AS SELECT p.id, twice(p.id) AS doubled, a.name FROM posts AS p JOIN authors AS a ON a.id = p.author",
	"CREATE TRIGGER named BEFORE INSERT ON authors FOR EACH ROW SET NEW.name = upper(NEW.name)",
	"CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM posts",
}

// former is what is there before a restore, with some of the same names.
var former = []string{
	"CREATE TABLE directus_migrations (version int)",
	"INSERT INTO directus_migrations VALUES (1)",
	"CREATE TABLE authors (id int PRIMARY KEY AUTO_INCREMENT, x text)",
	"CREATE TABLE former (id int PRIMARY KEY, author int, FOREIGN KEY (author) REFERENCES authors (id))",
	"INSERT INTO authors VALUES (7, 'seven')",
	"INSERT INTO former VALUES (1, 7)",
	"CREATE VIEW titles AS SELECT id FROM authors",
	"CREATE VIEW formerly AS SELECT id FROM former",
	"CREATE TRIGGER named BEFORE INSERT ON authors FOR EACH ROW SET NEW.x = 'y'",
	"CREATE TRIGGER formed AFTER UPDATE ON former FOR EACH ROW BEGIN END",
}

// TestRestoreKilled kills a real process at every point of a restore, and at
// some times between. What the live name leads to then must be the old
// database with all it had, or the new one, but for what Restore says, and
// running the restore again must end well and leave nothing beside it.
func TestRestoreKilled(t *testing.T) {
	source := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, source, paper...)
	dump, info := dumpOf(t, source)
	tables := func(name string) bool { return name != "" }
	all := func(string) bool { return true }
	cases := []struct {
		point string
		after bool // the new one is in place
		whole func(string) bool
	}{
		{"created", false, all},
		{"restored", false, all},
		{"checked", false, all},
		{"kept", false, all},
		{"untriggered", false, tables},
		{"moved", true, tables},
		{"swapped", true, all},
		{"dropped", true, all},
		// Anywhere, also between the moves of the tables and of the rest.
		{"60ms", false, tables},
		{"120ms", false, tables},
	}
	for _, c := range cases {
		t.Run(c.point, func(t *testing.T) {
			config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
			mysqltest.Exec(t, config, former...)
			old := fingerprintOf(t, config)
			databasetest.Killed(t, databasetest.Actor("restorer", config, dump, c.point))
			want := old
			if timed, err := time.ParseDuration(c.point); err == nil && timed > 0 && len(info.Fingerprint.Diff(fingerprintOf(t, config), tables)) == 0 {
				c.after = true // it came past the moment in which they are swapped
			}
			if c.after {
				want = *info.Fingerprint
			}
			if lines := want.Diff(fingerprintOf(t, config), c.whole); len(lines) > 0 {
				t.Errorf("after the kill: %q", lines)
			}
			if !c.after {
				// A restore that fails puts the rest back, too.
				if err := Restore(context.Background(), config, dump+".none", progress.Discard); err == nil {
					t.Error("a dump that is not there was restored")
				}
				equal(t, old, fingerprintOf(t, config), "after a restore that failed")
			}
			if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored again")
			if left := schemas(t, config); len(left) > 0 {
				t.Errorf("left on the server: %q", left)
			}
		})
	}
}

// TestRestoreMovedPartly finishes what only a server leaves that does not move
// tables at once and crashes over it.
func TestRestoreMovedPartly(t *testing.T) {
	source := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, source, paper...)
	dump, info := dumpOf(t, source)
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, former...)
	before := fingerprintOf(t, config)
	databasetest.Killed(t, databasetest.Actor("restorer", config, dump, "untriggered"))
	live, fresh, old := config.Name, newName(config.Name), oldName(config.Name)
	mysqltest.Exec(t, config, "SET foreign_key_checks = 0",
		"RENAME TABLE "+move(live, old, "authors")+", "+move(live, old, "former")+", "+move(fresh, live, "authors"))
	if err := Restore(context.Background(), config, dump+".none", progress.Discard); err == nil {
		t.Error("a dump that is not there was restored")
	}
	equal(t, before, fingerprintOf(t, config), "put back")
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
}

func TestRestoreInPlaceKilled(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, config, paper...)
	dump, info := dumpOf(t, config)
	for _, point := range []string{"emptied", "80ms", "loaded"} {
		databasetest.Killed(t, databasetest.Actor("inplace", config, dump, point))
		if err := RestoreInPlace(context.Background(), config, dump, progress.Discard); err != nil {
			t.Fatal(err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, config), "after a kill at "+point)
	}
}

func TestScratchKilled(t *testing.T) {
	ctx := context.Background()
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	dump, info := dumpOf(t, config)
	for _, point := range []string{"created", "restored", "60ms"} {
		databasetest.Killed(t, databasetest.Actor("scratcher", config, dump, point, "bunnyhop_killed"))
		scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_killed", progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "after a kill at "+point)
	}
	mysqltest.Exec(t, config, "CREATE DATABASE "+newName(config.Name))
	found, err := Scratches(ctx, config)
	if err != nil || !slices.Equal(found, []string{"bunnyhop_killed"}) {
		t.Errorf("scratch databases %q, %v", found, err)
	}
	for range 2 {
		if err := DropScratch(ctx, withName(config, "bunnyhop_killed")); err != nil {
			t.Error(err)
		}
	}
	contains(t, DropScratch(ctx, config), "was not made for a test restore")
	contains(t, DropScratch(ctx, withName(config, newName(config.Name))), "was not made for a test restore")
	if left := schemas(t, config); !slices.Equal(left, []string{newName(config.Name)}) {
		t.Errorf("left on the server: %q", left)
	}
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Error(err)
	}
}

func TestRestoreOverNothing(t *testing.T) {
	admin := mysqltest.Start(t)
	config := mysqltest.User(t, admin, mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	dump, info := dumpOf(t, config)
	mysqltest.Exec(t, admin, "DROP DATABASE "+quote(config.Name))
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
}

// TestEveryChangedByte changes each byte of a dump in turn: that is damage, or
// what is read is the same.
func TestEveryChangedByte(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t))
	mysqltest.Exec(t, config, paper...)
	dump, _ := dumpOf(t, config)
	data, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	want, found := textOf(t, dump), 0
	path := filepath.Join(t.TempDir(), "changed")
	for i := range data {
		data[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		data[i] ^= 1 << (i % 8)
		if err := readThrough(context.Background(), path); err != nil {
			contains(t, err, "the dump is damaged or cut off")
			found++
		} else if textOf(t, path) != want {
			t.Errorf("byte %d changes what the dump says, which is not found", i)
		}
	}
	if found < len(data)*9/10 {
		t.Errorf("%d of %d changed bytes were found", found, len(data))
	}
}

// TestEarlierDumps: a dump whose last line has no sum is read, too.
func TestEarlierDumps(t *testing.T) {
	config := mysqltest.User(t, mysqltest.Start(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	dump, info := dumpOf(t, config)
	text, sum, _ := strings.Cut(textOf(t, dump), markEnd)
	if len(sum) != len("12345678\n") {
		t.Fatalf("the last line ends with %q", sum)
	}
	for name, c := range map[string]struct{ text, want string }{
		"whole":   {text + markEarlierEnd + "\n", ""},
		"no end":  {text, "the dump is damaged or cut off"},
		"bad sum": {text + endLine(1) + "\n", "the dump is damaged or cut off"},
	} {
		earlier := filepath.Join(t.TempDir(), "database.sql.zst")
		if err := os.WriteFile(earlier, compressed(t, c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := RestoreInPlace(context.Background(), config, earlier, progress.Discard)
		if c.want != "" {
			contains(t, err, c.want)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, config), name)
	}
}

// compressed is a text as a frame with a sum.
func compressed(t testing.TB, text string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return encoder.EncodeAll([]byte(text), nil)
}

func TestRestoreRefuses(t *testing.T) {
	ctx := context.Background()
	admin := mysqltest.Start(t)
	config := mysqltest.User(t, admin, mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	dump, _ := dumpOf(t, config)
	before, already := fingerprintOf(t, config), schemas(t, config)
	data, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name string, change func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, change(slices.Clone(data)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, change := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:len(b)-100] },
		"flipped": func(b []byte) []byte { b[len(b)/2] ^= 255; return b },
		"empty":   func([]byte) []byte { return nil },
		"other":   func([]byte) []byte { return []byte("CREATE TABLE a (a int);\n") },
	} {
		path := changed(name, change)
		contains(t, Restore(ctx, config, path, progress.Discard), "the dump is damaged or cut off")
		contains(t, RestoreInPlace(ctx, config, path, progress.Discard), "the dump is damaged or cut off")
		_, err := RestoreScratch(ctx, config, path, "bunnyhop_a", progress.Discard)
		contains(t, err, "the dump is damaged or cut off")
	}
	mysqltest.Exec(t, admin, "CREATE DATABASE other", "CREATE TABLE other.x (a int, FOREIGN KEY (a) REFERENCES "+quote(config.Name)+".authors (id))",
		"GRANT SELECT ON other.* TO "+mysqltest.Account(config))
	contains(t, Restore(ctx, config, dump, progress.Discard), "table `other`.`x` of another database refers to this one")
	mysqltest.Exec(t, admin, "DROP DATABASE other")

	db := open(t, config, database.ReadOnly)
	other := openDirect(t, config)
	if _, err := other.Exec("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	sessions, err := db.Sessions(ctx)
	if err != nil || len(sessions) != 1 {
		t.Errorf("sessions %q, %v", sessions, err)
	}
	wait := closeWait
	closeWait = 300 * time.Millisecond
	defer func() { closeWait = wait }()
	contains(t, Restore(ctx, config, dump, progress.Discard), "is in use by user "+config.User)
	contains(t, RestoreInPlace(ctx, config, dump, progress.Discard), "is in use by user "+config.User)
	other.Close()

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := Restore(cancelled, config, dump, progress.Discard); err == nil {
		t.Error("a cancelled restore ended well")
	}
	equal(t, before, fingerprintOf(t, config), "after restores that were refused")
	if left := schemas(t, config); !slices.Equal(left, already) {
		t.Errorf("left on the server: %q", left)
	}
}
