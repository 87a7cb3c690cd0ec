package code_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/site"
)

// act is a step of a cutover that can be taken back.
type act func(context.Context, *steps.Run) error

func (act) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("done again"), nil
}
func (a act) Do(ctx context.Context, r *steps.Run) error   { return a(ctx, r) }
func (a act) Undo(ctx context.Context, r *steps.Run) error { return errors.New("it stays") }

// upgrade runs a flow that keeps something beside the project, and returns
// where.
func upgrade(t *testing.T, s *site.Site, then act) (kept string, result steps.Result) {
	t.Helper()
	e, err := steps.Start(steps.Flow{ID: "upgrade", Title: "Upgrade", Steps: []steps.Step{
		{ID: "switch", Title: "Switch", Phase: steps.Cutover, Action: act(func(_ context.Context, r *steps.Run) error {
			kept = filepath.Join(s.Beside(r), "before", "node_modules")
			if err := os.MkdirAll(kept, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(kept, "x.js"), make([]byte, 10_000), 0o600)
		})},
		{ID: "report", Title: "Report", Phase: steps.Finish, Action: then},
	}}, s.Root())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	result = e.Execute(t.Context())
	return filepath.Dir(filepath.Dir(kept)), result
}

func TestOlderCodeGoes(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := site.New(site.Options{Root: t.TempDir()})
	nothing := act(func(context.Context, *steps.Run) error { return nil })
	first, _ := upgrade(t, s, nothing)
	second, _ := upgrade(t, s, nothing)
	var others []string
	for _, name := range []string{"node-22.23.3", "20200101-000000-upgrade-abcdef", ".gitignore"} {
		path := filepath.Join(s.Root(), ".bunnyhop", name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		others = append(others, path)
	}
	var removed []code.Older
	third, result := upgrade(t, s, func(ctx context.Context, r *steps.Run) (err error) {
		removed, err = code.RemoveOlder(ctx, r, s)
		return err
	})
	if result.Status != steps.Done || len(removed) != 2 {
		t.Fatalf("%+v, removed %v", result, removed)
	}
	for _, older := range removed {
		if dir := filepath.Join(s.Root(), ".bunnyhop", older.Run); dir != first && dir != second || older.Bytes < 10_000 {
			t.Errorf("removed %+v", older)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.Root(), ".bunnyhop", "*"))
	want := append(others, third)
	slices.Sort(want)
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left %v, want %v (%v)", left, want, err)
	}
}

// Where a journal cannot be read, nobody knows what its run needs.
func TestOlderCodeStaysBesideADamagedJournal(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := site.New(site.Options{Root: t.TempDir()})
	first, result := upgrade(t, s, func(context.Context, *steps.Run) error { return nil })
	all, err := steps.Runs(s.Root())
	if err != nil || len(all) != 1 || result.Status != steps.Done {
		t.Fatalf("%v, %v", all, err)
	}
	second, _ := upgrade(t, s, func(ctx context.Context, r *steps.Run) error {
		journal := filepath.Join(all[0].Dir, "journal.jsonl")
		data, err := os.ReadFile(journal)
		if err != nil {
			return err
		}
		data[len(data)/3] ^= 1
		if err := os.WriteFile(journal, data, 0o600); err != nil {
			return err
		}
		if removed, err := code.RemoveOlder(ctx, r, s); len(removed) > 0 || err != nil {
			t.Errorf("removed %v, %v", removed, err)
		}
		return nil
	})
	for _, dir := range []string{first, second} {
		if there, err := site.Exists(dir); err != nil || !there {
			t.Errorf("%s is gone (%v)", dir, err)
		}
	}
}
