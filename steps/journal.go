package steps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bunnyhop/internal/fault"
)

// Line is one line of a journal.
type Line struct {
	Seq   int             `json:"seq"`
	Time  time.Time       `json:"time"`
	Run   string          `json:"run"`
	Step  string          `json:"step,omitempty"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data,omitempty"`
	// Prev is the SHA-256 of the line before, in hex; empty on the first.
	Prev string `json:"prev"`

	dir string // the run's folder
}

// Journal events, beside the kinds of the Events that are journaled as such.
const (
	entryRun      = "run_started"
	entryOwner    = "owner"
	entryRecord   = "record"
	entryStart    = "step_started"
	entryDone     = "step_done"
	entryFailed   = "step_failed"
	entryAnswer   = "gate_answered"
	entryUndo     = "undo_started"
	entryUndone   = "undo_done"
	entryUndoFail = "undo_failed"
	entryFinish   = "run_finished"
	entryRepaired = "journal_repaired"
)

// Journal is an append-only file of JSON lines in a hash chain. Every line is
// on the disk when Append returns.
type Journal struct {
	file *os.File
	run  string

	mu     sync.Mutex
	seq    int
	prev   string
	size   int64 // of the whole lines, in bytes
	torn   bool  // a failed write may have left a part of a line behind them
	redact func(string) string
}

// createJournal makes a new journal; the file must not exist.
func createJournal(path, run string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return nil, fmt.Errorf("making the journal: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Journal{file: file, run: run}, nil
}

// openJournal opens a journal to go on with it. A last line that a crash cut
// short is taken off, and the journal says so.
func openJournal(path, run string) (*Journal, []Line, error) {
	lines, good, prev, err := readJournal(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return nil, nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := &Journal{file: file, run: run, seq: len(lines), prev: prev, size: good}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	if info.Size() > good {
		if err := file.Truncate(good); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("taking a torn line off the journal: %w", err), file.Close())
		}
		if err := j.Append("", entryRepaired, map[string]int64{"bytes": info.Size() - good}); err != nil {
			return nil, nil, errors.Join(err, file.Close())
		}
	}
	return j, lines, nil
}

// ReadJournal reads a journal and checks its hash chain. A last line that was
// cut short is left out.
func ReadJournal(path string) ([]Line, error) {
	lines, _, _, err := readJournal(path)
	return lines, err
}

// readJournal returns the whole lines, their length in bytes and the hash of
// the last of them.
func readJournal(path string) (lines []Line, good int64, prev string, err error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return nil, 0, "", fmt.Errorf("reading the journal: %w", err)
	}
	for len(data) > 0 {
		raw, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			break
		}
		var line Line
		if err := json.Unmarshal(raw, &line); err != nil || line.Prev != prev || line.Seq != len(lines)+1 {
			if len(rest) == 0 {
				break // the very last line was torn
			}
			return nil, 0, "", fault.Newf("the journal %s is damaged at line %d", path, len(lines)+1).
				WithHint("the lines before it are intact; the run cannot be resumed by the program, but its backup can be restored with `bunnyhop restore`").
				WithCode(fault.NeedsPerson)
		}
		sum := sha256.Sum256(raw)
		prev = hex.EncodeToString(sum[:])
		line.dir = filepath.Dir(path)
		lines = append(lines, line)
		good += int64(len(raw)) + 1
		data = rest
	}
	return lines, good, prev, nil
}

// hide sets what takes secrets out of the lines to come.
func (j *Journal) hide(redact func(string) string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.redact = redact
}

// Append writes one line and flushes it to the disk. It is safe for use by
// several goroutines.
func (j *Journal) Append(step, event string, data any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var raw json.RawMessage
	if data != nil {
		var err error
		if raw, err = encode(data, j.redact); err != nil {
			return fmt.Errorf("encoding a journal line: %w", err)
		}
	}
	line := Line{
		Seq: j.seq + 1, Time: time.Now().UTC(), Run: j.run, Step: step,
		Event: event, Data: raw, Prev: j.prev,
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encoding a journal line: %w", err)
	}
	if err := j.write(append(encoded, '\n')); err != nil {
		return err
	}
	sum := sha256.Sum256(encoded)
	j.seq, j.prev = line.Seq, hex.EncodeToString(sum[:])
	return nil
}

// write puts a whole line on the disk or none: what a full disk cut short
// would be damage in the middle once another line follows.
func (j *Journal) write(line []byte) error {
	if j.torn {
		if err := j.file.Truncate(j.size); err != nil {
			return fmt.Errorf("taking a torn line off the journal: %w", err)
		}
		j.torn = false
	}
	_, err := j.file.Write(line)
	if err != nil {
		err = fmt.Errorf("writing the journal: %w", err)
	} else if err = j.file.Sync(); err != nil {
		err = fmt.Errorf("flushing the journal: %w", err)
	}
	if err != nil {
		j.torn = j.file.Truncate(j.size) != nil
		return err
	}
	j.size += int64(len(line))
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
