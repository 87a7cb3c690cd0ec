package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// The choices of a recovery gate.
const (
	ChooseRollback = "rollback"
	ChooseRetry    = "retry"
	ChooseStop     = "stop"
)

// failed handles the failure of a step. Again means that the step is to be
// tried once more.
func (e *Engine) failed(ctx context.Context, step Step, cause error) (result Result, again bool) {
	r := e.run
	event := StepFailed{Step: step.ID, Error: r.Redact(cause.Error()), State: r.Redact(fault.StateOf(cause)), Hint: r.Redact(fault.HintOf(cause))}
	if err := r.journal.Append(step.ID, entryFailed, event); err != nil {
		cause = errors.Join(cause, err)
	}
	r.mu.Lock()
	r.state(step.ID).fail(event.Error)
	r.mu.Unlock()
	r.broker.publish(event)

	if step.Phase != Cutover {
		return e.failedOutside(ctx, event, cause), false
	}

	switch e.askRecovery(ctx, step, event) {
	case ChooseRetry:
		return Result{}, true
	case ChooseStop:
		return Result{
			Status: NeedsPerson, Code: fault.NeedsPerson, Step: step.ID,
			Error: event.Error, Manual: e.manual(),
			State: "stopped in the middle of the cutover; both states are kept",
			Hint:  "`bunnyhop rollback` puts everything back, `bunnyhop resume` tries to go on",
		}, false
	default:
		return e.undo(ctx, cause), false
	}
}

// failedOutside says how a run ends that failed before or after the cutover.
func (e *Engine) failedOutside(ctx context.Context, event StepFailed, cause error) Result {
	status, code := statusOf(cause)
	// What a stopped step says of it, such as the exit status of its child, is
	// not the reason.
	if (status == Failed || status == Unanswered) && e.alone(ctx) {
		status, code = Interrupted, fault.Interrupted
	}
	result := Result{Status: status, Code: code, Step: event.Step, Error: event.Error, State: event.State, Hint: event.Hint}
	if e.touched() {
		// The other codes say that the project is as before.
		if status != Interrupted {
			result.Status, result.Code = NeedsPerson, fault.NeedsPerson
		}
		result.State = "the change itself is done and proved; what comes after it is missing"
	} else if result.State == "" {
		result.State = "the project is as it was"
	}
	if status == Interrupted {
		result.Error = "interrupted"
		result.Hint = "`bunnyhop resume` goes on from here"
	}
	return result
}

func (e *Engine) askRecovery(ctx context.Context, step Step, failure StepFailed) string {
	if e.alone(ctx) {
		return ChooseRollback
	}
	gate := Gate{
		ID: "recovery:" + step.ID, Kind: GateRecovery, Title: step.Title + " failed",
		Text: failure.Error,
		Choices: []Choice{
			{ID: ChooseRollback, Title: "Roll back", Detail: "put code, configuration and database back and start the old version", Default: true},
			{ID: ChooseRetry, Title: "Try this step again"},
			{ID: ChooseStop, Title: "Stop here", Detail: "leave both states as they are; the server stays down"},
		},
	}
	if !retriable(step) {
		gate.Choices[1].Disabled = "this step is done once; trying again would hide the first failure"
	}
	reply, err := e.run.gates.open(gate)
	if err != nil {
		return ChooseRollback
	}
	defer e.run.gates.close(gate.ID)
	e.run.broker.publish(GateOpened{Step: step.ID, Gate: gate.shown(e.run.Redact)})
	got := <-reply
	if got.err != nil {
		return ChooseRollback
	}
	// For the audit only: the answer is never taken for a later failure, and
	// what was chosen is done even when it cannot be written down.
	if err := e.run.journal.Append(step.ID, entryAnswer, answered{Gate: gate.ID, Answer: got.answer}); err != nil {
		e.run.Output("the answer could not be written down: " + err.Error())
	}
	e.run.broker.publish(GateAnswered{Step: step.ID, Gate: gate.ID, Answer: got.answer})
	return got.answer.Choice
}

// undo takes the started steps of the cutover back, last first. It stops at
// the first that cannot be taken back: what comes before it, such as starting
// the old code, would be wrong on top of it (S4).
func (e *Engine) undo(ctx context.Context, cause error) Result {
	ctx = context.WithoutCancel(ctx)
	r := e.run
	result := Result{Status: RolledBack, Code: fault.RolledBack, Error: r.Redact(cause.Error()), Hint: r.Redact(fault.HintOf(cause))}
	for _, step := range slices.Backward(e.flow.Steps) {
		r.mu.Lock()
		s := *r.state(step.ID)
		r.step = step.ID
		r.mu.Unlock()
		if step.Phase != Cutover || !s.started || s.undone {
			continue
		}
		if s.failed {
			result.Step = step.ID
		}
		if err := e.undoStep(ctx, step); err != nil {
			return e.undoFailed(step, result, err)
		}
	}
	result.State = "everything was put back; the project is as it was before the cutover"
	return result
}

