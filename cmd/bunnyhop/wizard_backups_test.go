package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/tui"
)

// room is what the screens work with, on the backups of a store.
func (s *store) room() wizardBackups {
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	a.flags.project = s.root
	return wizardBackups{a}
}

func (s *store) listed() []tui.Backup {
	s.t.Helper()
	list, err := s.room().List(s.t.Context())
	if err != nil || list.Folder != s.dir {
		s.t.Fatalf("%+v, %v", list, err)
	}
	return list.Backups
}

func TestWizardListsBackups(t *testing.T) {
	s := newStore(t)
	s.make("old", 9)
	s.make("new", 3)
	if err := os.WriteFile(filepath.Join(s.dir, "old", "manifest.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "begun.partial"), 0o700); err != nil {
		t.Fatal(err)
	}
	states := map[string]tui.BackupState{}
	for _, b := range s.listed() {
		states[b.ID] = b.State
		if b.State != tui.BackupWhole && (b.Problem == "" || b.Hint == "") {
			t.Errorf("%s: problem %q, hint %q", b.ID, b.Problem, b.Hint)
		}
		if b.ID == "new" && (!b.Full || b.Directus != "10.13.4" || b.Database != "SQLite" || len(b.Parts) != 4 || b.Project != s.root || b.Proof != nil) {
			t.Errorf("got %+v", b)
		}
	}
	if states["new"] != tui.BackupWhole || states["old"] != tui.BackupDamaged || states["begun"] != tui.BackupUnfinished || len(states) != 3 {
		t.Errorf("states: %v", states)
	}
}

func TestWizardProvesABackup(t *testing.T) {
	s := newStore(t)
	m := s.make("a", 3)
	check, err := s.room().Verify(t.Context(), m.Dir, false, progress.Discard)
	if err != nil || check.Bytes != m.Bytes() || check.Proof != nil || check.Bad {
		t.Errorf("%+v, %v", check, err)
	}
	check, err = s.room().Verify(t.Context(), m.Dir, true, progress.Discard)
	if err != nil || check.Proof == nil || check.Proof.Tables != 3 || check.Proof.Rows != 3 {
		t.Errorf("%+v, %v", check, err)
	}
	if all := s.listed(); all[0].Proof == nil {
		t.Error("the proof is not in the list")
	}
	if err := os.Truncate(filepath.Join(m.Dir, "database.sqlite"), 100); err != nil {
		t.Fatal(err)
	}
	if check, err = s.room().Verify(t.Context(), m.Dir, true, progress.Discard); err == nil || !check.Bad {
		t.Errorf("%+v, %v", check, err)
	}
	if all := s.listed(); all[0].Proof != nil {
		t.Error("the proof was not taken back")
	}
	// What keeps a backup from being looked at says nothing about it.
	release, err := s.room().app.lockProject(s.root, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if check, err = s.room().Verify(t.Context(), m.Dir, true, progress.Discard); fault.CodeOf(err) != fault.Busy || check.Bad {
		t.Errorf("%+v, %v", check, err)
	}
}

func TestWizardRemovesWhatWasShown(t *testing.T) {
	s := newStore(t)
	oldest, middle, newest := s.make("a", 9), s.make("b", 6), s.make("c", 3)
	if _, err := s.room().LookRemove(t.Context(), newest.Dir); err == nil || fault.CodeOf(err) != fault.Blocked || !strings.Contains(err.Error(), "the newest one") {
		t.Errorf("got %v", err)
	}
	shown, err := s.room().LookRemove(t.Context(), oldest.Dir)
	if err != nil || len(shown.Going) != 1 || shown.Going[0] != "a" || shown.Stays != "c" || shown.Confirm != "blog" || shown.Frees <= 0 {
		t.Fatalf("%+v, %v", shown, err)
	}
	s.has("a", "b", "c")
	// Meanwhile somebody removes another one half way: that was not agreed to.
	if err := os.Rename(middle.Dir, middle.Dir+".removing"); err != nil {
		t.Fatal(err)
	}
	var f *fault.Error
	if _, err := s.room().Remove(t.Context(), shown, progress.Discard); !errors.As(err, &f) || f.State != "nothing was removed" {
		t.Errorf("got %v", err)
	}
	s.has("a", "b.removing", "c")
	if shown, err = s.room().LookRemove(t.Context(), oldest.Dir); err != nil || len(shown.Going) != 2 {
		t.Fatalf("%+v, %v", shown, err)
	}
	if _, err := s.room().Remove(t.Context(), shown, progress.Discard); err != nil {
		t.Fatal(err)
	}
	s.has("c")
}
