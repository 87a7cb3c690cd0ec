package steps

import (
	"encoding/json"
	"time"

	"bunnyhop/internal/progress"
)

// Event is something that readers (the terminal UI, plain text, --json) are
// told. Progress and Output may be dropped when a reader is slow; the others
// never are.
type Event interface {
	// Kind is the event's name in JSON ("step_started").
	Kind() string
}

// StepInfo names a step for readers.
type StepInfo struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Phase Phase  `json:"phase"`
}

// RunStarted is the first event of a run.
type RunStarted struct {
	Run     string     `json:"run"`
	Flow    string     `json:"flow"`
	Title   string     `json:"title"`
	Project string     `json:"project"`
	Steps   []StepInfo `json:"steps"`
	Resumed bool       `json:"resumed"`
}

// StepStarted says that a step's work begins.
type StepStarted struct {
	Step  string `json:"step"`
	Title string `json:"title"`
}

// Progress says how far a step's work is. Total 0 means that it is not known.
type Progress struct {
	Step  string        `json:"step"`
	Label string        `json:"label"`
	Unit  progress.Unit `json:"unit"`
	Done  int64         `json:"done"`
	Total int64         `json:"total"`
}

// Output is a line of output of what a step runs, with secrets taken out.
type Output struct {
	Step string `json:"step"`
	Line string `json:"line"`
}

// Learned says that the run has recorded a fact that screens show.
type Learned struct {
	Step  string          `json:"step"`
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// GateOpened asks a question; the run waits for Engine.Answer.
type GateOpened struct {
	Step string `json:"step"`
	Gate Gate   `json:"gate"`
}

// GateAnswered says that the question is closed.
type GateAnswered struct {
	Step   string `json:"step"`
	Gate   string `json:"gate"`
	Answer Answer `json:"answer"`
	// Earlier is set when the answer was given to an earlier process of the
	// same run.
	Earlier bool `json:"earlier,omitempty"`
}

// StepDone says that a step's work is done and proved.
type StepDone struct {
	Step    string        `json:"step"`
	Summary string        `json:"summary"`
	Elapsed time.Duration `json:"elapsed_ns"`
	// Proved is set when the work had been done by an earlier process and was
	// only proved again.
	Proved bool `json:"proved,omitempty"`
}

// StepFailed says that a step's work failed.
type StepFailed struct {
	Step  string `json:"step"`
	Error string `json:"error"`
	State string `json:"state,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// UndoStarted says that a step is being taken back.
type UndoStarted struct {
	Step string `json:"step"`
}

// UndoDone says that a step was taken back.
type UndoDone struct {
	Step string `json:"step"`
}

// UndoFailed says that a step could not be taken back, and what a person can
// do by hand.
type UndoFailed struct {
	Step   string   `json:"step"`
	Error  string   `json:"error"`
	Manual []string `json:"manual,omitempty"`
}

// RunFinished is the last event of a run.
type RunFinished struct {
	Result Result `json:"result"`
}

// Kind implements Event.
func (RunStarted) Kind() string   { return "run_started" }
func (StepStarted) Kind() string  { return "step_started" }  // Kind implements Event.
func (Progress) Kind() string     { return "progress" }      // Kind implements Event.
func (Output) Kind() string       { return "output" }        // Kind implements Event.
func (Learned) Kind() string      { return "learned" }       // Kind implements Event.
func (GateOpened) Kind() string   { return "gate_opened" }   // Kind implements Event.
func (GateAnswered) Kind() string { return "gate_answered" } // Kind implements Event.
func (StepDone) Kind() string     { return "step_done" }     // Kind implements Event.
func (StepFailed) Kind() string   { return "step_failed" }   // Kind implements Event.
func (UndoStarted) Kind() string  { return "undo_started" }  // Kind implements Event.
func (UndoDone) Kind() string     { return "undo_done" }     // Kind implements Event.
func (UndoFailed) Kind() string   { return "undo_failed" }   // Kind implements Event.
func (RunFinished) Kind() string  { return "run_finished" }  // Kind implements Event.
