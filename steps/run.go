package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"bunnyhop/internal/progress"
)

// Run is one execution of a flow as its steps see it. It is safe for use by
// several goroutines.
type Run struct {
	ID   string
	Flow string
	Root string // the project's root
	Dir  string // the run's own folder, for what is too large or too secret for the journal

	journal *Journal
	broker  *broker
	gates   *gates
	output  *os.File

	mu    sync.Mutex
	step  string
	slots map[string]json.RawMessage
	// replayed are the facts that earlier processes recorded, for readers.
	replayed []Learned
	states   map[string]*stepState
	answers  map[string]answered
	secrets  []string
	redact   func(string) string
	note     string
}

// stepState is what the journal says of a step.
type stepState struct {
	started, done, failed bool
	undoing, undone       bool
	failure               string // the first error since it was started
	summary               string
}

func (s *stepState) fail(failure string) {
	s.failed = true
	if s.failure == "" {
		s.failure = failure
	}
}

var _ progress.Reporter = (*Run)(nil)

// Progress implements progress.Reporter.
func (r *Run) Progress(label string, unit progress.Unit, done, total int64) {
	r.broker.publish(Progress{Step: r.current(), Label: r.Redact(label), Unit: unit, Done: done, Total: total})
}

// Output implements progress.Reporter. The line also goes to the run's output
// file, without secrets.
func (r *Run) Output(line string) {
	line = r.Redact(line)
	step := r.current()
	r.mu.Lock()
	if r.output != nil {
		// The output file is for reading later; losing a line of it must not
		// fail a step.
		_, _ = fmt.Fprintf(r.output, "%s %s %s\n", time.Now().UTC().Format(time.RFC3339), step, strings.Map(harmless, line))
	}
	r.mu.Unlock()
	r.broker.publish(Output{Step: step, Line: line})
}

// harmless drops control characters: the output file is read with programs
// that hand them on to the terminal (S10).
func harmless(c rune) rune {
	if unicode.IsControl(c) && c != '\t' {
		return -1
	}
	return c
}

// Summary sets the one line that says what the current step has done.
func (r *Run) Summary(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note = r.redactLocked(fmt.Sprintf(format, args...))
}

// HideSecrets adds values that must never reach a journal, a log or a screen.
func (r *Run) HideSecrets(secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// All at once: an earlier secret may be a part of a later one.
	r.secrets = append(r.secrets, secrets...)
	slices.Sort(r.secrets)
	r.secrets = slices.Compact(r.secrets)
	r.redact = redactor(r.secrets)
	r.journal.hide(r.redact)
}

// Redact takes the known secrets out of text.
func (r *Run) Redact(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.redactLocked(text)
}

func (r *Run) redactLocked(text string) string {
	if r.redact == nil {
		return text
	}
	return r.redact(text)
}

// Started reports whether the step was ever started in this run, by this
// process or an earlier one, and not taken back since.
func (r *Run) Started(step string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.states[step]
	return s != nil && s.started && !s.undone
}

// Finished reports whether the journal says that the step was done, and it
// was not taken back since.
func (r *Run) Finished(step string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.states[step]
	return s != nil && s.done && !s.undone
}

// Path is a path inside the run's own folder.
func (r *Run) Path(elem ...string) string {
	return filepath.Join(append([]string{r.Dir}, elem...)...)
}

// Ask opens a gate and waits for its answer. A gate that was answered earlier
// in this run, with the same question, is not asked again.
func (r *Run) Ask(ctx context.Context, gate Gate) (Answer, error) {
	step := r.current()
	digest, err := gate.digest()
	if err != nil {
		return Answer{}, err
	}
	r.mu.Lock()
	earlier, ok := r.answers[gate.ID]
	r.mu.Unlock()
	if ok && earlier.Digest == digest && gate.Validate(earlier.Answer) == nil {
		r.broker.publish(GateAnswered{Step: step, Gate: gate.ID, Answer: earlier.Answer, Earlier: true})
		return earlier.Answer, nil
	}
	reply, err := r.gates.open(gate)
	if err != nil {
		return Answer{}, errors.Join(ctx.Err(), err)
	}
	r.broker.publish(GateOpened{Step: step, Gate: gate.shown(r.Redact)})
	defer r.gates.close(gate.ID)
	select {
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	case got := <-reply:
		if got.err != nil {
			return Answer{}, got.err
		}
		entry := answered{Gate: gate.ID, Digest: digest, Answer: got.answer}
		if err := r.journal.Append(step, entryAnswer, entry); err != nil {
			return Answer{}, err
		}
		r.mu.Lock()
		r.answers[gate.ID] = entry
		r.mu.Unlock()
		r.broker.publish(GateAnswered{Step: step, Gate: gate.ID, Answer: got.answer})
		return got.answer, nil
	}
}

func (r *Run) current() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.step
}

func (r *Run) state(step string) *stepState {
	s := r.states[step]
	if s == nil {
		s = &stepState{}
		r.states[step] = s
	}
	return s
}

// stateOf returns a copy, for those that do not hold the lock.
func (r *Run) stateOf(step string) stepState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.state(step)
}
