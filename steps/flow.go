// Package steps is the engine under every flow: it runs an ordered list of
// steps, writes down before and after each what is done, asks gates, tells
// readers through typed events, and can go on or go back after the process
// died at any instant.
package steps

import (
	"context"
	"encoding/json"
	"fmt"

	"bunnyhop/internal/fault"
)

// Phase says what a step may touch, and so what a failure in it means.
type Phase uint8

const (
	// Prepare only reads the live project. A failure leaves it as it was.
	Prepare Phase = iota + 1
	// Cutover changes the live project. A failure is undone in reverse order.
	Cutover
	// Finish comes after the change was proved; nothing of it is undone.
	Finish
)

// Flow is an ordered list of steps for one job. Its table of steps is the
// runbook.
type Flow struct {
	ID    string
	Title string
	Steps []Step
	// Result gives what the flow has to say at the end, for the last JSON line
	// and the closing text. Optional.
	Result func(*Run) map[string]any
}

// Step is the smallest thing that is done, proved and undone as a whole.
type Step struct {
	ID    string
	Title string
	Phase Phase
	// Proof and Undo are the runbook's words on what a resumed run looks at
	// and how the step is taken back.
	Proof, Undo string
	Action      Action
}

// Action is the work of a step.
type Action interface {
	// Check looks at the real world and says whether the step's post-condition
	// holds already. It is asked of steps that an earlier process finished or
	// started; that they were started counts for nothing.
	Check(ctx context.Context, r *Run) (Proof, error)
	// Do does the work. In the cutover ctx does not end when the person
	// interrupts: the step is finished first.
	Do(ctx context.Context, r *Run) error
}

// Proof is the outcome of a Check.
type Proof struct {
	OK     bool
	Reason string // one line: what was seen
}

// Proved is a Proof that holds.
func Proved(format string, args ...any) Proof {
	return Proof{OK: true, Reason: fmt.Sprintf(format, args...)}
}

// Unproved is a Proof that does not hold.
func Unproved(format string, args ...any) Proof {
	return Proof{Reason: fmt.Sprintf(format, args...)}
}

// Undoer is an Action that changes something and can take it back. Undo must
// work after Do stopped at any instant, and must work twice.
type Undoer interface {
	Undo(ctx context.Context, r *Run) error
}

// Cleaner is an Action that leaves something behind which only the run needs.
// Clean is called once the run has come to an end that will not be resumed.
type Cleaner interface {
	Clean(ctx context.Context, r *Run) error
}

// Retrier is an Action that may be done again after it failed in the cutover.
// Migrations never are (S13).
type Retrier interface {
	Retriable() bool
}

// Manual is an Action whose undoing a person can do by hand; the commands are
// printed when the program cannot.
type Manual interface {
	Manual(r *Run) []string
}

// validate catches a badly written flow table.
func (f Flow) validate() error {
	seen := map[string]bool{}
	phase := Prepare
	for _, s := range f.Steps {
		switch {
		case s.ID == "" || s.Action == nil:
			return fmt.Errorf("flow %s: a step lacks an id or an action", f.ID)
		case seen[s.ID]:
			return fmt.Errorf("flow %s: two steps are called %s", f.ID, s.ID)
		case s.Phase < Prepare || s.Phase > Finish:
			return fmt.Errorf("flow %s: step %s is of no known phase", f.ID, s.ID)
		case s.Phase < phase:
			return fmt.Errorf("flow %s: step %s goes back to an earlier phase", f.ID, s.ID)
		}
		seen[s.ID], phase = true, s.Phase
	}
	if len(f.Steps) == 0 {
		return fmt.Errorf("flow %s has no steps", f.ID)
	}
	return nil
}

// knows refuses a journal whose cutover has steps that this table lacks: they
// could be neither proved nor taken back.
func (f Flow) knows(lines []Line) error {
	known := map[string]bool{}
	for _, s := range f.Steps {
		known[s.ID] = s.Phase == Cutover
	}
	for _, line := range lines {
		var data struct {
			Phase Phase `json:"phase"`
		}
		if line.Event != entryStart || json.Unmarshal(line.Data, &data) != nil || data.Phase != Cutover || known[line.Step] {
			continue
		}
		return fault.Newf("run %s has begun the step %q, which this version of bunnyhop does not know", line.Run, line.Step).
			WithHint("go on with the version of bunnyhop that began the run").WithCode(fault.NeedsPerson)
	}
	return nil
}
