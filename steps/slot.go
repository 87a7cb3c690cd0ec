package steps

import (
	"encoding/json"
	"fmt"
)

// Slot is a named, typed place in a run's record: what one step learned and
// later steps, a resumed run and the report need. Secrets do not belong here.
type Slot[T any] struct{ name string }

// NewSlot names a slot. Names are unique within a flow.
func NewSlot[T any](name string) Slot[T] { return Slot[T]{name: name} }

// Set records a value; it is in the journal, on the disk, when Set returns.
func (s Slot[T]) Set(r *Run, value T) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("recording %s: %w", s.name, err)
	}
	entry := record{Key: s.name}
	var secret bool
	if entry.Value, secret, err = redactJSON(raw, r.Redact); err != nil {
		return fmt.Errorf("recording %s: %w", s.name, err)
	}
	if secret {
		if entry.Exact, err = keepExact(r.Dir, raw); err != nil {
			return fmt.Errorf("recording %s: %w", s.name, err)
		}
	}
	step := r.current()
	if err := r.journal.Append(step, entryRecord, entry); err != nil {
		return err
	}
	r.mu.Lock()
	r.slots[s.name] = raw
	r.mu.Unlock()
	r.broker.publish(Learned{Step: step, Key: s.name, Value: entry.Value})
	return nil
}

// Get returns the recorded value and whether there is one.
func (s Slot[T]) Get(r *Run) (T, bool) {
	var value T
	r.mu.Lock()
	raw, ok := r.slots[s.name]
	r.mu.Unlock()
	if !ok || json.Unmarshal(raw, &value) != nil {
		return value, false
	}
	return value, true
}

// Need is Get for a value that an earlier step must have recorded.
func (s Slot[T]) Need(r *Run) (T, error) {
	value, ok := s.Get(r)
	if !ok {
		return value, fmt.Errorf("the run has no record of %q; an earlier step did not finish", s.name)
	}
	return value, nil
}

// Find reads a slot out of a journal's lines.
func (s Slot[T]) Find(lines []Line) (T, bool) {
	var value T
	found := false
	for _, line := range lines {
		rec, ok := recordOf(line)
		if !ok || rec.Key != s.name {
			continue
		}
		var next T
		found = json.Unmarshal(rec.Value, &next) == nil
		value = next
	}
	return value, found
}
