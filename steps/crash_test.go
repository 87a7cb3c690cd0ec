package steps_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// setUp makes the live project of a plan in a folder of its own.
func (p *crashPlan) setUp(t T, dir string) {
	t.Helper()
	root, err := os.MkdirTemp(dir, "project-")
	if err != nil {
		t.Fatalf("%v", err)
	}
	p.Root, p.Ledger = root, root+"-ledger"
	for _, s := range p.Steps {
		s.plan = p
		if s.Phase != steps.Cutover {
			continue
		}
		if err := os.WriteFile(s.live(), []byte(s.oldText()), 0o600); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// wants checks the end: every live file is new or every one is old, nothing
// between, and the run is over and stands in no one's way.
func (p *crashPlan) wants(t T, code fault.Code, got int, said string) {
	t.Helper()
	if got != int(code) {
		t.Fatalf("exit code %d, want %d: %s\n%s", got, code, said, strings.Join(p.ledger(), "\n"))
	}
	want := 0
	for _, s := range p.Steps {
		s.plan = p
		if s.Phase != steps.Cutover {
			continue
		}
		want++
		text := s.oldText()
		if code == fault.Done {
			text = s.newText()
		}
		if live := read(s.live()); live != text {
			t.Errorf("%s is %q at the end, want %q", s.ID, live, text)
		}
	}
	if files, err := os.ReadDir(p.Root); err != nil || len(files) != want {
		t.Errorf("%d files in the project, want %d (%v)", len(files), want, err)
	}
	if open, err := steps.Unfinished(p.Root); open != nil || err != nil {
		t.Errorf("unfinished: %+v, %v", open, err)
	}
	all, err := steps.Runs(p.Root)
	if err != nil || len(all) != 1 || all[0].Damaged != "" {
		t.Fatalf("runs %+v, %v", all, err)
	}
	if left, err := filepath.Glob(filepath.Join(all[0].Dir, "work-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
	p.wantsLedger(t)
	p.wantsOneAttempt(t, all[0].Lines())
}

// wantsLedger checks the order of the work: a step of the cutover is done
// again only after it was taken back.
func (p *crashPlan) wantsLedger(t T) {
	t.Helper()
	cutover, torn := map[string]bool{}, map[string]bool{}
	for _, s := range p.Steps {
		cutover[s.ID] = s.Phase == steps.Cutover
	}
	for i, line := range p.ledger() {
		what, id, _ := strings.Cut(line, " ")
		if what == "disorder:" {
			t.Errorf("ledger line %d: %s", i+1, line)
		}
		if what == "do" && cutover[id] && torn[id] {
			t.Errorf("ledger line %d: %s was done over its own rest", i+1, id)
		}
		if what == "do" || what == "undo" {
			torn[id] = what == "do"
		}
	}
}

// wantsOneAttempt checks that what failed was not simply begun again (S13).
func (p *crashPlan) wantsOneAttempt(t T, lines []steps.Line) {
	t.Helper()
	failed := map[string]bool{}
	for _, line := range lines {
		if line.Event == "step_started" && failed[line.Step] {
			t.Errorf("journal line %d: %s failed and was begun again", line.Seq, line.Step)
		}
		failed[line.Step] = failed[line.Step] || line.Event == "step_failed"
	}
}

// end is how the plan has to end when nobody takes it back.
func (p *crashPlan) end() fault.Code {
	for _, s := range p.Steps {
		if s.Fails {
			return fault.RolledBack
		}
	}
	return fault.Done
}

// runs starts the plan in a process of its own and waits for its end.
func (p *crashPlan) runs(t T) (code int, said string) {
	t.Helper()
	return spawn(t, "crash", *p).wait(t)
}

func sample(fails string) []crashStep {
	all := []crashStep{
		{ID: "inspect", Phase: steps.Prepare},
		{ID: "choose", Phase: steps.Prepare, Asks: true},
		{ID: "stop", Phase: steps.Cutover, Retriable: true},
		{ID: "switch", Phase: steps.Cutover},
		{ID: "migrate", Phase: steps.Cutover},
		{ID: "report", Phase: steps.Finish},
	}
	for i := range all {
		all[i].Fails = all[i].ID == fails
	}
	return all
}

// Every boundary of every step and the middle of every write, of a good run
// and of one that is rolled back: killed there once, it is finished by the
// next process, or taken back by it.
func TestKillAtEveryMoment(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, fails := range []string{"", "stop", "migrate"} {
		undisturbed := crashPlan{Steps: sample(fails)}
		undisturbed.setUp(t, t.TempDir())
		code, said := undisturbed.runs(t)
		undisturbed.wants(t, undisturbed.end(), code, said)
		var moments int
		if _, err := fmt.Sscanf(said, "moments %d", &moments); err != nil || moments < 20 {
			t.Fatalf("%d moments: %v", moments, err)
		}
		for at := 1; at <= moments; at++ {
			t.Run(fmt.Sprintf("%s fails, killed at %d", fails, at), func(t *testing.T) {
				t.Parallel()
				for _, back := range []bool{false, true} {
					p := crashPlan{Steps: sample(fails), KillAt: at}
					p.setUp(t, t.TempDir())
					if code, said := p.runs(t); code != -1 {
						t.Fatalf("it was not killed: %d %s", code, said)
					}
					p.KillAt, p.Rollback = 0, back
					code, said := p.runs(t)
					p.wants(t, p.either(code, false), code, said)
				}
			})
		}
	}
}

// Killed at any time, not only where the program has a name for it.
func TestKillAtRandomTimes(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	killed := 0
	for i := range 50 {
		p := crashPlan{Steps: sample([]string{"", "migrate"}[i%2]), Pause: 2 * time.Millisecond}
		p.setUp(t, t.TempDir())
		child := spawn(t, "crash", p)
		time.Sleep(time.Duration(10+rand.IntN(90)) * time.Millisecond)
		child.kill(t)
		if !child.cmd.ProcessState.Exited() {
			killed++
		}
		p.Pause, p.Rollback = 0, rand.IntN(3) == 0
		code, said := p.runs(t)
		p.wants(t, p.either(code, false), code, said)
	}
	t.Logf("%d of 50 were killed before they had ended", killed)
}

func drawPlan(t *rapid.T) crashPlan {
	p := crashPlan{Pause: time.Millisecond}
	add := func(phase steps.Phase, most int, name string) {
		least := 0
		if phase == steps.Cutover {
			least = 1
		}
		for i := range rapid.IntRange(least, most).Draw(t, name) {
			p.Steps = append(p.Steps, crashStep{
				ID: fmt.Sprintf("%s%d", name, i), Phase: phase,
				Asks:      phase != steps.Cutover && rapid.Bool().Draw(t, "asks"),
				Retriable: phase == steps.Cutover && rapid.Bool().Draw(t, "retriable"),
			})
		}
	}
	add(steps.Prepare, 3, "prepare")
	add(steps.Cutover, 4, "cutover")
	add(steps.Finish, 2, "finish")
	if fails := rapid.IntRange(-2, len(p.Steps)-1).Draw(t, "fails"); fails >= 0 && p.Steps[fails].Phase == steps.Cutover {
		p.Steps[fails].Fails = true
	}
	return p
}

// Random flows are killed several times in a row, at boundaries and at random
// times, and then finished or taken back: what is left is the end of an
// undisturbed run or the state before, and nothing between.
func TestKilledRunsComeToACleanEnd(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		p.setUp(t, dir)
		tried := false // to take it back, which may or may not have begun
		for range rapid.IntRange(1, 5).Draw(t, "kills") {
			p.KillAt = rapid.IntRange(0, 7*len(p.Steps)).Draw(t, "at moment")
			p.Rollback = rapid.IntRange(0, 5).Draw(t, "rollback") == 0
			tried = tried || p.Rollback
			child := spawn(t, "crash", p)
			if p.KillAt == 0 {
				time.Sleep(time.Duration(10+rand.IntN(60)) * time.Millisecond)
				child.kill(t)
			} else if code, said := child.wait(t); code != -1 { // it ended before
				p.wants(t, p.either(code, tried), code, said)
			}
		}
		p.KillAt, p.Rollback = 0, rapid.Bool().Draw(t, "rollback at the end")
		code, said := p.runs(t)
		p.wants(t, p.either(code, tried), code, said)
	})
}

// either returns the end that the plan has to come to. One that was once told
// to roll back may have been killed before it began to.
func (p *crashPlan) either(code int, tried bool) fault.Code {
	if p.Rollback || tried && code == int(fault.RolledBack) {
		return fault.RolledBack
	}
	return p.end()
}
