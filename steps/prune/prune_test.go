package prune_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/rollback"
)

// world is a project with backups, and runs that made them.
type world struct {
	t    *testing.T
	root string
	back string // the folder of the backups
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	w := &world{t: t, root: filepath.Join(dir, "blog"), back: filepath.Join(dir, "backups")}
	w.write(filepath.Join(w.root, "uploads", "a.txt"), "first")
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// create makes a real backup.
func (w *world) create(id, kind string) *backup.Manifest {
	w.t.Helper()
	m, err := backup.Create(context.Background(), backup.Options{
		Folder: w.back, ID: id, Kind: kind, Root: w.root, Directus: "10.13.4", Run: id,
		Sources: []backup.Source{{Part: backup.Files, Dir: filepath.Join(w.root, "uploads")}},
	}, progress.Discard)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// act is the one step of a run.
type act func(*steps.Run) error

func (act) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("never"), nil
}
func (a act) Do(_ context.Context, r *steps.Run) error { return a(r) }

// run makes a run of a flow that does something; one that fails is unfinished.
func (w *world) run(flow string, do act) steps.Summary {
	w.t.Helper()
	engine, err := steps.Start(steps.Flow{
		ID: flow, Title: flow, Steps: []steps.Step{{ID: "work", Title: "Work", Phase: steps.Prepare, Action: do}},
	}, w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	engine.Execute(context.Background())
	if err := engine.Close(); err != nil {
		w.t.Fatal(err)
	}
	all, err := steps.Runs(w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	return all[0]
}

// upgrade is a finished run that made a full and a final backup.
func (w *world) upgrade() steps.Summary {
	w.t.Helper()
	return w.run("upgrade", func(r *steps.Run) error {
		w.create(r.ID, backup.Full)
		m := w.create(r.ID+"-final", backup.Final)
		return facts.FinalBack.Set(r, facts.Backup{ID: m.ID, Dir: m.Dir})
	})
}

func (w *world) look(limits backup.Retention, names ...string) (*prune.Plan, error) {
	return prune.Look(prune.Request{Root: w.root, Installed: "10.13.4", Folder: w.back, Limits: limits, Names: names})
}

// why says why each backup stays, by ID; "" of those that go.
func (w *world) why(limits backup.Retention) map[string]string {
	w.t.Helper()
	plan, err := w.look(limits)
	if err != nil {
		w.t.Fatal(err)
	}
	words := map[string]string{}
	for _, v := range plan.Verdicts {
		words[v.Backup.ID] = v.Why
		if v.Remove {
			words[v.Backup.ID] = ""
		}
	}
	return words
}

const needed = "`bunnyhop rollback` needs it"

// What `bunnyhop rollback` would restore stays, for as long as it would.
func TestRollbackKeepsItsBackup(t *testing.T) {
	w := newWorld(t)
	one := w.upgrade()
	w.create("late-1", backup.Full)
	if got := w.why(backup.Retention{Keep: 1}); got[one.ID] != "" || got[one.ID+"-final"] != needed {
		t.Errorf("after an upgrade: %v", got)
	}
	if _, err := w.look(backup.Retention{}, one.ID+"-final"); fault.CodeOf(err) != fault.Blocked || !strings.Contains(err.Error(), needed) {
		t.Errorf("by name: %v", err)
	}
	two := w.upgrade()
	w.create("late-2", backup.Full)
	if got := w.why(backup.Retention{Keep: 1}); got[two.ID+"-final"] != needed || got[one.ID+"-final"] != "" {
		t.Errorf("after the next one: %v", got)
	}
	w.run("rollback", func(r *steps.Run) error { return rollback.TakenBack.Set(r, rollback.Origin{Run: two.ID}) })
	if got := w.why(backup.Retention{Keep: 1}); got[two.ID+"-final"] != "" || got[one.ID+"-final"] != needed {
		t.Errorf("after taking it back: %v", got)
	}
	w.run("restore", func(*steps.Run) error { return nil })
	if got := w.why(backup.Retention{Keep: 1}); got[one.ID+"-final"] != "" {
		t.Errorf("after a restore: %v", got)
	}
}

// What an unfinished run uses stays; what ended runs left does not.
func TestUnfinishedRunKeepsItsBackups(t *testing.T) {
	w := newWorld(t)
	killed := errors.New("killed")
	dead := w.run("backup", func(r *steps.Run) error {
		w.write(filepath.Join(w.back, r.ID+".partial", "half"), "half")
		return killed
	})
	const uses = "the unfinished backup uses it"
	if got := w.why(backup.Retention{Keep: 1}); got[dead.ID] != uses {
		t.Errorf("while it can be resumed: %v", got)
	}
	source := w.create("source", backup.Full)
	w.create("late-1", backup.Full)
	open := w.run("restore", func(r *steps.Run) error {
		w.create(r.ID+"-before-restore", backup.Final)
		return errors.Join(overview.StartedWith.Set(r, overview.Started{Backup: source.Dir}), killed)
	})
	w.write(filepath.Join(w.back, "stranger.partial", "half"), "half")
	w.create("late-2", backup.Full)
	const restores = "the unfinished restore uses it"
	want := map[string]string{
		dead.ID: "", "source": restores, "late-1": "", open.ID + "-before-restore": restores, "late-2": "the newest one",
		"stranger": "unfinished, by no run that is known here; it goes only when it is named",
	}
	if diff := cmp.Diff(want, w.why(backup.Retention{Keep: 1})); diff != "" {
		t.Error(diff)
	}
	back := w.run("rollback", func(r *steps.Run) error {
		return errors.Join(rollback.TakenBack.Set(r, rollback.Origin{Run: "x", Backup: facts.Backup{ID: "late-1"}}), killed)
	})
	if got := w.why(backup.Retention{Keep: 1}); got["late-1"] != "the unfinished rollback uses it" || got["source"] != "" {
		t.Errorf("while %s is unfinished: %v", back.ID, got)
	}
}

// A journal that cannot be read is no reason to think that nothing is needed.
func TestDamagedJournalKeepsAll(t *testing.T) {
	w := newWorld(t)
	run := w.upgrade()
	journal := filepath.Join(run.Dir, "journal.jsonl")
	data, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	w.write(journal, strings.Replace(string(data), "upgrade", "upgrape", 1))
	if _, err := w.look(backup.Retention{Keep: 1}); fault.CodeOf(err) != fault.NeedsPerson || fault.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
}

func TestRemove(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		w.create(id, backup.Full)
	}
	if err := os.Rename(filepath.Join(w.back, "a"), filepath.Join(w.back, "a.removing")); err != nil {
		t.Fatal(err)
	}
	left := func() []string {
		t.Helper()
		entries, err := os.ReadDir(w.back)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	plan, err := w.look(backup.Retention{Keep: 2})
	if err != nil {
		t.Fatal(err)
	}
	if asked := plan.Asked(); len(asked) != 1 || asked[0].ID != "b" {
		t.Errorf("asked of %d", len(asked))
	}
	if plan.Relied() == nil || plan.Relied().ID != "d" {
		t.Errorf("relied on %+v", plan.Relied())
	}
	// The one that would stay is not whole: nothing goes.
	stored := filepath.Join(w.back, "d", "files", "a.txt")
	w.write(stored, "thirst")
	var gone []string
	remove := func(ctx context.Context, after func()) error {
		gone = nil
		return plan.Remove(ctx, progress.Discard, func(m *backup.Manifest) { gone = append(gone, m.ID); after() })
	}
	var damage *backup.DamageError
	if err := remove(t.Context(), func() {}); !errors.As(err, &damage) || fault.StateOf(err) != "nothing was removed" || len(left()) != 4 {
		t.Errorf("%v, state %q, left %v", err, fault.StateOf(err), left())
	}
	w.write(stored, "first")
	// Interrupted, it stops between two.
	ctx, cancel := context.WithCancel(t.Context())
	if err := remove(ctx, cancel); !errors.Is(err, context.Canceled) || !strings.HasPrefix(fault.StateOf(err), "1 of 2 ") {
		t.Errorf("%v, state %q", err, fault.StateOf(err))
	}
	if want := []string{"b", "c", "d"}; !slices.Equal(left(), want) {
		t.Errorf("left %v", left())
	}
	if plan, err = w.look(backup.Retention{Keep: 2}); err != nil {
		t.Fatal(err)
	}
	if err := remove(t.Context(), func() {}); err != nil || !slices.Equal(gone, []string{"b"}) || !slices.Equal(left(), []string{"c", "d"}) {
		t.Errorf("%v, gone %v, left %v", err, gone, left())
	}
	if plan, err = w.look(backup.Retention{Keep: 2}); err != nil || len(plan.Going()) != 0 || plan.Frees != 0 || plan.Relied() != nil {
		t.Errorf("%+v, %v", plan, err)
	}
	if age := plan.Age(plan.Verdicts[0].Backup); age < 0 || age > time.Hour {
		t.Errorf("age %v", age)
	}
}

func TestNoBackupsYet(t *testing.T) {
	w := newWorld(t)
	plan, err := w.look(backup.Retention{Keep: 1})
	if err != nil || len(plan.Verdicts) != 0 || len(plan.Going()) != 0 {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := w.look(backup.Retention{}, "nobody"); fault.CodeOf(err) != fault.Usage {
		t.Errorf("error %v", err)
	}
}
