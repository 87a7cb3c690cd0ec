package steps

import (
	"context"
	"errors"

	"bunnyhop/internal/fault"
)

// Status says how a run stands.
type Status string

// The statuses of a run.
const (
	Running     Status = "running"
	Done        Status = "done"
	Failed      Status = "failed"       // before the cutover; the project is as before
	Blocked     Status = "blocked"      // findings block; the project is as before
	Unanswered  Status = "unanswered"   // a gate needs an answer; the project is as before
	Interrupted Status = "interrupted"  // stopped by the person or a signal; can be resumed
	RolledBack  Status = "rolled_back"  // failed in the cutover; everything was put back
	NeedsPerson Status = "needs_person" // failed, and putting back failed or was declined
	Abandoned   Status = "abandoned"    // the person will not go on with it
)

// Final reports whether a run of this status is over for good. A run that
// failed before the cutover can be resumed once its cause is mended.
func (s Status) Final() bool {
	return s == Done || s == RolledBack || s == Abandoned
}

// Result says how a run ended.
type Result struct {
	Run     string `json:"run"`
	Flow    string `json:"flow"`
	Project string `json:"project"`
	Status  Status `json:"status"`
	// Step is the step that failed or was stopped in.
	Step  string `json:"step,omitempty"`
	Error string `json:"error,omitempty"`
	State string `json:"state,omitempty"`
	Hint  string `json:"hint,omitempty"`
	// UndoError says why putting back failed.
	UndoError string `json:"undo_error,omitempty"`
	// Manual lists commands that a person can run when the program cannot.
	Manual []string `json:"manual,omitempty"`
	// Data is what the flow has to say: from, to, backup, downtime_seconds …
	Data map[string]any `json:"data,omitempty"`
	// Code is the exit code.
	Code fault.Code `json:"exit_code"`
}

// statusOf reads a status from the error of a step before the cutover.
func statusOf(err error) (Status, fault.Code) {
	if errors.Is(err, context.Canceled) {
		return Interrupted, fault.Interrupted
	}
	switch code := fault.CodeOf(err); code {
	case fault.Blocked:
		return Blocked, code
	case fault.Unanswered:
		return Unanswered, code
	case fault.NeedsPerson:
		return NeedsPerson, code
	case fault.Done, fault.Failed, fault.Usage, fault.RolledBack, fault.Busy, fault.Differs, fault.Interrupted:
		return Failed, code
	default:
		return Failed, fault.Failed
	}
}
