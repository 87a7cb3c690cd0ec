package steps_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

var colour = steps.NewSlot[string]("colour")

func happyScene(t *testing.T) *scene {
	s := newScene(t)
	s.prepare("inspect")
	s.cutover("switch")
	s.finish("report")
	s.fakes["inspect"].onDo = func(_ context.Context, r *steps.Run) error {
		r.Progress("reading", progress.Rows, 1, 2)
		r.Output("a line")
		r.Summary("saw %d tables", 3)
		return colour.Set(r, "blue")
	}
	s.flow.Result = func(r *steps.Run) map[string]any {
		value, _ := colour.Get(r)
		return map[string]any{"colour": value}
	}
	return s
}

func TestHappyRunTellsEventsInOrder(t *testing.T) {
	s := happyScene(t)
	e := s.start(t)
	w := execute(t, e, nil)
	equal(t, "events", names(w.events), []string{
		"run_started",
		"step_started inspect", "progress inspect", "output inspect", "learned inspect", "step_done inspect",
		"step_started switch", "step_done switch",
		"step_started report", "step_done report",
		"run_finished",
	})
	equal(t, "work", s.diary.take(), []string{"do inspect", "do switch", "do report"})
	want := steps.Result{
		Run: e.Run().ID, Flow: "upgrade", Project: s.root, Status: steps.Done,
		Data: map[string]any{"colour": "blue"}, Code: fault.Done,
	}
	equal(t, "result", w.result, want)
	equal(t, "last event", w.events[len(w.events)-1], steps.Event(steps.RunFinished{Result: want}))
	equal(t, "first event", w.events[0], steps.Event(steps.RunStarted{
		Run: e.Run().ID, Flow: "upgrade", Title: "Upgrade", Project: s.root,
		Steps: []steps.StepInfo{
			{ID: "inspect", Title: "The inspect", Phase: steps.Prepare},
			{ID: "switch", Title: "The switch", Phase: steps.Cutover},
			{ID: "report", Title: "The report", Phase: steps.Finish},
		},
	}))
	equal(t, "learned", find[steps.Learned](w.events), []steps.Learned{
		{Step: "inspect", Key: "colour", Value: json.RawMessage(`"blue"`)},
	})
	done := find[steps.StepDone](w.events)[0]
	if done.Summary != "saw 3 tables" || done.Proved || done.Elapsed <= 0 {
		t.Errorf("inspect ended with %+v", done)
	}
}

func TestHappyRunWritesAChainedJournal(t *testing.T) {
	s := happyScene(t)
	e := s.start(t)
	execute(t, e, nil)
	lines, short := journal(t, e.Run().Dir)
	equal(t, "journal", short, []string{
		"run_started",
		"step_started inspect", "record inspect", "step_done inspect",
		"step_started switch", "step_done switch",
		"step_started report", "step_done report",
		"run_finished",
	})
	value, found := colour.Find(lines)
	equal(t, "record read from the journal", [2]any{value, found}, [2]any{"blue", true})

	// The chain is checked here once more, without the code under test.
	raw, err := os.ReadFile(e.Run().Path("journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	for i, text := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		var line struct {
			Seq       int
			Run, Prev string
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if line.Seq != i+1 || line.Run != e.Run().ID || line.Prev != before {
			t.Errorf("line %d: seq %d, run %s, prev %q, want prev %q", i+1, line.Seq, line.Run, line.Prev, before)
		}
		sum := sha256.Sum256([]byte(text))
		before = hex.EncodeToString(sum[:])
	}
}

// What a reader is told is in the file by then: a kill right after the event
// loses nothing.
func TestJournalIsAheadOfEvents(t *testing.T) {
	s := happyScene(t)
	s.cutover("migrate")
	s.flow.Steps[2], s.flow.Steps[3] = s.flow.Steps[3], s.flow.Steps[2]
	s.fakes["migrate"].onDo = failing("broken")
	e := s.start(t)
	journaled := map[string]bool{
		"step_started": true, "step_done": true, "step_failed": true,
		"undo_started": true, "undo_done": true, "run_finished": true, "run_started": true,
	}
	execute(t, e, func(e *steps.Engine, event steps.Event) {
		defaults(t)(e, event)
		if !journaled[event.Kind()] {
			return
		}
		_, short := journal(t, e.Run().Dir)
		if !strings.Contains(strings.Join(short, "\n")+"\n", name(event)+"\n") {
			t.Errorf("told %q before it was written down: %v", name(event), short)
		}
	})
}

func TestRunFolderIsForItsOwnerOnly(t *testing.T) {
	s := happyScene(t)
	e := s.start(t)
	execute(t, e, nil)
	for path, want := range map[string]os.FileMode{
		"": 0o700, "journal.jsonl": 0o600, "output.log": 0o600,
	} {
		info, err := os.Stat(filepath.Join(e.Run().Dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	entries, err := os.ReadDir(s.root)
	if err != nil || len(entries) != 0 {
		t.Errorf("the engine left %v in the project (%v)", entries, err)
	}
}

func TestCleanersRunAtTheFinalEndOnly(t *testing.T) {
	s := newScene(t)
	s.add("stage", steps.Prepare, cleaned{fake: s.fake("stage")})
	s.prepare("rehearse")
	s.fakes["rehearse"].onDo = failing("no luck")
	e := s.start(t)
	execute(t, e, nil)
	equal(t, "after a failure that can be resumed", s.diary.take(), []string{"do stage", "do rehearse"})
	closeEngine(t, e)

	s.fakes["rehearse"].onDo = nil
	w := execute(t, s.resume(t), nil)
	equal(t, "at the end", s.diary.take(), []string{"check stage", "check rehearse", "do rehearse", "clean stage"})
	equal(t, "status", w.result.Status, steps.Done)
}

func TestAbandonEndsARunThatChangedNothing(t *testing.T) {
	s := newScene(t)
	s.add("stage", steps.Prepare, cleaned{fake: s.fake("stage")})
	s.cutover("stop", "switch")
	e := s.start(t)
	result, err := e.Abandon(t.Context())
	if err != nil || result.Status != steps.Abandoned {
		t.Fatalf("got %+v, %v", result, err)
	}
	equal(t, "work", s.diary.take(), []string{"clean stage"})
	closeEngine(t, e)
	if open, err := steps.Unfinished(s.root); open != nil || err != nil {
		t.Errorf("still unfinished: %+v, %v", open, err)
	}

	s.fakes["switch"].onDo = failing("no")
	e = s.start(t)
	execute(t, e, choosing(t, steps.ChooseStop))
	closeEngine(t, e)
	if _, err := s.resume(t).Abandon(t.Context()); err == nil || fault.HintOf(err) == "" {
		t.Errorf("a run in the middle of its cutover was abandoned: %v", err)
	}
}
