package steps

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"bunnyhop/internal/fault"
)

// Execute runs the flow to its end, or takes it back when an earlier process
// had begun to. The result is also the last event.
func (e *Engine) Execute(ctx context.Context) Result {
	e.publishStart()
	if e.rollingBack() {
		return e.finish(ctx, e.goOnBack(ctx))
	}
	// A context that ends is an interrupt, whoever ends it.
	defer context.AfterFunc(ctx, e.Interrupt)()
	prepare, stop := context.WithCancel(ctx)
	defer stop()
	e.mu.Lock()
	e.stop = stop
	if e.stopping || e.detached {
		stop()
	}
	e.mu.Unlock()

	for i := e.firstStep(); i < len(e.flow.Steps); i++ {
		step := e.flow.Steps[i]
		if e.shouldStop(ctx, step) {
			return e.finish(ctx, e.interrupted(ctx, step))
		}
		stepCtx := prepare
		if step.Phase != Prepare {
			// From here on a step is finished whatever happens around it.
			stepCtx = context.WithoutCancel(ctx)
		}
		if err := e.step(stepCtx, step); err != nil {
			result, again := e.failed(ctx, step, err)
			if again {
				i--
				continue
			}
			return e.finish(ctx, result)
		}
	}
	if end := (Step{ID: "the end", Phase: Finish}); e.touched() && e.shouldStop(ctx, end) {
		return e.finish(ctx, e.interrupted(ctx, end))
	}
	return e.finish(ctx, Result{Status: Done, Code: fault.Done})
}

// Rollback takes the cutover of this run back, as the person asked for.
func (e *Engine) Rollback(ctx context.Context) Result {
	e.publishStart()
	cause := errors.New("rolling back was asked for")
	if first := e.firstFailure(); first != nil {
		cause = fmt.Errorf("%w; rolling back was asked for", first) // S3: the first error is kept
	}
	return e.finish(ctx, e.undo(ctx, cause))
}

// Abandon ends a run that has not begun its cutover, for good.
func (e *Engine) Abandon(ctx context.Context) (Result, error) {
	if e.touched() {
		return Result{}, fault.New("this run has begun to change the project and cannot be abandoned",
			"`bunnyhop resume` goes on with it, `bunnyhop rollback` takes it back")
	}
	e.publishStart()
	return e.finish(ctx, Result{Status: Abandoned, Code: fault.Done}), nil
}

func (e *Engine) publishStart() {
	infos := make([]StepInfo, len(e.flow.Steps))
	for i, s := range e.flow.Steps {
		infos[i] = StepInfo{ID: s.ID, Title: s.Title, Phase: s.Phase}
	}
	e.run.broker.publish(RunStarted{
		Run: e.run.ID, Flow: e.flow.ID, Title: e.flow.Title, Project: e.run.Root,
		Steps: infos, Resumed: e.resumed,
	})
	for _, fact := range e.run.replayed {
		e.run.broker.publish(fact)
	}
}

// firstStep is where a run goes on. Once the cutover has begun, the steps
// before it are not proved again: their look at the project would find it
// half changed. What the cutover needs of them, its own steps prove.
func (e *Engine) firstStep() int {
	if !e.touched() {
		return 0
	}
	for i, s := range e.flow.Steps {
		if s.Phase != Prepare {
			return i
		}
		e.run.broker.publish(StepDone{Step: s.ID, Summary: e.run.stateOf(s.ID).summary, Proved: true})
	}
	return len(e.flow.Steps)
}

// touched reports whether a step of the cutover was ever started.
func (e *Engine) touched() bool {
	for _, s := range e.flow.Steps {
		if s.Phase == Cutover && e.run.Started(s.ID) {
			return true
		}
	}
	return false
}

// shouldStop reports whether the run ends before the next step. Once a step
// after the cutover has begun, the change is proved and nothing ends the run.
func (e *Engine) shouldStop(ctx context.Context, next Step) bool {
	if next.Phase == Finish && e.finishing() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopping || ctx.Err() != nil {
		return true
	}
	// A run that nobody watches does not begin a cutover, but ends one.
	return e.detached && !e.touched()
}

// finishing reports whether a step after the cutover was ever started.
func (e *Engine) finishing() bool {
	for _, s := range e.flow.Steps {
		if s.Phase == Finish && e.run.Started(s.ID) {
			return true
		}
	}
	return false
}

