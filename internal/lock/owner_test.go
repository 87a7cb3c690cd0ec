package lock_test

import (
	"os"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/lock"
	"bunnyhop/internal/process"
)

// living describes a live process other than this one.
func living(t *testing.T) lock.Owner {
	t.Helper()
	c := startChild(t, "")
	info, err := process.Stat(c.pid())
	if err != nil {
		t.Fatal(err)
	}
	o := self(t)
	o.PID, o.Start = info.PID, info.Start
	return o
}

func TestWhoCountsAsAlive(t *testing.T) {
	for _, test := range []struct {
		name  string
		owner func() lock.Owner
		alive bool
	}{
		{"nobody", func() lock.Owner { return lock.Owner{} }, false},
		{"this process", func() lock.Owner { return self(t) }, true},
		{"another process", func() lock.Owner { return living(t) }, true},
		{"its number, but another start", func() lock.Owner { o := living(t); o.Start--; return o }, false},
		{"its number and start, but another boot", func() lock.Owner { o := living(t); o.BootID = "x"; return o }, false},
		{"a process that ended", func() lock.Owner {
			o := self(t)
			c := startChild(t, "")
			o.PID = c.pid()
			c.kill()
			return o
		}, false},
		{"another host, which cannot be seen", func() lock.Owner { o := living(t); o.Host, o.BootID = "elsewhere", "x"; return o }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := test.owner()
			if got := o.Alive(); got != test.alive {
				t.Errorf("alive %v, want %v: %+v", got, test.alive, o)
			}
		})
	}
}

// The file lock is free in all of these; the record says what was left.
func TestWhatIsLeftIsTakenOverOrRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		owner func(t *testing.T) lock.Owner
		taken bool
	}{
		{"same number, other start", func(t *testing.T) lock.Owner { o := living(t); o.Start--; return o }, true},
		{"other boot", func(t *testing.T) lock.Owner { o := living(t); o.BootID = "x"; return o }, true},
		{"this process, which gave it up by force", self, true},
		// The file lock does not reach the other host; its record does.
		{"other host", func(t *testing.T) lock.Owner { o := living(t); o.Host, o.BootID = "elsewhere", "x"; return o }, false},
		{"other host, this process's number", func(t *testing.T) lock.Owner {
			o := self(t)
			o.Host, o.BootID = "elsewhere", "x"
			return o
		}, false},
		{"alive here", living, false},
		// A container that was made anew, or a host that was renamed: one
		// kernel has one boot id, and its file locks reach all of it.
		{"other host name, same boot", func(t *testing.T) lock.Owner {
			o := self(t)
			o.Host, o.PID = "old-name", 1
			return o
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			o := test.owner(t)
			left(t, dir, o)
			held, err := lock.Acquire(dir, "run-1")
			if !test.taken {
				if fault.CodeOf(err) != fault.Busy {
					t.Fatalf("got %v", err)
				}
				if now := owner(t, dir); now != o {
					t.Errorf("the record was changed to %+v", now)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer release(t, held)
			if held.Taken == nil || *held.Taken != o {
				t.Errorf("taken over from %+v, want %+v", held.Taken, o)
			}
			if now := owner(t, dir); now.PID != os.Getpid() {
				t.Errorf("owner %+v", now)
			}
		})
	}
}

// A refusal must not keep the file lock.
func TestRefusalLeavesTheLockFree(t *testing.T) {
	dir := t.TempDir()
	o := living(t)
	left(t, dir, o)
	if _, err := lock.Acquire(dir, "run-1"); fault.CodeOf(err) != fault.Busy {
		t.Fatalf("got %v", err)
	}
	left(t, dir, lock.Owner{})
	release(t, acquire(t, dir))
}