func (e *Engine) undoStep(ctx context.Context, step Step) (err error) {
	r := e.run
	undoer, can := step.Action.(Undoer)
	if err := r.journal.Append(step.ID, entryUndo, nil); err != nil {
		return err
	}
	r.mu.Lock()
	r.state(step.ID).undoing = true
	r.mu.Unlock()
	r.broker.publish(UndoStarted{Step: step.ID})
	Boundary(step.ID, "undoing")
	if can {
		if err := e.takeBack(ctx, step, undoer); err != nil {
			return err
		}
	}
	if err := r.journal.Append(step.ID, entryUndone, nil); err != nil {
		return err
	}
	r.mu.Lock()
	r.state(step.ID).undone = true
	r.mu.Unlock()
	r.broker.publish(UndoDone{Step: step.ID})
	Boundary(step.ID, "undone")
	return nil
}

func (e *Engine) undoFailed(step Step, result Result, err error) Result {
	r := e.run
	event := UndoFailed{Step: step.ID, Error: r.Redact(err.Error()), Manual: redactAll(e.manual(), r.Redact)}
	if logErr := r.journal.Append(step.ID, entryUndoFail, event); logErr != nil {
		event.Error += "; " + logErr.Error()
	}
	r.broker.publish(event)
	result.Status, result.Code = NeedsPerson, fault.NeedsPerson
	result.UndoError = fmt.Sprintf("taking back %s: %s", step.ID, event.Error)
	result.State = "putting back stopped half way; nothing was deleted, both states are kept"
	result.Hint = strings.TrimPrefix(r.Redact(fault.HintOf(err))+"; mend the cause and run `bunnyhop rollback` again, or run the commands below by hand", "; ")
	result.Manual = event.Manual
	return result
}

// manual lists the commands that put the project back by hand, in order.
func (e *Engine) manual() []string {
	var commands []string
	for _, step := range slices.Backward(e.flow.Steps) {
		if m, ok := step.Action.(Manual); ok && step.Phase == Cutover && e.run.Started(step.ID) {
			commands = append(commands, m.Manual(e.run)...)
		}
	}
	return commands
}

// rollingBack reports whether an earlier process had begun to take the run
// back and did not come to an end.
func (e *Engine) rollingBack() bool {
	for _, step := range e.flow.Steps {
		if e.run.stateOf(step.ID).undoing {
			return true
		}
	}
	return false
}

// goOnBack finishes a rollback that an earlier process began. Whether it is
// finished is only said once it is.
func (e *Engine) goOnBack(ctx context.Context) Result {
	cause := e.firstFailure()
	if cause == nil {
		cause = errors.New("an earlier rollback was not finished")
	}
	result := e.undo(ctx, cause)
	if result.Status == RolledBack {
		result.Error += "; what was left of the rollback is done now"
	}
	return result
}

// firstFailure is what the first step that failed has said, or nil.
func (e *Engine) firstFailure() error {
	for _, step := range e.flow.Steps {
		if s := e.run.stateOf(step.ID); s.failed {
			return fmt.Errorf("%s had failed: %s", step.ID, s.failure)
		}
	}
	return nil
}

// finish writes the end of this process's work on the run.
func (e *Engine) finish(ctx context.Context, result Result) Result {
	r := e.run
	result.Run, result.Flow, result.Project = r.ID, r.Flow, r.Root
	if result.Status.Final() {
		for _, step := range e.flow.Steps {
			cleaner, ok := step.Action.(Cleaner)
			if !ok {
				continue
			}
			r.mu.Lock()
			r.step = step.ID
			r.mu.Unlock()
			// What is left behind costs space, no more; it must not turn a
			// finished run into a failed one.
			if err := e.clean(context.WithoutCancel(ctx), step, cleaner); err != nil {
				r.Output("cleaning up: " + err.Error())
			}
		}
	}
	if e.flow.Result != nil {
		result.Data = e.flow.Result(r)
	}
	result = result.shown(r.Redact)
	if err := r.journal.Append("", entryFinish, result); err != nil {
		r.Output("the journal could not be closed: " + err.Error())
	}
	r.broker.publish(RunFinished{Result: result})
	r.broker.close()
	return result
}
