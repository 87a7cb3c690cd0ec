package lock_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/lock"
)

func acquire(t *testing.T, dir string) *lock.Lock {
	t.Helper()
	held, err := lock.Acquire(dir, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func release(t *testing.T, held *lock.Lock) {
	t.Helper()
	if err := held.Release(); err != nil {
		t.Error(err)
	}
}

// refused checks the error for a lock that is held by the process pid.
func refused(t *testing.T, dir string, pid int) lock.Owner {
	t.Helper()
	held, err := lock.Acquire(dir, "run-2")
	if err == nil {
		release(t, held)
		t.Fatal("the lock was given twice")
	}
	var busy *lock.BusyError
	if fault.CodeOf(err) != fault.Busy || !errors.As(err, &busy) || fault.HintOf(err) == "" {
		t.Fatalf("got %v, code %d, hint %q", err, fault.CodeOf(err), fault.HintOf(err))
	}
	if busy.Owner.PID != pid || !strings.Contains(err.Error(), fmt.Sprintf("pid %d on", pid)) {
		t.Errorf("got %v, want pid %d in it", err, pid)
	}
	return busy.Owner
}

func owner(t *testing.T, dir string) lock.Owner {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "owner.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o lock.Owner
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// left writes the record of an owner that never released its lock.
func left(t *testing.T, dir string, o lock.Owner) {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "owner.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func self(t *testing.T) lock.Owner {
	t.Helper()
	o, err := lock.Self("run-0")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestLockTellsItsOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b") // it is made
	held := acquire(t, dir)
	if held.Taken != nil {
		t.Errorf("taken over from %+v", held.Taken)
	}
	o := owner(t, dir)
	if o.PID != os.Getpid() || o.Run != "run-1" || o.Start == 0 || o.BootID == "" || o.Host == "" || o.Since.IsZero() || !o.Alive() {
		t.Errorf("owner %+v", o)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "owner.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %o, %v", path, info.Mode().Perm(), err)
		}
	}
	if holder, err := lock.Holder(dir); err != nil || holder == nil || holder.PID != os.Getpid() {
		t.Errorf("holder %+v, %v", holder, err)
	}
	refused(t, dir, os.Getpid())
	release(t, held)
	if holder, err := lock.Holder(dir); err != nil || holder != nil {
		t.Errorf("holder after the release: %+v, %v", holder, err)
	}
	again := acquire(t, dir)
	if again.Taken != nil {
		t.Errorf("a released lock was taken over from %+v", again.Taken)
	}
	release(t, again)
}

func TestFoldersHaveLocksOfTheirOwn(t *testing.T) {
	first, second := acquire(t, t.TempDir()), acquire(t, t.TempDir())
	release(t, first)
	release(t, second)
}

func TestLiveSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, dir)
	if o := refused(t, dir, c.pid()); o.Run != "child" {
		t.Errorf("owner %+v", o)
	}
	if holder, err := lock.Holder(dir); err != nil || holder == nil || holder.PID != c.pid() {
		t.Errorf("holder %+v, %v", holder, err)
	}
	c.end(t)
	held := acquire(t, dir)
	if held.Taken != nil {
		t.Errorf("the child had released it, but it was taken over from %+v", held.Taken)
	}
	release(t, held)
}

func TestKilledOwnerIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, dir)
	c.kill()
	if o := owner(t, dir); o.PID != c.pid() || o.Alive() {
		t.Errorf("owner %+v, alive %v", o, o.Alive())
	}
	if holder, err := lock.Holder(dir); err != nil || holder != nil {
		t.Errorf("holder %+v, %v", holder, err)
	}
	held := acquire(t, dir)
	if held.Taken == nil || held.Taken.PID != c.pid() || held.Taken.Run != "child" {
		t.Errorf("taken over from %+v", held.Taken)
	}
	refused(t, dir, os.Getpid())
	release(t, held)
}

func TestAbsentLock(t *testing.T) {
	if holder, err := lock.Holder(filepath.Join(t.TempDir(), "none")); err != nil || holder != nil {
		t.Errorf("%+v, %v", holder, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "owner.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Holder(dir); err == nil {
		t.Error("a record that cannot be read counts as nobody")
	}
	release(t, acquire(t, dir)) // the file lock is free, so nobody is there
}

// Between taking the file lock and writing its record, a holder has no name.
func TestHolderWithoutARecordIsRefusedInPlainWords(t *testing.T) {
	dir := t.TempDir()
	f := flock.New(filepath.Join(dir, "lock"))
	if ok, err := f.TryLock(); err != nil || !ok {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { _ = f.Unlock() })
	for _, record := range []bool{false, true} {
		if record {
			left(t, dir, lock.Owner{})
		}
		_, err := lock.Acquire(dir, "run-2")
		if fault.CodeOf(err) != fault.Busy || strings.Contains(err.Error(), "pid 0") {
			t.Errorf("got %v", err)
		}
	}
}
