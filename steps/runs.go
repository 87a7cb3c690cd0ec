package steps

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bunnyhop/internal/lock"
	"bunnyhop/internal/state"
)

// Summary is what a journal says of its run.
type Summary struct {
	ID      string     `json:"run"`
	Flow    string     `json:"flow"`
	Root    string     `json:"project"`
	Dir     string     `json:"dir"`
	Started time.Time  `json:"started"`
	Last    time.Time  `json:"last"`
	Status  Status     `json:"status"`
	Step    string     `json:"step,omitempty"` // the last step that was started
	Error   string     `json:"error,omitempty"`
	Owner   lock.Owner `json:"owner"`
	// Touched is set when the cutover was begun and neither finished nor taken
	// back: the project needs this run.
	Touched bool `json:"touched"`
	// RollingBack is set when taking back was begun and not finished.
	RollingBack bool `json:"rolling_back,omitempty"`
	// Damaged says why the journal cannot be read.
	Damaged string         `json:"damaged,omitempty"`
	Data    map[string]any `json:"data,omitempty"`

	lines []Line
}

// Lines returns the journal's lines.
func (s Summary) Lines() []Line { return s.lines }

// Runs lists the runs of the project in root, newest first.
func Runs(root string) ([]Summary, error) {
	dir, err := state.ProjectDir(root)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(dir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing runs: %w", err)
	}
	var all []Summary
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		runDir := filepath.Join(dir, "runs", entry.Name())
		lines, err := ReadJournal(filepath.Join(runDir, "journal.jsonl"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a crash before the first line: nothing was done
		}
		s := Summary{ID: entry.Name(), Dir: runDir, Root: root, lines: lines}
		if err != nil {
			s.Damaged, s.Status, s.Touched = err.Error(), NeedsPerson, true
		} else if len(lines) == 0 {
			continue
		} else {
			s.read()
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Summary) int { return b.Started.Compare(a.Started) })
	return all, nil
}

// Unfinished returns the newest run of the project that has not come to an
// end, or nil. A run that has touched the project comes before any other.
func Unfinished(root string) (*Summary, error) {
	all, err := Runs(root)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Touched {
			return &all[i], nil
		}
	}
	// Only the newest can be worth going on with: an older one that changed
	// nothing was left behind on purpose.
	if len(all) > 0 && !all[0].Status.Final() {
		return &all[0], nil
	}
	return nil, nil
}

func (s *Summary) read() {
	s.Status = Running
	cutover := map[string]bool{}
	done := false
	for _, line := range s.lines {
		s.Last = line.Time
		switch line.Event {
		case entryRun, entryOwner:
			var data struct {
				Start map[string]string `json:"start"`
				Owner lock.Owner        `json:"owner"`
			}
			_ = json.Unmarshal(line.Data, &data)
			s.Owner, s.Status = data.Owner, Running
			if line.Event == entryRun {
				s.Started, s.Flow, s.Root = line.Time, data.Start["flow"], data.Start["root"]
			}
		case entryStart:
			s.Step = line.Step
			var data struct {
				Phase Phase `json:"phase"`
			}
			_ = json.Unmarshal(line.Data, &data)
			if data.Phase == Cutover {
				cutover[line.Step] = true
			}
		case entryFailed:
			var data StepFailed
			_ = json.Unmarshal(line.Data, &data)
			s.Error = data.Error
		case entryUndo:
			// Even a run that was done needs to be finished from here on.
			s.RollingBack, done = true, false
		case entryUndone:
			delete(cutover, line.Step)
		case entryFinish:
			var data Result
			_ = json.Unmarshal(line.Data, &data)
			s.Status, s.Error, s.Data = data.Status, data.Error, data.Data
			done = data.Status == Done
			if data.Status.Final() {
				s.RollingBack = false
			}
		}
	}
	s.Touched = len(cutover) > 0 && !done
	if s.Status == Running && !s.Owner.Alive() {
		s.Status = Interrupted
	}
}

// replay rebuilds a run's record from its journal.
func (r *Run) replay(lines []Line) {
	for _, line := range lines {
		switch line.Event {
		case entryStart:
			s := r.state(line.Step)
			*s = stepState{started: true, summary: s.summary}
		case entryDone:
			var data StepDone
			_ = json.Unmarshal(line.Data, &data)
			s := r.state(line.Step)
			s.done, s.failed, s.failure, s.summary = true, false, "", data.Summary
		case entryFailed:
			var data StepFailed
			_ = json.Unmarshal(line.Data, &data)
			r.state(line.Step).fail(data.Error)
		case entryUndo:
			r.state(line.Step).undoing = true
		case entryUndone:
			r.state(line.Step).undone = true
		case entryRecord:
			if rec, ok := recordOf(line); ok {
				r.slots[rec.Key] = rec.Value
				r.replayed = append(r.replayed, learnedOf(line))
			}
		case entryAnswer:
			var data answered
			if json.Unmarshal(line.Data, &data) == nil {
				r.answers[data.Gate] = data
			}
		}
	}
}
