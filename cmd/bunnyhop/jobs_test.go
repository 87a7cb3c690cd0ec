package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
	"bunnyhop/tui"
)

// newProject makes a folder that is recognised as a project, and a state
// folder of its own.
func newProject(t *testing.T) (*app, site.Options) {
	t.Helper()
	dir := t.TempDir()
	for variable, name := range map[string]string{"XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache"} {
		t.Setenv(variable, filepath.Join(dir, name))
	}
	root := filepath.Join(dir, "blog")
	files := map[string]string{
		"package.json":                       `{"name": "blog", "dependencies": {"directus": "10.13.4"}}`,
		"package-lock.json":                  `{}`,
		"node_modules/directus/package.json": `{"name": "directus", "version": "10.13.4"}`,
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	a.flags.project = root
	return a, site.Options{Root: root, Environ: os.Environ()}
}

// finished makes a run of a flow id in the project's journal and ends it.
func finished(t *testing.T, root, id string, with overview.Started, mode string) steps.Summary {
	t.Helper()
	f := fakeFlow(mode)
	f.ID = id
	engine, err := steps.Start(f, root)
	if err != nil {
		t.Fatal(err)
	}
	if err := overview.StartedWith.Set(engine.Run(), with); err != nil {
		t.Fatal(err)
	}
	if with.Run != "" {
		if err := rollback.TakenBack.Set(engine.Run(), rollback.Origin{Run: with.Run}); err != nil {
			t.Fatal(err)
		}
	}
	events := engine.Subscribe()
	go func() {
		for e := range events {
			if gate, ok := e.(steps.GateOpened); ok {
				answer, err := Policy{Yes: true, Overrides: []string{"b1"}, Confirm: "blog"}.Answer(gate.Gate)
				if err == nil {
					err = engine.Answer(gate.Gate.ID, answer)
				}
				if err != nil {
					_ = engine.Decline(gate.Gate.ID, err)
				}
			}
		}
	}()
	engine.Execute(context.Background())
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := steps.Runs(root)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestStartJournalsTheOptions(t *testing.T) {
	a, o := newProject(t)
	j, err := a.start(t.Context(), request{kind: tui.JobRestore, backup: "b7", parts: []string{"files"}})
	if err != nil {
		t.Fatal(err)
	}
	j.close()
	all, err := steps.Runs(o.Root)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d runs, %v", len(all), err)
	}
	got, _ := overview.StartedWith.Find(all[0].Lines())
	if diff := cmp.Diff(overview.Started{Backup: "b7", Parts: []string{"files"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A new run gives up one that has changed nothing.
func TestStartGivesUpAnUntouchedRun(t *testing.T) {
	a, o := newProject(t)
	first, err := a.start(t.Context(), request{kind: tui.JobUpgrade, to: "11.17.4"})
	if err != nil {
		t.Fatal(err)
	}
	first.close()
	second, err := a.start(t.Context(), request{kind: tui.JobUpgrade, to: "12.4.0"})
	if err != nil {
		t.Fatal(err)
	}
	second.close()
	all, err := steps.Runs(o.Root)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d runs, %v", len(all), err)
	}
	if all[1].Status != steps.Abandoned {
		t.Errorf("the first run is %s", all[1].Status)
	}
}

func TestStartRefusesATouchedRun(t *testing.T) {
	a, o := newProject(t)
	finished(t, o.Root, flowUpgrade, overview.Started{}, "stuck")
	_, err := a.start(t.Context(), request{kind: tui.JobUpgrade})
	if fault.CodeOf(err) != fault.NeedsPerson || fault.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
}

func TestStartIsRefusedWhileAnotherRuns(t *testing.T) {
	a, o := newProject(t)
	engine, err := steps.Start(fakeFlow("mute"), o.Root)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the test is over
	for _, kind := range []tui.JobKind{tui.JobUpgrade, tui.JobResume} {
		if _, err := a.start(t.Context(), request{kind: kind}); fault.CodeOf(err) != fault.Busy {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestRollbackPicksTheRun(t *testing.T) {
	a, o := newProject(t)
	if _, err := a.start(t.Context(), request{kind: tui.JobRollback}); err == nil {
		t.Fatal("there is nothing to roll back")
	}
	first := finished(t, o.Root, flowUpgrade, overview.Started{To: "11"}, "mute")
	second := finished(t, o.Root, flowUpgrade, overview.Started{To: "12"}, "mute")
	all, err := steps.Runs(o.Root)
	if err != nil {
		t.Fatal(err)
	}
	if got := rollback.Candidate(all); got == nil || got.ID != second.ID {
		t.Fatalf("picked %+v, want %s", got, second.ID)
	}
	if _, err := a.start(t.Context(), request{kind: tui.JobRollback, run: first.ID}); err == nil || fault.HintOf(err) == "" {
		t.Errorf("an older run: %v", err)
	}
	if _, err := a.start(t.Context(), request{kind: tui.JobRollback, run: "nobody"}); fault.CodeOf(err) != fault.Usage {
		t.Errorf("an unknown run: %v", err)
	}
	finished(t, o.Root, flowRollback, overview.Started{Run: second.ID}, "mute")
	if all, err = steps.Runs(o.Root); err != nil {
		t.Fatal(err)
	}
	if got := rollback.Candidate(all); got == nil || got.ID != first.ID {
		t.Errorf("after one rollback: picked %+v, want %s", got, first.ID)
	}
	finished(t, o.Root, flowRestore, overview.Started{Backup: "b1"}, "mute")
	if all, err = steps.Runs(o.Root); err != nil {
		t.Fatal(err)
	}
	if got := rollback.Candidate(all); got != nil {
		t.Errorf("after a restore: picked %s", got.ID)
	}
}

func TestFindRun(t *testing.T) {
	all := []steps.Summary{{ID: "20260102-1-upgrade-aaa"}, {ID: "20260102-2-upgrade-bbb"}, {ID: "20260103-1-backup-ccc"}}
	for word, want := range map[string]string{"bbb": "20260102-2-upgrade-bbb", "20260103": "20260103-1-backup-ccc", "20260102-1-upgrade-aaa": "20260102-1-upgrade-aaa"} {
		if got, err := findRun(all, word); err != nil || got.ID != want {
			t.Errorf("%s: %s, %v", word, got.ID, err)
		}
	}
	for _, word := range []string{"20260102", "zzz"} {
		if got, err := findRun(all, word); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%s: %s, %v", word, got.ID, err)
		}
	}
}

func TestDryRunHasNoCutover(t *testing.T) {
	_, o := newProject(t)
	f, err := flow(flowDryRun, o, overview.Started{To: "11.17.4", Schema: &model.Source{Kind: model.Snapshot, Place: "/schema.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, s := range f.Steps {
		if s.Phase != steps.Prepare {
			t.Errorf("step %s is of phase %d", s.ID, s.Phase)
		}
		last = s.ID
	}
	if last != "review" {
		t.Errorf("the last step is %q, not the review", last)
	}
}
