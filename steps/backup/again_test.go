package backup_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	backups "bunnyhop/internal/backup"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// TestBackedUpAgain: a run whose backup was damaged before it was proved makes
// another one when it goes on, and leaves the first as it is.
func TestBackedUpAgain(t *testing.T) {
	p := testbed.New(t)
	flow := backup.Flow(site.Options{Root: p.Root, Environ: os.Environ()}, backup.Options{})
	engine, err := steps.Start(flow, p.Root)
	if err != nil {
		t.Fatal(err)
	}
	var first string
	var bad []byte
	steps.Boundary = func(step, where string) {
		if step+" "+where != "backup done" {
			return
		}
		made, err := facts.BackedUp.Need(engine.Run())
		if err != nil {
			t.Error(err)
			return
		}
		first, bad = made.Dir, damage(t, made.Dir)
	}
	defer func() { steps.Boundary = func(string, string) {} }()
	result := engine.Execute(t.Context())
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	if result.Status != steps.Failed || result.Step != "prove" {
		t.Fatalf("with a damaged backup: %+v", result)
	}
	steps.Boundary = func(string, string) {}

	open, err := steps.Unfinished(p.Root)
	if err != nil || open == nil {
		t.Fatalf("%v, %v", open, err)
	}
	if engine, err = steps.Resume(flow, *open); err != nil {
		t.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the end of the test
	if result = engine.Execute(t.Context()); result.Status != steps.Done {
		t.Fatalf("resumed: %+v", result)
	}
	second, _ := result.Data["backup"].(string)
	if second == first {
		t.Fatalf("it is the damaged backup again: %s", second)
	}
	if m, err := backups.Read(second); err != nil || m.Verified == nil {
		t.Errorf("the second one is not proved: %+v, %v", m, err)
	}
	if now, err := os.ReadFile(dumpOf(t, first)); err != nil || !bytes.Equal(now, bad) {
		t.Errorf("the first one was touched: %v", err)
	}
}

func dumpOf(t *testing.T, dir string) string {
	t.Helper()
	m, err := backups.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	name, err := m.DatabaseFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(name)
}

// damage flips a bit in the middle of a backup's dump.
func damage(t *testing.T, dir string) []byte {
	t.Helper()
	name := dumpOf(t, dir)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
		return nil
	}
	content[len(content)/2] ^= 1
	if err := os.Chmod(name, 0o600); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Error(err)
	}
	return content
}
