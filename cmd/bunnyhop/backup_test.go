package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3" // makes the database of the tests

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// store is a project with real backups of a real SQLite database.
type store struct {
	t         *testing.T
	root, dir string // of the project, and of its backups
	db        string
	last      *backup.Manifest
}

func newStore(t *testing.T) *store {
	t.Helper()
	a, o := newProject(t)
	dir, err := a.backupFolder()
	if err != nil {
		t.Fatal(err)
	}
	s := &store{t: t, root: o.Root, dir: dir, db: filepath.Join(filepath.Dir(o.Root), "data.db")}
	pool, err := sql.Open("sqlite3", s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{
		"CREATE TABLE directus_migrations (version text)", "INSERT INTO directus_migrations VALUES ('20240101A')",
		"CREATE TABLE directus_users (id text)", "INSERT INTO directus_users VALUES ('u')",
		"CREATE TABLE directus_roles (id text)", "INSERT INTO directus_roles VALUES ('r')",
	} {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// make makes a backup that says it is so many days old.
func (s *store) make(id string, days int) *backup.Manifest {
	s.t.Helper()
	db, err := connect.Open(s.t.Context(), database.Config{Client: "sqlite3", Filename: s.db}, connect.ReadOnly)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	m, err := backup.Create(context.Background(), backup.Options{
		Folder: s.dir, ID: id, Root: s.root, Project: "blog", Directus: "10.13.4", Run: id, Previous: s.last,
		Database: db, Sources: []backup.Source{{Part: backup.Config, Dir: s.root, Files: []string{"package.json"}}},
	}, progress.Discard)
	if err != nil {
		s.t.Fatal(err)
	}
	manifest := filepath.Join(m.Dir, "manifest.json")
	data, err := os.ReadFile(manifest)
	if err != nil {
		s.t.Fatal(err)
	}
	created := time.Now().UTC().Add(-time.Duration(days) * 24 * time.Hour).Format(time.RFC3339Nano)
	data = regexp.MustCompile(`"created": "[^"]*"`).ReplaceAll(data, []byte(`"created": "`+created+`"`))
	data = bytes.Replace(data, []byte(m.Digest), []byte(strings.Repeat("0", 64)), 1)
	sum := sha256.Sum256(data)
	data = bytes.Replace(data, []byte(strings.Repeat("0", 64)), []byte(hex.EncodeToString(sum[:])), 1)
	if err := os.WriteFile(manifest, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if s.last, err = backup.Read(m.Dir); err != nil {
		s.t.Fatal(err)
	}
	return s.last
}

// left lists what is in the folder of the backups.
func (s *store) left() []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// run runs a backup command on the project and checks how it ends.
func (s *store) run(code fault.Code, args ...string) string {
	s.t.Helper()
	args = append(append([]string{"backup"}, args...), "--project", s.root)
	out, errs, got := bunnyhop(s.t, s.t.TempDir(), nil, args...)
	if got != int(code) {
		s.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, out, errs)
	}
	return out + errs
}

func (s *store) says(out string, words ...string) {
	s.t.Helper()
	for _, word := range words {
		if !regexp.MustCompile(word).MatchString(out) {
			s.t.Errorf("%q is not in\n%s", word, out)
		}
	}
}

func (s *store) has(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.left()); diff != "" {
		s.t.Fatalf("backups (-want +got):\n%s", diff)
	}
}

func TestPruneByLimits(t *testing.T) {
	s := newStore(t)
	for i, id := range []string{"e", "d", "c", "b", "a"} {
		s.make(id, 40-10*i)
	}
	s.run(fault.Done, "verify", "d", "--restore")
	all := []string{"a", "b", "c", "d", "e"}

	out := s.run(fault.Done, "prune")
	s.says(out, `keep  a +0 min +10\.13\.4 .* not proved +the newest one`, `keep  d +30 days .* proved +the newest proved one of 10\.13\.4, which is installed`,
		"no limit is set", "--keep N, --older-than AGE")
	s.has(all...)

	out = s.run(fault.Done, "prune", "--keep", "2", "--dry-run")
	s.says(out, `remove  c +20 days`, `remove  e .* not among the newest 2`, `keep    d `, `2 of 5 backups to be removed, [0-9.]+ kB come back`)
	s.has(all...)

	// Nobody says yes to that but a person, and by name.
	for _, answer := range [][]string{nil, {"--yes"}, {"--confirm", "shop"}, {"--json"}, {"--json", "--yes"}} {
		out = s.run(fault.Unanswered, append([]string{"prune", "--keep", "2"}, answer...)...)
		s.says(out, "2 backups will be removed for good", "--confirm blog")
		s.has(all...)
	}
	out = s.run(fault.Done, "prune", "--older-than", "3w", "--confirm", "blog")
	s.says(out, "Reading d again", "Removed e", `1 backup removed, [0-9.]+ kB came back`)
	s.has("a", "b", "c", "d")
	s.says(s.run(fault.Done, "prune", "--older-than", "3w"), "Nothing is to be removed", "none older than 21 days")

	// The settings, and a flag in place of both.
	s.write("bunnyhop.yaml", "keep_backups: 1\nkeep_days: 15\n")
	s.says(s.run(fault.Done, "prune", "--dry-run"), `remove  b .* not among the newest 1`, `remove  c .* not among the newest 1`, "2 of 4")
	s.says(s.run(fault.Done, "prune", "--dry-run", "--keep", "3"), "Nothing is to be removed; what may stay: the newest 3\n")
	s.run(fault.Done, "prune", "--confirm", "blog")
	s.has("a", "d")
}

func (s *store) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.root, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestPruneByName(t *testing.T) {
	s := newStore(t)
	for i, id := range []string{"c", "b", "a"} {
		s.make(id, 2-i)
	}
	s.says(s.run(fault.Blocked, "prune", "b", "a", "--confirm", "blog"), "a is not removed: the newest one", "nothing was removed")
	s.says(s.run(fault.Usage, "prune", "b", "nobody", "--confirm", "blog"), `there is no backup "nobody"`)
	s.says(s.run(fault.Usage, "prune", "b", "--keep", "1", "--confirm", "blog"), "one or the other")
	s.says(s.run(fault.Usage, "prune", filepath.Join(s.root, "b"), "--confirm", "blog"), "does not lie in")
	s.has("a", "b", "c")
	// A damaged one goes by name only.
	if err := os.WriteFile(filepath.Join(s.dir, "c", "manifest.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.says(s.run(fault.Done, "prune", "--keep", "1", "--dry-run"), `keep    c .* damaged +its manifest cannot be read; it goes only when it is named`)
	s.says(s.run(fault.Done, "prune", "c", filepath.Join(s.dir, "b"), "--confirm", "blog"), "Removed c", "Removed b")
	s.has("a")
}

// What a prune that was killed had begun is finished by the next, which asks
// nothing for that.
func TestPruneFinishesWhatWasBegun(t *testing.T) {
	s := newStore(t)
	s.make("b", 1)
	s.make("a", 0)
	if err := os.Rename(filepath.Join(s.dir, "b"), filepath.Join(s.dir, "b.removing")); err != nil {
		t.Fatal(err)
	}
	s.says(s.run(fault.Done, "list"), `b .* being removed`)
	s.says(s.run(fault.Done, "prune", "--dry-run"), "remove  b .* its removal was begun")
	s.has("a", "b.removing")
	s.says(s.run(fault.Done, "prune"), "Removed b")
	s.has("a")
}

func TestPruneLeavesARunAlone(t *testing.T) {
	s := newStore(t)
	s.make("b", 9)
	s.make("a", 0)
	engine, err := steps.Start(fakeFlow("mute"), s.root)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s.says(s.run(fault.Busy, "prune", "--keep", "1", "--confirm", "blog"), "another bunnyhop")
	s.run(fault.Busy, "verify", "a", "--restore")
	s.run(fault.Done, "verify", "a")
	s.run(fault.Done, "prune", "--keep", "1", "--dry-run")
	s.has("a", "b")
}

func TestPruneJSON(t *testing.T) {
	s := newStore(t)
	s.make("b", 9)
	s.make("a", 0)
	type row struct {
		ID, Why               string
		Remove, Removed, Held bool
		AgeSeconds            float64 `json:"age_seconds"`
	}
	read := func(args ...string) (rows []row, fields map[string]any) {
		t.Helper()
		out := s.run(fault.Done, append([]string{"prune", "--json", "--keep", "1", "--older-than", "2d"}, args...)...)
		var document struct{ Backups []row }
		if err := json.Unmarshal([]byte(out), &document); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := json.Unmarshal([]byte(out), &fields); err != nil {
			t.Fatal(err)
		}
		return document.Backups, fields
	}
	doc := readDoc(t)["backup_prune"]
	for _, confirmed := range []bool{false, true} {
		args := []string{"--dry-run"}
		if confirmed {
			args = []string{"--confirm", "blog"}
		}
		rows, fields := read(args...)
		for name := range fields {
			if !strings.Contains(doc, `"`+name+`"`) {
				t.Errorf("docs/json.md does not name %s", name)
			}
		}
		if fields["type"] != "backup_prune" || fields["dry_run"] != !confirmed || fields["frees_bytes"].(float64) < 4096 ||
			!cmp.Equal(fields["limits"], any(map[string]any{"keep": 1.0, "older_than": 2 * 86400.0})) {
			t.Errorf("%v", fields)
		}
		if age := rows[1].AgeSeconds / 86400; age < 9 || age > 9.1 {
			t.Errorf("%v days old", age)
		}
		for i := range rows {
			rows[i].AgeSeconds = 0
		}
		want := []row{{ID: "a", Why: "the newest one", Held: true}, {ID: "b", Why: "not among the newest 1", Remove: true, Removed: confirmed}}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Error(diff)
		}
	}
	s.has("a")
}

// On a terminal the name is typed.
func TestPruneAsks(t *testing.T) {
	for typed, want := range map[string][]string{"shop\r": {"a", "b"}, "\r": {"a", "b"}, "\x04": {"a", "b"}, "\x03": {"a", "b"}, "blog\r": {"a"}} {
		t.Run(fmt.Sprintf("%q", typed), func(t *testing.T) {
			s := newStore(t)
			s.make("b", 9)
			s.make("a", 0)
			term := openTerminal(t, s.root, "backup", "prune", "--keep", "1")
			term.sees("has to be typed")
			term.types(typed)
			code := fault.Code(term.code())
			switch {
			case typed == "blog\r" && code != fault.Done, typed == "\x03" && code != fault.Interrupted,
				typed != "blog\r" && typed != "\x03" && code != fault.Unanswered:
				t.Errorf("exit code %d\n%s", code, term.text())
			}
			s.has(want...)
		})
	}
}

func TestPruneUsage(t *testing.T) {
	s := newStore(t)
	for _, args := range [][]string{
		{"--keep", "0"},
		{"--keep", "-1"},
		{"--keep", "x"},
		{"--older-than", "30"},
		{"--older-than", "0d"},
		{"--older-than", "-1d"},
		{"--older-than", "1.5d"},
		{"--older-than", "99999y"},
		{"--older-than", "3 weeks"},
		{"--older-than", ""},
	} {
		s.run(fault.Usage, append([]string{"prune"}, args...)...)
	}
	s.write("bunnyhop.yaml", "keep_backups: none\n")
	s.says(s.run(fault.Failed, "prune"), "line 1: a number of 1 or more is expected")
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "30d": 720 * time.Hour, "12w": 84 * 24 * time.Hour, "1y": 365 * 24 * time.Hour, "273y": 273 * 365 * 24 * time.Hour,
	} {
		if got, err := parseAge(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// The project here has no configuration at all.
func TestVerifyRestores(t *testing.T) {
	s := newStore(t)
	m := s.make("a", 3)
	s.says(s.run(fault.Done, "list"), `a .* not proved`)
	s.says(s.run(fault.Done, "verify", "a"), "every digest is right")
	s.says(s.run(fault.Done, "list"), `a .* not proved`)
	out := s.run(fault.Done, "verify", "a", "--restore")
	s.says(out, "every digest is right", "Its database was restored and compared: 3 tables, 3 rows equal")
	s.says(s.run(fault.Done, "list"), `a .* proved`)
	s.has("a")
	var document struct {
		Backup struct{ Verified bool }
		Proof  struct{ Tables, Rows int }
	}
	out = s.run(fault.Done, "verify", m.Dir, "--restore", "--json")
	if err := json.Unmarshal([]byte(out), &document); err != nil || !document.Backup.Verified || document.Proof.Tables != 3 || document.Proof.Rows != 3 {
		t.Errorf("%v: %s", err, out)
	}
	if !strings.Contains(readDoc(t)["backup_verified"], `"proof"`) {
		t.Error("docs/json.md does not name proof")
	}

	// Damage takes the proof back, with and without --restore.
	dump := filepath.Join(m.Dir, "database.sqlite")
	data, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := slices.Clone(data)
	spoiled[5000] ^= 1
	if err := os.WriteFile(dump, spoiled, 0o600); err != nil {
		t.Fatal(err)
	}
	s.says(s.run(fault.Failed, "verify", "a", "--restore"), "is damaged: database.sqlite has other contents", "its recorded proof was taken back")
	s.says(s.run(fault.Done, "list"), `a .* not proved`)
	s.has("a")
	// Nothing is said of a proof that is not there.
	if out := s.run(fault.Failed, "verify", "a"); strings.Contains(out, "proof") {
		t.Errorf("there was no proof to take back: %s", out)
	}
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(dump, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(data)
	s.run(fault.Done, "verify", "a", "--restore")
	write(spoiled)
	// While a run is at work the record is left alone, and that is said.
	release, err := s.room().app.lockProject(s.root, "test")
	if err != nil {
		t.Fatal(err)
	}
	s.says(s.run(fault.Failed, "verify", "a"), "is damaged", "still recorded as proved, for another run is at work")
	s.says(s.run(fault.Done, "list"), `a .* 10\.13\.4 .* proved`)
	release()
	s.says(s.run(fault.Failed, "verify", "a"), "is damaged: database.sqlite has other contents", "its recorded proof was taken back")
	s.says(s.run(fault.Done, "list"), `a .* not proved`)
	write(data)
	s.says(s.run(fault.Done, "verify", "a"), "every digest is right")
	s.says(s.run(fault.Done, "list"), `a .* not proved`)

	s.says(s.run(fault.Usage, "verify", "nobody", "--restore"), `there is no backup "nobody"`)
}
