package upgrade_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/testbed"
)

// disksTooSmall gives each filesystem that an upgrade writes on too little room
// (BK3). The check tells it before anything is begun; who passes that is told
// by the step, before it writes.
func disksTooSmall(t *testing.T, p *testbed.Project) {
	t.Run("backups", func(t *testing.T) {
		small := mount(t, "tmpfs", "size=1m")
		o := do(t, p, "no room for backups", task{To: target, Yes: true, Backups: small}).
			ends(fault.Blocked).failedIn("check").says("disk-space", "--override", "nothing was changed")
		lacksRoom(t, o, small, "the final backup", "the backup", "the copy of the database")
		isEmpty(t, small)
	})
	t.Run("cache", func(t *testing.T) {
		small := mount(t, "tmpfs", "size=400m") // a Node fits, the packages do not
		there := func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+small) }
		o := do(t, p, "no room in the cache", task{To: target, Yes: true}, there).ends(fault.Blocked).failedIn("check").says("disk-space")
		lacksRoom(t, o, filepath.Join(small, "bunnyhop"), "the packages of the new version in the cache")
		do(t, p, "no room in the cache, passed", task{To: target, Yes: true, Overrides: []string{"disk-space"}}, there).
			ends(fault.Failed).failedIn("stage").says("not enough space to install", filepath.Join(small, "bunnyhop"), "are free", "make room", "not touched")
	})
	t.Run("beside the project", func(t *testing.T) {
		// The run's folders are on a small disk; the rest of the project is not.
		beside := filepath.Join(p.Root, ".bunnyhop")
		switch err := os.Mkdir(beside, 0o755); {
		case err == nil:
			t.Cleanup(func() { _ = os.Remove(beside) }) // as it was
		case !os.IsExist(err):
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", beside, "tmpfs", 0, "size=64m"); err != nil {
			t.Fatalf("mounting (run the tests as root): %v", err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(beside, 0); err != nil {
				t.Error(err)
			}
		})
		o := do(t, p, "no room beside", task{To: target, Yes: true}).ends(fault.Blocked).failedIn("check").says("disk-space")
		lacksRoom(t, o, beside, "the packages of the new version beside the old ones")
		do(t, p, "no room beside, passed", task{To: target, Yes: true, Overrides: []string{"disk-space"}}).
			ends(fault.Failed).failedIn("stage").says("not enough space to install", beside, "make room", "not touched")
	})
}

// lacksRoom looks for the one finding about space.
func lacksRoom(t *testing.T, o outcome, place string, what ...string) {
	t.Helper()
	if o.started("backup") {
		t.Errorf("%s: it went on", o.name)
	}
	for _, gate := range eventsOf[steps.GateOpened](o) {
		for _, f := range gate.Gate.Findings {
			if f.ID != "disk-space" {
				continue
			}
			text := strings.Join(f.Evidence, "\n")
			for _, part := range append(what, place+": about ", " are needed, ") {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in %s", o.name, part, text)
				}
			}
			return
		}
	}
	t.Errorf("%s: there is no finding", o.name)
}
