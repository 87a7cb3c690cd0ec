package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// at is a time a number of seconds after the beginning.
func at(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }

func newTestPlain() (*plain, *bytes.Buffer) {
	var out bytes.Buffer
	p := newPlain(&app{output: &output{w: &out}, flags: globalFlags{project: "."}})
	p.Event(steps.RunStarted{Run: "r1", Title: "Upgrade", Project: "/srv/blog", Steps: []steps.StepInfo{
		{ID: "backup", Title: "Back up"}, {ID: "switch", Title: "Switch", Phase: steps.Cutover},
	}}, at(0))
	p.Event(steps.StepStarted{Step: "backup", Title: "Back up"}, at(0))
	out.Reset()
	return p, &out
}

func TestHeartbeat(t *testing.T) {
	p, out := newTestPlain()
	for s := range 41 {
		p.Tick(at(float64(s)))
	}
	want := `        still working on "Back up", 10 s
        still working on "Back up", 20 s
        still working on "Back up", 30 s
        still working on "Back up", 40 s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A line of any kind puts the heartbeat off; a question that is open needs
// none, nor does a step that has ended.
func TestHeartbeatOnlyWhenSilent(t *testing.T) {
	p, out := newTestPlain()
	p.Event(steps.Progress{Step: "backup", Label: "database", Unit: progress.Bytes, Done: 5e6, Total: 10e6}, at(6))
	p.Tick(at(12))
	p.Event(steps.GateOpened{Step: "backup", Gate: steps.Gate{ID: "g", Kind: steps.GateConfirm, Title: "Sure?", Confirm: "blog"}}, at(13))
	out.Reset()
	p.Tick(at(60))
	p.Event(steps.GateAnswered{Step: "backup", Gate: "g", Answer: steps.Answer{Confirm: "blog"}}, at(61))
	p.Event(steps.StepDone{Step: "backup", Summary: "10 MB"}, at(62))
	out.Reset()
	p.Tick(at(100))
	if out.Len() > 0 {
		t.Errorf("unexpected: %s", out)
	}
}

// Removing a large folder after the last step takes seconds: that is told at
// once. What a step is asked before it is done again is none of that.
func TestClearingUpIsTold(t *testing.T) {
	p, out := newTestPlain()
	p.Event(steps.StepDone{Step: "backup", Summary: "10 MB"}, at(1))
	p.Event(steps.Progress{Step: "switch", Label: "verify", Unit: progress.Bytes, Done: 1, Total: 2}, at(1))
	out.Reset()
	p.Event(steps.Progress{Step: "backup", Label: "removing the old code", Unit: progress.Steps}, at(1))
	p.Event(steps.Progress{Step: "backup", Label: "removing the old code", Unit: progress.Steps}, at(2))
	p.Tick(at(8))
	p.Tick(at(12))
	p.Event(steps.RunFinished{}, at(13))
	p.Tick(at(60))
	want := `        clearing up: removing the old code
        still removing the old code
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProgressLinesAreRare(t *testing.T) {
	p, out := newTestPlain()
	for i := range 200 {
		p.Event(steps.Progress{Step: "backup", Label: "files", Unit: progress.Files, Done: int64(i), Total: 200}, at(float64(i)/10))
	}
	if n := strings.Count(out.String(), "\n"); n > 4 || n < 3 {
		t.Errorf("%d lines in 20 s:\n%s", n, out)
	}
}

func TestUndoIsShown(t *testing.T) {
	p, out := newTestPlain()
	p.Event(steps.StepFailed{Step: "switch", Error: "no \x1b[31mway"}, at(1))
	p.Event(steps.UndoStarted{Step: "switch"}, at(2))
	p.Event(steps.UndoDone{Step: "switch"}, at(3))
	want := `        FAILED: no way
[ 2/2] Switch - taking it back
        taken back (1.0 s)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResultLines(t *testing.T) {
	a := &app{flags: globalFlags{project: "/srv/blog"}}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	upgrade := map[string]any{"from": "10.13.4", "to": "11.17.4", "backup": "/b/1", "downtime_seconds": 14.2}
	tests := []struct {
		name   string
		result steps.Result
		want   []string
	}{
		{
			"done",
			steps.Result{Flow: flowUpgrade, Run: "r1", Status: steps.Done, Data: upgrade},
			[]string{"Directus 11.17.4 is installed and proved; the server is stopped, as it was before · downtime 14.2 s · backup /b/1 · go back with: bunnyhop rollback --project /srv/blog"},
		},
		{
			"dry run",
			steps.Result{Flow: flowDryRun, Run: "r1", Status: steps.Done, Data: map[string]any{"to": "11.17.4", "backup": "/b/1"}},
			[]string{"Directus 11.17.4 was rehearsed; nothing of the project was changed · backup /b/1 · do it with: bunnyhop upgrade --to 11.17.4 --project /srv/blog"},
		},
		{
			"failed before the cutover",
			steps.Result{Flow: flowUpgrade, Run: "r1", Status: steps.Failed, Step: "stage", Error: "npm died", State: "the project is as it was", Hint: "`bunnyhop resume` tries again", Code: fault.Failed},
			[]string{"Failed at stage: npm died", "State: the project is as it was.", "Next: `bunnyhop resume --project /srv/blog` tries again", "What was done: bunnyhop runs r1 --project /srv/blog"},
		},
		{
			"cannot be put back",
			steps.Result{Flow: flowUpgrade, Run: "r1", Status: steps.NeedsPerson, Step: "migrate", Error: "x", UndoError: "y", Manual: []string{"mv a b"}, Code: fault.NeedsPerson},
			[]string{"Failed at migrate: x", "Putting back failed too: y", "By hand, in this order:", "  mv a b", "What was done: bunnyhop runs r1 --project /srv/blog"},
		},
		{
			"rolled back as asked for", askedFor(steps.Result{Flow: flowUpgrade, Run: "r1", Status: steps.RolledBack, Error: "rolling back was asked for", State: "everything was put back", Code: fault.RolledBack}),
			[]string{"Rolled back.", "State: everything was put back.", "What was done: bunnyhop runs r1 --project /srv/blog"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, a.resultLines(test.result)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFront(t *testing.T) {
	tests := []struct {
		name     string
		terminal bool
		term     string
		flags    globalFlags
		quiet    bool
		want     front
	}{
		{"a terminal", true, "xterm", globalFlags{}, false, frontScreen},
		{"no terminal", false, "xterm", globalFlags{}, false, frontPlain},
		{"--plain on a terminal asks", true, "xterm", globalFlags{plain: true}, false, frontAsk},
		{"--plain without a terminal", false, "xterm", globalFlags{plain: true}, false, frontPlain},
		{"--plain --yes asks nothing", true, "xterm", globalFlags{plain: true, yes: true}, false, frontPlain},
		{"a dumb terminal", true, "dumb", globalFlags{}, false, frontAsk},
		{"--yes", true, "xterm", globalFlags{yes: true}, false, frontPlain},
		{"--json", true, "xterm", globalFlags{json: true}, false, frontJSON},
		{"--json --plain", true, "xterm", globalFlags{json: true, plain: true}, false, frontJSON},
		{"a dry run asks nothing", true, "xterm", globalFlags{}, true, frontPlain},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := &app{terminal: test.terminal, environ: []string{"TERM=" + test.term}, flags: test.flags}
			if got := a.front(test.quiet); got != test.want {
				t.Errorf("front %d, want %d", got, test.want)
			}
		})
	}
}
