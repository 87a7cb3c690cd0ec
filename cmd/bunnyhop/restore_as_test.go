package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
)

// restore runs the restore command and checks how it ends.
func (s *store) restore(code fault.Code, args ...string) string {
	s.t.Helper()
	out, errs, got := bunnyhop(s.t, s.t.TempDir(), nil, append(append([]string{"restore"}, args...), "--project", s.root)...)
	if got != int(code) {
		s.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, out, errs)
	}
	return out + errs
}

func TestRestoreAs(t *testing.T) {
	s := newStore(t)
	s.make("a", 3)
	target := filepath.Join(t.TempDir(), "new.db")
	out := s.restore(fault.Done, "a", "--as", target)
	s.says(out, "is restored into "+target, "The project was not touched", "DB_FILENAME="+target, "Directus 10.13.4")

	// What is there is replaced only when its name is typed.
	before, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	s.says(s.restore(fault.Unanswered, "a", "--as", target, "--yes"), "What "+target+" holds will be replaced", "--confirm new.db")
	if after, err := os.ReadFile(target); err != nil || string(after) != string(before) {
		t.Errorf("it was changed without being asked for: %v", err)
	}
	out = s.restore(fault.Done, "a", "--as", target, "--confirm", "new.db", "--json")
	var document struct {
		Type, Backup, Directus, Database string
		Environment                      []string
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || document.Type != "restored_as" || document.Backup != "a" ||
		document.Database != target || len(document.Environment) != 2 {
		t.Errorf("%v: %s", err, out)
	}

	// A password is neither taken from an argument nor shown.
	out = s.restore(fault.Usage, "a", "--as", "postgres://other:hunter22@db/blog")
	s.says(out, "holds a password", "PGPASSWORD")
	if strings.Contains(out, "hunter22") {
		t.Errorf("the password is shown: %s", out)
	}
	s.says(s.restore(fault.Usage, "a", "--as", "postgres://other@db/blog"), "is of SQLite, and db:5432/blog is of another kind")
	s.says(s.restore(fault.Usage, "a", "--as", target, "--part", "files"), "--as restores the database only")
	s.says(s.restore(fault.Usage, "nobody", "--as", target), "there is no backup")
}
