// Package lock lets one run work on a project at a time. The lock is a file
// lock, which the kernel drops with its holder, plus an owner record, which
// says who holds it and lets a dead owner be told from a live one.
package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// Owner says who holds, or last held, a lock.
type Owner struct {
	Host   string    `json:"host"`
	BootID string    `json:"boot_id"`
	PID    int       `json:"pid"`
	Start  uint64    `json:"start"` // start time of PID in clock ticks since boot
	Since  time.Time `json:"since"`
	Run    string    `json:"run,omitempty"`
}

// BusyError says that a live owner holds the lock.
type BusyError struct{ Owner Owner }

func (e *BusyError) Error() string {
	if e.Owner.PID == 0 {
		return "another bunnyhop works on this project" // it is about to write, or has just emptied, its record
	}
	return fmt.Sprintf("another bunnyhop (pid %d on %s, since %s) works on this project",
		e.Owner.PID, e.Owner.Host, e.Owner.Since.Local().Format("15:04:05"))
}

// Lock is a held lock.
type Lock struct {
	file  *flock.Flock
	path  string
	Taken *Owner // the dead owner this lock was taken over from, if any
}

// Self describes this process as an owner.
func Self(run string) (Owner, error) {
	host, err := os.Hostname()
	if err != nil {
		return Owner{}, fmt.Errorf("reading the host name: %w", err)
	}
	info, err := process.Stat(os.Getpid())
	if err != nil {
		return Owner{}, fmt.Errorf("reading own start time: %w", err)
	}
	return Owner{
		Host: host, BootID: process.BootID(), PID: info.PID, Start: info.Start,
		Since: time.Now().UTC().Truncate(time.Second), Run: run,
	}, nil
}

// Alive reports whether the owner still runs on this host and boot. An owner
// of another host cannot be seen from here and counts as alive.
func (o Owner) Alive() bool {
	if o.PID == 0 {
		return false
	}
	host, err := os.Hostname()
	if err != nil || host != o.Host {
		return true
	}
	if o.BootID != process.BootID() {
		return false
	}
	info, err := process.Stat(o.PID)
	return err == nil && info.Start == o.Start
}

// holds reports whether the owner may still be at work although self got the
// file lock. A file lock does not reach across hosts that share a home
// folder; the record does. Under one kernel, which the boot id names, it
// reaches every container, so there a free one proves that the owner is gone,
// whatever the host was called then.
func (o Owner) holds(self Owner) bool {
	if self.BootID != "" && o.BootID == self.BootID && (o.Host != self.Host || o.PID == self.PID) {
		return false
	}
	return o.Alive()
}

// Acquire takes the lock in dir for a run. A live owner is refused with a
// *fault.Error of code Busy around a *BusyError; a dead one is taken over and
// reported in Lock.Taken.
func Acquire(dir, run string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	l := &Lock{file: flock.New(filepath.Join(dir, "lock")), path: filepath.Join(dir, "owner.json")}
	held, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	last, readErr := l.owner()
	if !held {
		return nil, busy(last)
	}
	self, err := Self(run)
	if err != nil {
		return nil, errors.Join(err, l.file.Unlock())
	}
	if readErr == nil && last.PID != 0 {
		if last.holds(self) {
			return nil, errors.Join(busy(last), l.file.Unlock())
		}
		l.Taken = &last
	}
	if err := l.write(self); err != nil {
		return nil, errors.Join(err, l.file.Unlock())
	}
	return l, nil
}

// Holder returns the live owner of the lock in dir, or nil when nobody holds
// it. It changes nothing.
func Holder(dir string) (*Owner, error) {
	l := &Lock{path: filepath.Join(dir, "owner.json")}
	owner, err := l.owner()
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !owner.Alive() {
		return nil, nil
	}
	return &owner, nil
}

// Release gives the lock up. The owner record is emptied first, so that a
// crash in between reads as "nobody".
func (l *Lock) Release() error {
	return errors.Join(l.write(Owner{}), l.file.Unlock())
}

func (l *Lock) owner() (Owner, error) {
	var o Owner
	data, err := os.ReadFile(l.path)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return o, fmt.Errorf("reading %s: %w", l.path, err)
	}
	return o, nil
}

func (l *Lock) write(o Owner) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(l.path, data, 0o600, renameio.WithTempDir(filepath.Dir(l.path))); err != nil {
		return fmt.Errorf("writing the lock's owner: %w", err)
	}
	return nil
}

func busy(o Owner) error {
	return fault.Wrap(&BusyError{Owner: o}, "", "wait for it to end, or watch it with `bunnyhop runs`").
		WithCode(fault.Busy)
}