// alone reports whether the run was told to stop or is not watched.
func (e *Engine) alone(ctx context.Context) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopping || e.detached || ctx.Err() != nil
}

// interrupted ends a run before or within the cutover.
func (e *Engine) interrupted(ctx context.Context, next Step) Result {
	if !e.touched() {
		return Result{
			Status: Interrupted, Step: next.ID, Error: "interrupted", Code: fault.Interrupted,
			State: "the project is as it was", Hint: "`bunnyhop resume` goes on from here",
		}
	}
	return e.undo(ctx, fault.Newf("interrupted before %s", next.ID))
}

// step proves or does one step.
func (e *Engine) step(ctx context.Context, step Step) error {
	r := e.run
	r.mu.Lock()
	r.step, r.note = step.ID, ""
	was := *r.state(step.ID)
	r.mu.Unlock()
	begin := time.Now()
	if was.failed && step.Phase == Cutover && !retriable(step) {
		return fault.Newf("%s failed earlier and is not simply done again: %s", step.ID, was.failure).
			WithHint("roll back, mend the cause, and start a new run")
	}
	if was.started {
		proof, err := e.check(ctx, step)
		if err != nil {
			return err
		}
		if proof.OK {
			return e.stepDone(step, begin, proof.Reason, true)
		}
		// Started, not provably done: what a torn attempt left behind goes
		// first, so that the step begins from a known state.
		if undoer, ok := step.Action.(Undoer); ok && step.Phase == Cutover {
			if err := e.takeBack(ctx, step, undoer); err != nil {
				return fmt.Errorf("taking back the interrupted step %s: %w", step.ID, err)
			}
		}
	}
	if err := r.journal.Append(step.ID, entryStart, map[string]Phase{"phase": step.Phase}); err != nil {
		return err
	}
	r.mu.Lock()
	s := r.state(step.ID)
	*s = stepState{started: true, summary: s.summary}
	r.mu.Unlock()
	r.broker.publish(StepStarted{Step: step.ID, Title: step.Title})
	Boundary(step.ID, "started")
	if err := e.do(ctx, step); err != nil {
		return err
	}
	Boundary(step.ID, "worked")
	return e.stepDone(step, begin, "", false)
}

func (e *Engine) stepDone(step Step, begin time.Time, reason string, proved bool) error {
	r := e.run
	r.mu.Lock()
	summary := r.note
	if summary == "" {
		summary = r.redactLocked(reason)
	}
	if s := r.state(step.ID); summary == "" {
		summary = s.summary
	}
	r.mu.Unlock()
	done := StepDone{Step: step.ID, Summary: summary, Elapsed: time.Since(begin), Proved: proved}
	if err := r.journal.Append(step.ID, entryDone, done); err != nil {
		return err
	}
	r.mu.Lock()
	s := r.state(step.ID)
	s.started, s.done, s.failed, s.failure, s.summary = true, true, false, "", summary
	r.mu.Unlock()
	r.broker.publish(done)
	Boundary(step.ID, "done")
	return nil
}

// check, do, takeBack and clean turn a panic of a step into its failure, so
// that the undo runs.
func (e *Engine) check(ctx context.Context, step Step) (proof Proof, err error) {
	defer e.recovered(step, &err)
	return step.Action.Check(ctx, e.run)
}

func (e *Engine) do(ctx context.Context, step Step) (err error) {
	defer e.recovered(step, &err)
	return step.Action.Do(ctx, e.run)
}

func (e *Engine) takeBack(ctx context.Context, step Step, undoer Undoer) (err error) {
	defer e.recovered(step, &err)
	return undoer.Undo(ctx, e.run)
}

func (e *Engine) clean(ctx context.Context, step Step, cleaner Cleaner) (err error) {
	defer e.recovered(step, &err)
	return cleaner.Clean(ctx, e.run)
}

// recovered is deferred around what a step does. The trace is for whoever
// mends the step and goes to the output file only.
func (e *Engine) recovered(step Step, err *error) {
	if p := recover(); p != nil {
		for line := range strings.Lines(string(debug.Stack())) {
			e.run.Output(strings.TrimRight(line, "\n"))
		}
		*err = fault.Newf("step %s panicked: %v", step.ID, p).
			WithHint("this is a bug in bunnyhop; %s says where", e.run.Path("output.log"))
	}
}

func retriable(step Step) bool {
	r, ok := step.Action.(Retrier)
	return ok && r.Retriable()
}
