package tui

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
)

// toMany drives an upgrade up to a check with many findings, without blockers
// unless they are wanted.
func toMany(t *testing.T, blockers bool) (*driver, *script, steps.Gate) {
	t.Helper()
	s := newScript()
	gate := manyFindings()
	if !blockers {
		gate.Findings = gate.Findings[advisory.Count(gate.Findings, advisory.Blocker):]
	}
	s.findings = &gate
	d := drive(t, s.options(project(t)))
	d.Sees("Upgrade to").Press("enter").Sees("Which version?").Press("enter").Sees("What changes between")
	return d, s, gate
}

// TestWarningsAreAcknowledgedInARow: a key for each, and none in between.
func TestWarningsAreAcknowledgedInARow(t *testing.T) {
	d, s, gate := toMany(t, false)
	var want []string
	for _, f := range gate.Findings {
		if f.Severity == advisory.Warning {
			want = append(want, f.ID)
		}
	}
	if len(want) < 8 {
		t.Fatalf("the sample has %d warnings", len(want))
	}
	d.Press("space").Sees(plural(len(want)-1, "", "warnings to acknowledge"))
	d.Press("up", "space").Sees(plural(len(want), "", "warnings to acknowledge")) // taken back
	for range want {
		d.Press("space")
	}
	d.Sees("all said; enter goes on").Press("]").Sees("]: all is said").Press("enter").Sees("4 to decide")
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(want, s.answered["check"].Acknowledged); diff != "" {
		t.Errorf("acknowledged (-want +got):\n%s", diff)
	}
}

func TestUncertainNotesAreFolded(t *testing.T) {
	d, _, gate := toMany(t, true)
	hidden := ""
	for _, f := range gate.Findings {
		if f.Uncertain && f.Severity == advisory.Note {
			hidden = f.ID
			break
		}
	}
	d.Press("end").Sees("▸ 10 that cannot be told from here", "to be acknowledged.")
	d.Press("space").Sees("space: this is a group")
	d.Press("enter").Sees("▾ 10 that cannot be told").Press("down").Sees(hidden, "what to look at", "who is affected")
	d.Press("left").Sees("▸ 10 that cannot be told").Gone("who is affected")
	d.Press("right").Sees("▾ 10 that cannot be told").Press("h").Sees("▸ 10 that")
}

// TestOpenFindingsAreWalked: ] and [ go around what is in the way, into
// folded groups too.
func TestOpenFindingsAreWalked(t *testing.T) {
	d, _, gate := toMany(t, true)
	d.Sees("2 blockers in the way").Press("]").Sees(gate.Findings[1].ID + " ─")
	d.Press("]").Sees(gate.Findings[2].ID+" ─").Press("left", "space").Sees("space: this is a group")
	d.Press("up").Sees(gate.Findings[1].ID + " ─")
	d.Press("]").Sees(gate.Findings[2].ID + " ─").Press("space").Sees(gate.Findings[3].ID + " ─")
	d.Press("[").Sees(gate.Findings[1].ID + " ─").Press("enter").Sees("enter: 2 blockers in the way")
	d.Press("?").Sees("bunnyhop check --to 11.17.4 --markdown")
}
