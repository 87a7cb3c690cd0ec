package steps

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/lock"
	"bunnyhop/internal/state"
)

// Engine runs one flow on one project. It holds the project's lock from Start
// or Resume until Close.
type Engine struct {
	flow Flow
	run  *Run
	lock *lock.Lock
	// temporary is the folder of a run that leaves no trace; see Look.
	temporary string

	mu       sync.Mutex
	stop     context.CancelFunc // ends the context of the preparing steps
	stopping bool
	detached bool
	resumed  bool
}

// Start begins a new run of a flow on the project in root. It is refused while
// a run of any flow on it has begun its cutover and not ended: that one has to
// be resumed or rolled back first.
func Start(flow Flow, root string) (*Engine, error) {
	if err := flow.validate(); err != nil {
		return nil, err
	}
	dir, err := state.ProjectDir(root)
	if err != nil {
		return nil, err
	}
	id := newRunID(flow.ID)
	held, err := lock.Acquire(dir, id)
	if err != nil {
		return nil, err
	}
	engine, err := start(flow, root, dir, id, held)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	return engine, nil
}

func start(flow Flow, root, dir, id string, held *lock.Lock) (*Engine, error) {
	open, err := Unfinished(root)
	if err != nil {
		return nil, err
	}
	if open != nil && open.Damaged != "" {
		return nil, fault.New(open.Damaged, "look at the lines before the damage to see what that run did; then move its folder "+
			open.Dir+" away to begin a new run").WithCode(fault.NeedsPerson)
	}
	if open != nil && open.Touched {
		return nil, fault.Newf("the %s run %s of this project is not finished", open.Flow, open.ID).
			WithHint("`bunnyhop resume` goes on with it, `bunnyhop rollback` takes it back").WithCode(fault.NeedsPerson)
	}
	runDir := filepath.Join(dir, "runs", id)
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	// The way to the journal must outlast a power cut, as the journal does.
	for _, above := range []string{filepath.Dir(runDir), dir, filepath.Dir(dir)} {
		if err := syncDir(above); err != nil {
			return nil, err
		}
	}
	return begin(flow, root, runDir, id, held)
}

// begin writes the first line of a run whose folder is there.
func begin(flow Flow, root, runDir, id string, held *lock.Lock) (*Engine, error) {
	journal, err := createJournal(filepath.Join(runDir, "journal.jsonl"), id)
	if err != nil {
		return nil, err
	}
	run, err := newRun(flow, root, runDir, id, journal)
	if err != nil {
		return nil, err
	}
	e := &Engine{flow: flow, run: run, lock: held}
	return e, e.enter(entryRun, map[string]string{"flow": flow.ID, "root": root})
}

// Resume goes on with an unfinished run. The caller passes the flow that made
// it (see Summary.Flow).
func Resume(flow Flow, summary Summary) (*Engine, error) {
	if err := flow.validate(); err != nil {
		return nil, err
	}
	if flow.ID != summary.Flow {
		return nil, fmt.Errorf("run %s is of flow %s, not %s", summary.ID, summary.Flow, flow.ID)
	}
	dir, err := state.ProjectDir(summary.Root)
	if err != nil {
		return nil, err
	}
	held, err := lock.Acquire(dir, summary.ID)
	if err != nil {
		return nil, err
	}
	journal, lines, err := openJournal(filepath.Join(summary.Dir, "journal.jsonl"), summary.ID)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	run, err := newRun(flow, summary.Root, summary.Dir, summary.ID, journal)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	run.replay(lines)
	e := &Engine{flow: flow, run: run, lock: held, resumed: true}
	if err := flow.knows(lines); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	if err := e.enter(entryOwner, nil); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// enter writes the first line of this process into the journal.
func (e *Engine) enter(event string, data map[string]string) error {
	owner, err := lock.Self(e.run.ID)
	if err != nil {
		return err
	}
	return e.run.journal.Append("", event, struct {
		Data  map[string]string `json:"start,omitempty"`
		Owner lock.Owner        `json:"owner"`
		Taken *lock.Owner       `json:"taken_over_from,omitempty"`
	}{data, owner, e.lock.Taken})
}

func newRun(flow Flow, root, dir, id string, journal *Journal) (*Run, error) {
	output, err := os.OpenFile(filepath.Join(dir, "output.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return nil, fmt.Errorf("opening the run's output file: %w", err)
	}
	return &Run{
		ID: id, Flow: flow.ID, Root: root, Dir: dir,
		journal: journal, output: output,
		broker:  &broker{},
		gates:   &gates{waiting: map[string]openGate{}},
		slots:   map[string]json.RawMessage{},
		states:  map[string]*stepState{},
		answers: map[string]answered{},
	}, nil
}

func newRunID(flow string) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails on Linux
	return time.Now().UTC().Format("20060102-150405") + "-" + flow + "-" + hex.EncodeToString(random[:])
}

// Run gives access to the run's record.
func (e *Engine) Run() *Run { return e.run }

// Flow returns the flow being run.
func (e *Engine) Flow() Flow { return e.flow }

// Subscribe returns the events from now on. The channel is closed after the
// last event has been read. Call it before Execute.
func (e *Engine) Subscribe() <-chan Event { return e.run.broker.subscribe() }

// Answer answers an open gate. An answer that does not fit is returned as an
// error, and the gate stays open.
func (e *Engine) Answer(gate string, a Answer) error { return e.run.gates.answer(gate, a) }

// Decline says that nobody will answer a gate; the step fails with err.
func (e *Engine) Decline(gate string, err error) error { return e.run.gates.decline(gate, err) }

// Interrupt asks the run to stop. Before the cutover the current step is
// ended and the run can be resumed. In the cutover the current step is
// finished, and then everything is put back.
func (e *Engine) Interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopping = true
	if e.stop != nil {
		e.stop()
	}
	e.run.gates.leave()
}

// Detach says that nobody watches any more (the terminal is gone). Before the
// cutover this is Interrupt; in the cutover the run goes on to its end, and a
// failure is rolled back.
func (e *Engine) Detach() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.detached = true
	if e.stop != nil {
		e.stop()
	}
	e.run.gates.leave()
}

// Close gives the project's lock up. It is safe to call it twice.
func (e *Engine) Close() error {
	if e.lock == nil {
		return nil
	}
	err := errors.Join(e.run.journal.Close(), e.run.output.Close(), e.lock.Release())
	if e.temporary != "" {
		err = errors.Join(err, os.RemoveAll(e.temporary))
	}
	e.lock = nil
	return err
}
