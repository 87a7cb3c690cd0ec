package steps_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// diary notes what is asked of the fake actions, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// take returns what was noted since the last take.
func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return lines
}

// fake is an action whose post-condition is the field done. It outlives an
// engine as the real world does.
type fake struct {
	id    string
	diary *diary
	done  bool
	// Each hook may be nil. An error of onDo leaves done as it is.
	onCheck func(ctx context.Context, r *steps.Run) error
	onDo    func(ctx context.Context, r *steps.Run) error
	onUndo  func(ctx context.Context, r *steps.Run) error
}

func (f *fake) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	f.diary.note("check %s", f.id)
	if f.onCheck != nil {
		if err := f.onCheck(ctx, r); err != nil {
			return steps.Proof{}, err
		}
	}
	if f.done {
		return steps.Proved("%s is there", f.id), nil
	}
	return steps.Unproved("%s is missing", f.id), nil
}

func (f *fake) Do(ctx context.Context, r *steps.Run) error {
	f.diary.note("do %s", f.id)
	if f.onDo != nil {
		if err := f.onDo(ctx, r); err != nil {
			return err
		}
	}
	f.done = true
	return nil
}

// undoable is a fake that can be taken back.
type undoable struct{ *fake }

func (u undoable) Undo(ctx context.Context, r *steps.Run) error {
	u.diary.note("undo %s", u.id)
	if u.onUndo != nil {
		if err := u.onUndo(ctx, r); err != nil {
			return err
		}
	}
	u.done = false
	return nil
}

// retriable is an undoable fake that may be done again after a failure.
type retriable struct{ undoable }

func (retriable) Retriable() bool { return true }

// byHand is an undoable fake with commands for a person.
type byHand struct {
	undoable
	commands []string
}

func (b byHand) Manual(*steps.Run) []string { return b.commands }

// cleaned is a fake that leaves something behind.
type cleaned struct {
	*fake
	onClean func() error
}

func (c cleaned) Clean(context.Context, *steps.Run) error {
	c.diary.note("clean %s", c.id)
	if c.onClean != nil {
		return c.onClean()
	}
	return nil
}

// scene is a flow of fakes on a project folder of its own, with a state
// folder of its own.
type scene struct {
	root  string
	diary *diary
	fakes map[string]*fake
	flow  steps.Flow
}

func newScene(t *testing.T) *scene {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return &scene{
		root: t.TempDir(), diary: &diary{}, fakes: map[string]*fake{},
		flow: steps.Flow{ID: "upgrade", Title: "Upgrade"},
	}
}

func (s *scene) fake(id string) *fake {
	f := &fake{id: id, diary: s.diary}
	s.fakes[id] = f
	return f
}

func (s *scene) add(id string, phase steps.Phase, action steps.Action) {
	s.flow.Steps = append(s.flow.Steps, steps.Step{ID: id, Title: "The " + id, Phase: phase, Action: action})
}

// prepare, cutover and finish add plain steps of their phase.
func (s *scene) prepare(ids ...string) {
	for _, id := range ids {
		s.add(id, steps.Prepare, s.fake(id))
	}
}

func (s *scene) cutover(ids ...string) {
	for _, id := range ids {
		s.add(id, steps.Cutover, undoable{s.fake(id)})
	}
}

func (s *scene) finish(ids ...string) {
	for _, id := range ids {
		s.add(id, steps.Finish, s.fake(id))
	}
}

// start begins a run; resume goes on with the unfinished one. The test closes
// what it does not close itself.
func (s *scene) start(t *testing.T) *steps.Engine {
	t.Helper()
	return opened(t)(steps.Start(s.flow, s.root))
}

func (s *scene) resume(t *testing.T) *steps.Engine {
	t.Helper()
	return opened(t)(steps.Resume(s.flow, s.unfinished(t)))
}

func opened(t *testing.T) func(*steps.Engine, error) *steps.Engine {
	return func(e *steps.Engine, err error) *steps.Engine {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeEngine(t, e) })
		return e
	}
}

func (s *scene) unfinished(t *testing.T) steps.Summary {
	t.Helper()
	open, err := steps.Unfinished(s.root)
	if err != nil {
		t.Fatal(err)
	}
	if open == nil {
		t.Fatal("no run is unfinished")
	}
	return *open
}

// failing makes a hook that always fails with code 0.
func failing(text string) func(context.Context, *steps.Run) error {
	return func(context.Context, *steps.Run) error { return fault.New(text, "mend it") }
}

func closeEngine(t *testing.T, e *steps.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("closing the engine: %v", err)
	}
}
