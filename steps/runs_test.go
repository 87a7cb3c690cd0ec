package steps_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
)

func runsDir(t *testing.T, root string) string {
	t.Helper()
	dir, err := state.ProjectDir(root)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "runs")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProjectWithoutRuns(t *testing.T) {
	s := newScene(t)
	if all, err := steps.Runs(s.root); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if open, err := steps.Unfinished(s.root); err != nil || open != nil {
		t.Errorf("%v, %v", open, err)
	}
}

// A crash may leave a run's folder before its first line, and people leave
// all kinds of files.
func TestWhatIsNoRunIsPassedOver(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	dir := runsDir(t, s.root)
	writeFile(t, filepath.Join(dir, "empty", "output.log"), "")
	writeFile(t, filepath.Join(dir, "blank", "journal.jsonl"), "")
	writeFile(t, filepath.Join(dir, "torn", "journal.jsonl"), `{"seq":1,"ti`)
	writeFile(t, filepath.Join(dir, "notes.txt"), "call the host")
	if all, err := steps.Runs(s.root); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	closeEngine(t, s.start(t))
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	var want []string
	for range 3 {
		e := s.start(t)
		execute(t, e, nil)
		want = append([]string{e.Run().ID}, want...)
		closeEngine(t, e)
	}
	all, err := steps.Runs(s.root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, run := range all {
		got = append(got, run.ID)
		if run.Status != steps.Done || run.Flow != "upgrade" || run.Root != s.root || run.Owner.PID != os.Getpid() {
			t.Errorf("summary %+v", run)
		}
		if len(run.Lines()) != 4 || run.Started.IsZero() || run.Last.Before(run.Started) {
			t.Errorf("%d lines, from %s to %s", len(run.Lines()), run.Started, run.Last)
		}
	}
	equal(t, "order", got, want)
}

func TestRunThatGoesOnIsRunning(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	s.start(t)
	equal(t, "status", s.unfinished(t).Status, steps.Running)
}

// A touched run comes before a newer one that changed nothing.
func TestTouchedRunComesFirst(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	s.cutover("b")
	s.left(t, "b")
	touched := s.unfinished(t)
	// A newer run, as an older bunnyhop or a copied folder may leave it.
	other := newRunFolder(t, s, "20990101-000000-backup-000000")
	all, err := steps.Runs(s.root)
	if err != nil || len(all) != 2 || all[0].ID != other {
		t.Fatalf("%+v, %v", all, err)
	}
	equal(t, "unfinished", s.unfinished(t).ID, touched.ID)
}

// newRunFolder puts a run that has only begun beside those of the scene.
func newRunFolder(t *testing.T, s *scene, id string) string {
	t.Helper()
	elsewhere := *s
	elsewhere.root = t.TempDir()
	e := elsewhere.start(t)
	text, err := os.ReadFile(e.Run().Path("journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(runsDir(t, s.root), id, "journal.jsonl"), string(text))
	return id
}

func TestDamagedJournalIsListedAndSaysWhatToDo(t *testing.T) {
	s := newScene(t)
	s.prepare("a", "b")
	e := s.start(t)
	execute(t, e, nil)
	path := e.Run().Path("journal.jsonl")
	closeEngine(t, e)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, strings.Replace(string(text), `"step":"a"`, `"step":"x"`, 1))

	summary := s.unfinished(t)
	if summary.Status != steps.NeedsPerson || !summary.Touched || !strings.Contains(summary.Damaged, "damaged at line 3") {
		t.Errorf("summary %+v", summary)
	}
	_, err = steps.Start(s.flow, s.root)
	if fault.CodeOf(err) != fault.NeedsPerson || !strings.Contains(err.Error(), "damaged at line 3") {
		t.Errorf("starting: %v", err)
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, filepath.Dir(path)) {
		t.Errorf("hint %q leaves the person stuck", hint)
	}
	summary.Flow = "upgrade"
	if _, err := steps.Resume(s.flow, summary); fault.CodeOf(err) != fault.NeedsPerson {
		t.Errorf("resuming: %v", err)
	}
	// The way out that the hint gives works.
	if err := os.Rename(filepath.Dir(path), filepath.Join(t.TempDir(), "aside")); err != nil {
		t.Fatal(err)
	}
	closeEngine(t, s.start(t))
}

func TestTornJournalIsResumed(t *testing.T) {
	s := newScene(t)
	s.prepare("a", "b")
	s.left(t, "b")
	path := filepath.Join(s.unfinished(t).Dir, "journal.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(text)+`{"seq":7,"time":"20`)
	e := s.resume(t)
	equal(t, "status", execute(t, e, nil).result.Status, steps.Done)
	_, short := journal(t, e.Run().Dir)
	equal(t, "after the torn line", short[6:8], []string{"journal_repaired", "owner"})
}
