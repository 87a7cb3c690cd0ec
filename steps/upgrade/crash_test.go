package upgrade_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sample"
	"bunnyhop/steps/testbed"
)

// everyCrash names the variable with the number of random kills of the whole
// matrix. Without it TestKilledAtRandom makes two, TestKilledAtEveryBoundary
// takes the torn state of each step of the cutover back once instead of at each
// boundary, and TestKilledWithDataModel kills where there is something to lose. The table in docs/reliability.md was
// made with BUNNYHOP_CRASHES=50.
const everyCrash = "BUNNYHOP_CRASHES"

func crashes(t *testing.T) int {
	t.Helper()
	text := os.Getenv(everyCrash)
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// crashVendor names the variable with the vendor of the database of the crash
// tests; without it, that is SQLite.
const crashVendor = "BUNNYHOP_CRASHES_ON"

func crashProject(t *testing.T) *testbed.Project {
	t.Helper()
	vendor := database.Vendor(os.Getenv(crashVendor))
	if vendor == "" {
		vendor = database.SQLite
	}
	return testbed.NewOn(t, vendor)
}

// preparing and cutting are the steps of the upgrade flow, in order.
var (
	preparing = []string{"inspect", "choose", "check", "backup", "prove", "stage", "rehearse", "review"}
	cutting   = []string{"stop", "final-backup", "switch", "migrate", "apply", "start", "verify"}
	places    = []string{"started", "worked", "done"}
)

// TestKilledAtEveryBoundary kills one upgrade at every boundary of every step,
// each time going on with what the kill left. In the cutover it also takes
// every torn state back, on a copy of the world, before it goes on.
func TestKilledAtEveryBoundary(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := crashProject(t)
	p.Serve()
	before := p.Fingerprint()
	job := "start"
	for _, step := range append(append([]string{}, preparing...), cutting...) {
		for _, place := range places {
			if step == "apply" && place == "worked" {
				continue // what it proves is true already when it is killed at its start
			}
			at := step + " " + place
			s := spawn(t, p, job, at)
			if code := s.wait(); code != -1 {
				t.Fatalf("%s %s: exited with %d instead of dying\n%s", job, at, code, s.output.String())
			}
			t.Logf("killed at %s", at)
			unharmed(t, p, before, at)
			if inCutover(step) && (place == "worked" || os.Getenv(everyCrash) != "") {
				world := snapshot(t, p)
				run(t, p, "back", fault.RolledBack)
				asBefore(t, p, before, "rolled back after "+at)
				world.restore()
			}
			job = "resume"
		}
	}
	run(t, p, "resume", fault.Done)
	upgraded(t, p, before, "after every boundary")
	run(t, p, "rollback", fault.Done)
	asBefore(t, p, before, "after the rollback")
}

// TestKilledWhileRollingBack kills the undo of a cutover at each of its
// boundaries; the next start finishes it.
func TestKilledWhileRollingBack(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := crashProject(t)
	p.Serve()
	before := p.Fingerprint()
	if code := spawn(t, p, "start", "verify worked").wait(); code != -1 {
		t.Fatalf("exited with %d instead of dying", code)
	}
	job := "back"
	for i := len(cutting) - 1; i >= 0; i-- {
		for _, place := range []string{"undoing", "undone"} {
			at := cutting[i] + " " + place
			s := spawn(t, p, job, at)
			if code := s.wait(); code != -1 {
				t.Fatalf("%s: exited with %d instead of dying\n%s", at, code, s.output.String())
			}
			job = "resume"
		}
	}
	run(t, p, "resume", fault.RolledBack)
	asBefore(t, p, before, "after the undo was killed at each of its boundaries")
}

// TestKilledAtRandom kills upgrades at random moments, then goes on or back,
// by turns.
func TestKilledAtRandom(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := crashProject(t)
	p.Serve()
	before := p.Fingerprint()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // not for secrets
	kills := 0
	for round := 0; kills < crashes(t); round++ {
		job := "start"
		for kills < crashes(t) {
			s := spawn(t, p, job, "")
			moment := killAtRandom(random, s)
			code := s.wait()
			if code == int(fault.Done) {
				break // it was quicker than the kill
			}
			if code != -1 {
				t.Fatalf("%s ended with %d\n%s", job, code, s.output.String())
			}
			kills++
			t.Logf("kill %d of %s, %s: %s", kills, job, moment, lastStep(s.output.String()))
			unharmed(t, p, before, fmt.Sprintf("kill %d", kills))
			job = "resume"
		}
		finishRound(t, p, before, round%2 == 0)
	}
}

// killAtRandom kills a process at a moment drawn by chance: half of the time
// anywhere, else within a step of the cutover, which is short and matters most.
func killAtRandom(random *rand.Rand, s *spawned) (moment string) {
	kill := func() { _ = s.cmd.Process.Kill() }
	if random.IntN(2) == 0 {
		wait := time.Duration(random.Int64N(int64(25 * time.Second)))
		time.AfterFunc(wait, kill)
		return fmt.Sprintf("after %v", wait.Round(time.Millisecond))
	}
	step := cutting[random.IntN(len(cutting))]
	wait := time.Duration(random.Int64N(int64(longest[step])))
	s.output.when("boundary "+step+" started", func() { time.AfterFunc(wait, kill) })
	return fmt.Sprintf("%v into %s", wait.Round(time.Millisecond), step)
}

// longest is about how long the steps of the cutover take.
var longest = map[string]time.Duration{
	"stop": 200 * time.Millisecond, "final-backup": 300 * time.Millisecond, "switch": 20 * time.Millisecond,
	"migrate": 9 * time.Second, "apply": 10 * time.Millisecond, "start": 8 * time.Second, "verify": time.Second,
}

// finishRound brings the project to an end state, proves it, and brings it
// back to the start.
func finishRound(t *testing.T, p *testbed.Project, before database.Fingerprint, onward bool) {
	t.Helper()
	s := spawn(t, p, map[bool]string{true: "resume", false: "back"}[onward], "")
	switch code := s.wait(); fault.Code(code) {
	case fault.Done, fault.Failed: // Failed: there was nothing left to resume
		upgraded(t, p, before, "resumed")
		run(t, p, "rollback", fault.Done)
	case fault.RolledBack:
	default:
		t.Fatalf("ended with %d\n%s", code, s.output.String())
	}
	asBefore(t, p, before, "at the end of a round")
}

func lastStep(output string) string {
	last := "before the first step"
	for line := range strings.Lines(output) {
		if strings.Contains(line, " done: ") {
			last = "after " + strings.TrimSpace(line)
		}
	}
	return last
}

func inCutover(step string) bool {
	for _, one := range cutting {
		if one == step {
			return true
		}
	}
	return false
}

// unharmed says that nothing is lost right after a kill: the rows of the user
// tables are all there, unless the database is being swapped at that moment,
// which leaves the one or the other and never none.
func unharmed(t *testing.T, p *testbed.Project, before database.Fingerprint, at string) {
	t.Helper()
	if lost := before.Diff(p.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Fatalf("%s: user tables changed: %v", at, lost)
	}
}

// upgraded proves that the new version runs on the same data.
func upgraded(t *testing.T, p *testbed.Project, before database.Fingerprint, when string) {
	t.Helper()
	if version, err := p.Version(); err != nil || version != target {
		t.Fatalf("%s: the server says %q, %v", when, version, err)
	}
	unharmed(t, p, before, when)
}

// asBefore proves that the old version runs and every table is as before.
func asBefore(t *testing.T, p *testbed.Project, before database.Fingerprint, when string) {
	t.Helper()
	if version, err := p.Version(); err != nil || version != sample.Version {
		t.Fatalf("%s: the server says %q, %v", when, version, err)
	}
	if lost := before.Diff(p.Fingerprint(), nil); len(lost) > 0 {
		t.Fatalf("%s: tables changed: %v", when, lost)
	}
}

// world is a copy of a project, its state and its backups, to come back to.
type world struct {
	t       *testing.T
	p       *testbed.Project
	copy    string
	running bool // the old server, which a restored world has to have again
	dump    string
}

// snapshot copies the world as a dead run left it. The server, if it runs, is
// not a part of it: it is stopped first, as after a power cut.
func snapshot(t *testing.T, p *testbed.Project) *world {
	t.Helper()
	w := &world{t: t, p: p, copy: filepath.Dir(p.Root) + "-copy"}
	version, err := p.Version()
	w.running = err == nil && version == sample.Version
	p.StopAll()
	w.clone(filepath.Dir(p.Root), w.copy)
	if p.Owner.Name != "" {
		w.dump = filepath.Join(t.TempDir(), "world.dump")
		db := p.Database()
		if _, err := db.Dump(t.Context(), w.dump, progress.Discard); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if w.running { // the run had not stopped it yet
		p.Serve()
	}
	return w
}

func (w *world) restore() {
	w.t.Helper()
	w.p.StopAll()
	dir := filepath.Dir(w.p.Root)
	if err := os.RemoveAll(dir); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(w.copy, dir); err != nil {
		w.t.Fatal(err)
	}
	if w.dump != "" {
		if err := connect.Restore(w.t.Context(), w.p.Owner, w.dump, progress.Discard); err != nil {
			w.t.Fatal(err)
		}
	}
	if w.running {
		w.p.Serve()
	}
}

// clone copies a folder. Installed packages are hard-linked: nothing changes
// such a file in place, and there are tens of thousands of them.
func (w *world) clone(from, to string) {
	w.t.Helper()
	if err := os.RemoveAll(to); err != nil {
		w.t.Fatal(err)
	}
	script := `set -e
cp -al "$1" "$2"
cd "$1"
find . -name node_modules -prune -o -type f -print0 | while IFS= read -r -d '' file; do
	rm "$2/$file"; cp -a "$file" "$2/$file"
done`
	if out, err := exec.Command("bash", "-c", script, "bash", from, to).CombinedOutput(); err != nil { //nolint:gosec,noctx // paths of the test
		w.t.Fatalf("copying the world: %v\n%s", err, out)
	}
}
