package tui

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// toReview drives an upgrade up to the review gate.
func (d *driver) toReview() *driver {
	d.t.Helper()
	d.Sees("Upgrade to 11.17.4").Press("enter")
	d.Sees("Which version?", "recommended").Press("enter")
	d.Sees("What the new version means here", "2 warnings to acknowledge").Press("space", "space")
	d.Sees("all said; enter goes on").Press("enter")
	return d.Sees("4 to decide")
}

// decideAll accepts what is recommended and rejects the rest.
func (d *driver) decideAll() *driver {
	d.t.Helper()
	d.Press("R").Sees("1 to decide", "1 change is not recommended").Press("]", "space", "space")
	return d.Sees("0 to decide", "3 accepted", "1 rejected").Press("enter")
}

func TestUpgradeGoesThrough(t *testing.T) {
	s := newScript()
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll()
	d.Sees("Upgrade done", "downtime", "21 s", "14 migrations were applied").Press("q")
	result := d.Ends(steps.Done)
	if got := result.Data["to"]; got != "11.17.4" {
		t.Errorf("to = %v", got)
	}
	var want []string
	for _, step := range s.upgrade().Steps {
		want = append(want, "do "+step.ID)
	}
	if diff := cmp.Diff(want, s.log()); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	if got := s.answered["choose"].Choice; got != "11.17.4" {
		t.Errorf("chosen: %q", got)
	}
	decisions := change.Recommended(sampleReview().Changes)
	if diff := cmp.Diff(decisions, s.answered["review"].Decisions); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func TestFirstFrameDoesNotWaitForTheProject(t *testing.T) {
	s := newScript()
	opts := s.options(project(t))
	loaded := make(chan struct{})
	opts.Load = func(context.Context) (Home, error) { <-loaded; return sampleHome(), nil }
	d := drive(t, opts)
	d.Sees("looking at the project")
	close(loaded)
	d.Sees("Upgrade to 11.17.4").Press("q")
	if result, err := d.Result(); result != nil || err != nil {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestFailedMigrationIsPutBack(t *testing.T) {
	s := newScript()
	s.fail["migrate"] = sampleFailure()
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll()
	d.Sees("Migrate the database failed", "constraint failed", "half migrated", "▌ Roll back")
	d.Press("enter") // typed before the dialog could be read: not meant for it
	d.Skip(quietTime).Press("down").Sees("▌ Try this step again").Press("enter").Sees("enter: this step is done once")
	d.Press("up", "enter").Sees("Everything was put back", "everything was put back").Press("enter")
	result := d.Ends(steps.RolledBack)
	if result.Step != "migrate" {
		t.Errorf("failed step: %q", result.Step)
	}
	undone := slices.DeleteFunc(s.log(), func(what string) bool { return !strings.HasPrefix(what, "undo ") })
	if diff := cmp.Diff([]string{"undo migrate", "undo switch", "undo final-backup", "undo stop"}, undone); diff != "" {
		t.Errorf("put back (-want +got):\n%s", diff)
	}
}

func TestFailedStartIsTriedAgain(t *testing.T) {
	s := newScript()
	s.once["start"] = errors.New("port 8055 is taken")
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll()
	d.Sees("port 8055 is taken", "▌ Roll back").Skip(quietTime).Press("down").Sees("▌ Try this step again").Press("enter")
	d.Sees("Upgrade done").Press("q")
	d.Ends(steps.Done)
}

func TestStopHereNamesTheCommands(t *testing.T) {
	s := newScript()
	s.fail["migrate"] = sampleFailure()
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll()
	d.Sees("▌ Roll back").Skip(quietTime).Press("down", "down").Sees("▌ Stop here").Press("enter")
	d.Sees("failed, and needs you", "by hand, in this order", "$ mv /srv/newsroom/node_modules").Press("q")
	if result := d.Ends(steps.NeedsPerson); len(result.Manual) != 2 {
		t.Errorf("manual: %v", result.Manual)
	}
}

func TestFailedUndoNamesTheCommands(t *testing.T) {
	s := newScript()
	s.fail["migrate"] = sampleFailure()
	s.fail["undo switch"] = errors.New("device or resource busy")
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll()
	d.Sees("▌ Roll back").Skip(quietTime).Press("enter")
	d.Sees("failed, and needs you", "taking back switch", "device or resource busy", "both states are kept", "by hand").Press("<").Sees("stuck").Press("q")
	d.Ends(steps.NeedsPerson)
}

// TestEndIsToldTwice: the last event and the closed engine both tell the end;
// what a person looks at in between stays.
func TestEndIsToldTwice(t *testing.T) {
	p := newPlayhouse(t, 100, 40, unicodeGlyphs)
	p.until("")
	result := steps.Result{Status: steps.Done}
	p.events(finished(result))
	p.press("<")
	before := ansi.Strip(p.a.View().Content)
	p.send(jobEndedMsg{result: result})
	if after := ansi.Strip(p.a.View().Content); p.a.looking == "" || after != before {
		t.Errorf("looking at %q\n%s", p.a.looking, cmp.Diff(before, after))
	}
}

func TestBlockerIsOverriddenByItsName(t *testing.T) {
	s := newScript()
	gate := sampleFindings(true)
	gate.Findings = slices.Delete(gate.Findings, 1, 2) // the one that is never overridden
	s.findings = &gate
	d := drive(t, s.options(project(t)))
	d.Sees("Upgrade to").Press("enter").Sees("Which version?").Press("enter")
	d.Sees("1 blocker in the way").Press("enter").Sees("enter: 1 blocker in the way")
	d.Press("space").Sees("space: a blocker is not acknowledged")
	d.Press("o").Type("12.0-custom").Press("enter").Sees("type 12.0-custom-permissions to override it")
	d.Type("-permissions").Press("enter").Sees("overridden").Gone("blocker in the way")
	d.Press("]", "space", "space").Sees("all said").Press("enter").Sees("4 to decide")
	want := steps.Answer{Overrides: []string{"12.0-custom-permissions"}, Acknowledged: []string{"11.0-policies", "11.0-node-22"}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(want, s.answered["check"]); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestSomeBlockersAreNeverOverridden(t *testing.T) {
	s := newScript()
	s.blocker = true
	d := drive(t, s.options(project(t)))
	d.Sees("Upgrade to").Press("enter").Sees("Which version?").Press("enter")
	d.Sees("2 blockers").Press("down").Sees("The database is newer", "cannot be overridden").Press("o").Sees("o: this one cannot be overridden")
}

func TestRejectingPushesOutWhatNeedsIt(t *testing.T) {
	s := newScript()
	d := drive(t, s.options(project(t)))
	d.toReview().Press("down").Sees("▌   ?   package-lock.json").Press("space")
	d.Sees("also accepted, since this needs it: directus", "2 accepted")
	d.Press("up", "space").Sees("also rejected, since it needs this: package-lock.json", "2 rejected")
	d.Press("d").Sees("is needed by").Press("d").Gone("is needed by")
	d.Press("up", "up").Sees("locked").Press("space").Sees("space: cannot be rejected: it comes with the version")
	d.Press("up", "up", "up", "up", "space").Sees("this is a group")
	d.Press("]").Sees("▌   ? + IP_TRUST_PROXY").Press("r").Sees("0 to decide", "4 rejected")
	d.Press("/").Type("q").Sees("nothing matches").Press("esc").Gone("nothing matches").Press("enter").Sees("Upgrade done")
	decisions := s.answered["review"].Decisions
	for id, accepted := range decisions {
		if locked := strings.HasPrefix(id, "migration:"); accepted != locked {
			t.Errorf("%s: accepted = %v", id, accepted)
		}
	}
}

func TestQuitBeforeTheCutoverCanBeResumed(t *testing.T) {
	s := newScript()
	s.hold["stage"] = make(chan struct{})
	root := project(t)
	d := drive(t, s.options(root))
	d.Sees("Upgrade to").Press("enter").Sees("Which version?").Press("enter")
	d.Sees("2 warnings").Press("space", "space").Sees("all said").Press("enter").Sees("Install beside", "running")
	d.Press("q").Sees("Nothing of the live project was changed", "▌ Keep going").Press("enter").Gone("Keep going")
	d.Press("ctrl+c").Sees("Keep going").Press("ctrl+c").Skip(quietTime).Sees("Keep going").Press("ctrl+c")
	d.Ends(steps.Interrupted)

	close(s.hold["stage"])
	open, err := steps.Unfinished(root)
	if err != nil || open == nil {
		t.Fatalf("nothing to resume: %v", err)
	}
	opts := s.options(root)
	opts.Load = func(context.Context) (Home, error) { h := sampleHome(); h.Unfinished = open; return h, nil }
	d = drive(t, opts)
	d.Sees("Go on with the unfinished upgrade", "nothing was changed").Press("enter")
	d.Sees("An unfinished upgrade", "▌ Go on").Press("down", "enter").Sees("enter: nothing was changed that could be put back").Press("up", "enter")
	d.Sees("4 to decide").decideAll().Sees("Upgrade done").Press("enter")
	d.Ends(steps.Done)
}

func TestQuitInTheCutoverPutsEverythingBack(t *testing.T) {
	s := newScript()
	s.hold["switch"] = make(chan struct{})
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll().Sees("Switch the code", "down for")
	d.Press("ctrl+c").Sees("The live project is being changed", "▌ Keep going").Press("down", "enter").Gone("Keep going")
	d.Press("q").Sees("The run is stopping").Press("esc")
	close(s.hold["switch"])
	d.Sees("Everything was put back").Press("q")
	d.Ends(steps.RolledBack)
}

func TestRollBackNeedsTheTypedName(t *testing.T) {
	s := newScript()
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobRollback}
	d := drive(t, opts)
	d.Sees("Roll back to 10.13.4?", "articles      3 rows").Type("newsroom").Press("enter").Sees("> ") // too early
	d.Skip(quietTime).Type("blog").Press("enter").Sees("this is not the name")
	d.Press("backspace", "backspace", "backspace", "backspace").Type("newsroom").Sees("> newsroom").Press("enter")
	d.Sees("Rollback done").Press("enter")
	d.Ends(steps.Done)
	if got := s.answered["confirm"].Confirm; got != "newsroom" {
		t.Errorf("confirmed with %q", got)
	}
}

func TestRollBackIsLeftByDefault(t *testing.T) {
	s := newScript()
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobRollback}
	d := drive(t, opts)
	d.Sees("Roll back to 10.13.4?").Skip(quietTime).Press("enter").Sees("Rollback stopped", "you did not confirm it").Press("enter")
	d.Ends(steps.Unanswered)
	if diff := cmp.Diff([]string{"do inspect", "do confirm"}, s.log()); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

func TestRefusedJob(t *testing.T) {
	busy := fault.New("another bunnyhop works on this project", "wait for it").WithCode(fault.Busy)
	opts := newScript().options(project(t))
	opts.Start = func(context.Context, Job) (Engine, func(context.Context) steps.Result, error) { return nil, nil, busy }
	opts.First = &Job{Kind: JobUpgrade}
	d := drive(t, opts)
	d.Sees("could not be started", "another bunnyhop", "wait for it").Press("enter")
	if _, err := d.Result(); fault.CodeOf(err) != fault.Busy {
		t.Errorf("err = %v, want the refusal", err)
	}
}

func signalSelf(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}

func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name, hold string
		signal     syscall.Signal
		want       steps.Status
	}{
		{"hangup before the cutover stops", "stage", syscall.SIGHUP, steps.Interrupted},
		{"hangup in the cutover goes on to the end", "switch", syscall.SIGHUP, steps.Done},
		{"termination before the cutover stops", "stage", syscall.SIGTERM, steps.Interrupted},
		{"termination in the cutover puts back", "switch", syscall.SIGTERM, steps.RolledBack},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript()
			s.hold[tt.hold] = make(chan struct{})
			d := drive(t, s.options(project(t)))
			d.Sees("Upgrade to").Press("enter").Sees("Which version?").Press("enter")
			d.Sees("2 warnings").Press("space", "space").Sees("all said").Press("enter")
			if tt.hold == "switch" {
				d.Sees("4 to decide").decideAll()
			}
			for !slices.Contains(s.log(), "do "+tt.hold) {
				time.Sleep(time.Millisecond)
			}
			signalSelf(t, tt.signal)
			if tt.hold == "switch" {
				// The signal has to be there before the step ends.
				for !d.signalled(tt.signal) {
					time.Sleep(time.Millisecond)
				}
				close(s.hold["switch"])
			}
			d.Ends(tt.want)
		})
	}
}

// signalled reports whether the session has taken a signal in.
func (d *driver) signalled(s syscall.Signal) bool {
	if s == syscall.SIGHUP {
		return d.ses.hungUp()
	}
	d.ses.mu.Lock()
	defer d.ses.mu.Unlock()
	return d.ses.terminated
}

// TestFactsAreTaken ties the names of the facts to the screens that show
// them: every fact that the real engine tells in an upgrade is read.
func TestFactsAreTaken(t *testing.T) {
	s := newScript()
	d := drive(t, s.options(project(t)))
	d.toReview().decideAll().Sees("Upgrade done").Press("q")
	d.Ends(steps.Done)
	f := d.probe.c.rec.facts
	for name, missing := range map[string]bool{
		"inspection": f.inspection == nil, "target": f.target == nil, "findings": f.findings == nil, "backup": f.backup == nil, "proof": f.proof == nil,
		"stage": f.stage == nil, "rehearsal": f.rehearsal == nil, "review": f.review == nil, "stop": f.stop == nil, "final backup": f.final == nil,
		"migration": f.migration == nil, "start": f.start == nil, "verification": f.verification == nil, "report": f.report == nil,
	} {
		if missing {
			t.Errorf("the fact %q was not taken", name)
		}
	}
}
