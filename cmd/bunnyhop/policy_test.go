package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

var (
	chooseGate = steps.Gate{ID: "target", Kind: steps.GateChoose, Title: "Which version?", Choices: []steps.Choice{
		{ID: "12.4.0", Title: "12.4.0"}, {ID: "11.17.4", Title: "11.17.4", Default: true},
	}}
	noDefaultGate = steps.Gate{ID: "target", Kind: steps.GateChoose, Title: "Which version?", Choices: []steps.Choice{
		{ID: "12.4.0", Title: "12.4.0", Default: true, Disabled: "cannot be installed"},
	}}
	warningGate = steps.Gate{ID: "findings", Kind: steps.GateFindings, Title: "Findings", Findings: []advisory.Finding{
		{ID: "w1", Severity: advisory.Warning}, {ID: "n1", Severity: advisory.Note}, {ID: "w2", Severity: advisory.Warning},
	}}
	noteGate = steps.Gate{ID: "findings", Kind: steps.GateFindings, Title: "Findings", Findings: []advisory.Finding{
		{ID: "n1", Severity: advisory.Note},
	}}
	blockerGate = steps.Gate{ID: "findings", Kind: steps.GateFindings, Title: "Findings", Findings: []advisory.Finding{
		{ID: "b1", Severity: advisory.Blocker}, {ID: "w1", Severity: advisory.Warning},
	}}
	foreverGate = steps.Gate{ID: "findings", Kind: steps.GateFindings, Title: "Findings", Findings: []advisory.Finding{
		{ID: "b1", Severity: advisory.Blocker, NeverOverridable: true},
	}}
	reviewGate = steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Changes: []change.Change{
		{ID: "migration", Locked: "part of the upgrade"},
		{ID: "package", Recommended: true},
		{ID: "lock", Recommended: true, Requires: []string{"package"}},
		{ID: "extra"},
	}}
	confirmGate = steps.Gate{ID: "confirm", Kind: steps.GateConfirm, Title: "Restore?", Confirm: "blog", Destructive: true}
)

func TestPolicyAnswers(t *testing.T) {
	yes := Policy{Yes: true}
	tests := []struct {
		name   string
		policy Policy
		gate   steps.Gate
		want   steps.Answer
		code   fault.Code
	}{
		{"choose without --yes", Policy{}, chooseGate, steps.Answer{}, fault.Unanswered},
		{"choose with --yes", yes, chooseGate, steps.Answer{Choice: "11.17.4"}, fault.Done},
		{"choose with nothing recommended", yes, noDefaultGate, steps.Answer{}, fault.Unanswered},
		{"destructive choose with --yes", yes, destructive(chooseGate), steps.Answer{}, fault.Unanswered},
		{"warnings without --yes", Policy{}, warningGate, steps.Answer{}, fault.Unanswered},
		{"warnings with --yes", yes, warningGate, steps.Answer{Acknowledged: []string{"w1", "w2"}}, fault.Done},
		{"notes need no answer", Policy{}, noteGate, steps.Answer{}, fault.Done},
		{"--yes passes no blocker", yes, blockerGate, steps.Answer{Acknowledged: []string{"w1"}}, fault.Blocked},
		{"--override passes a blocker", Policy{Yes: true, Overrides: []string{"b1"}}, blockerGate, steps.Answer{Overrides: []string{"b1"}, Acknowledged: []string{"w1"}}, fault.Done},
		{"--override acknowledges nothing", Policy{Overrides: []string{"b1"}}, blockerGate, steps.Answer{Overrides: []string{"b1"}}, fault.Unanswered},
		{"--override of another finding", Policy{Yes: true, Overrides: []string{"b2"}}, blockerGate, steps.Answer{Overrides: []string{"b2"}, Acknowledged: []string{"w1"}}, fault.Blocked},
		{"a blocker for good", Policy{Yes: true, Overrides: []string{"b1"}}, foreverGate, steps.Answer{Overrides: []string{"b1"}}, fault.Blocked},
		{"review without flags", Policy{}, reviewGate, steps.Answer{Decisions: change.Decisions{"migration": true}}, fault.Unanswered},
		{"review with --yes", yes, reviewGate, steps.Answer{Decisions: change.Decisions{"migration": true, "package": true, "lock": true, "extra": false}}, fault.Done},
		{"a rejection takes dependants along", Policy{Yes: true, Decisions: change.Decisions{"package": false}}, reviewGate, steps.Answer{Decisions: change.Decisions{"migration": true, "package": false, "lock": false, "extra": false}}, fault.Done},
		{"the file alone, complete", Policy{Decisions: change.Decisions{"package": true, "lock": false, "extra": true}}, reviewGate, steps.Answer{Decisions: change.Decisions{"migration": true, "package": true, "lock": false, "extra": true}}, fault.Done},
		{"the file alone, incomplete", Policy{Decisions: change.Decisions{"package": true}}, reviewGate, steps.Answer{Decisions: change.Decisions{"migration": true, "package": true}}, fault.Unanswered},
		{"the file names a stranger", Policy{Yes: true, Decisions: change.Decisions{"nobody": true}}, reviewGate, steps.Answer{}, fault.Usage},
		{"the file rejects what is locked", Policy{Yes: true, Decisions: change.Decisions{"migration": false}}, reviewGate, steps.Answer{}, fault.Usage},
		{"the file contradicts itself", Policy{Yes: true, Decisions: change.Decisions{"package": false, "lock": true}}, reviewGate, steps.Answer{}, fault.Usage},
		{"confirm with --yes", yes, confirmGate, steps.Answer{}, fault.Unanswered},
		{"confirm with another name", Policy{Confirm: "shop"}, confirmGate, steps.Answer{Confirm: "shop"}, fault.Unanswered},
		{"confirm with the name", Policy{Confirm: "blog"}, confirmGate, steps.Answer{Confirm: "blog"}, fault.Done},
		{"a dry run takes defaults", Policy{DryRun: true}, chooseGate, steps.Answer{Choice: "11.17.4"}, fault.Done},
		{"a dry run passes no blocker", Policy{DryRun: true}, blockerGate, steps.Answer{Acknowledged: []string{"w1"}}, fault.Blocked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.policy.Answer(test.gate)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if code := fault.CodeOf(err); code != test.code {
				t.Errorf("code %d (%v), want %d", code, err, test.code)
			}
		})
	}
}

func destructive(g steps.Gate) steps.Gate {
	g.Destructive = true
	return g
}

func TestPolicyRecoveryIsAlwaysRollback(t *testing.T) {
	gate := steps.Gate{ID: "recovery:migrate", Kind: steps.GateRecovery, Choices: []steps.Choice{
		{ID: steps.ChooseRetry, Default: true}, {ID: steps.ChooseRollback},
	}}
	for _, p := range []Policy{{}, {Yes: true}, {DryRun: true}, {Confirm: "x"}} {
		got, err := p.Answer(gate)
		if err != nil || got.Choice != steps.ChooseRollback {
			t.Errorf("%+v: %+v, %v", p, got, err)
		}
	}
}

// A review is answered with what the file says, or not at all, and an answer
// always fits the gate.
func TestPolicyReviewKeepsTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "changes")
		var changes []change.Change
		decisions := change.Decisions{}
		for i := range n {
			c := change.Change{ID: fmt.Sprint("c", i), Recommended: rapid.Bool().Draw(t, "recommended")}
			if rapid.IntRange(0, 4).Draw(t, "locked") == 0 {
				c.Locked = "locked"
			}
			if i > 0 && rapid.Bool().Draw(t, "requires") {
				c.Requires = []string{fmt.Sprint("c", rapid.IntRange(0, i-1).Draw(t, "needed"))}
			}
			if rapid.Bool().Draw(t, "decided") {
				decisions[c.ID] = rapid.Bool().Draw(t, "accept")
			}
			changes = append(changes, c)
		}
		gate := steps.Gate{ID: "review", Kind: steps.GateReview, Changes: changes}
		answer, err := Policy{Yes: true, Decisions: decisions}.Answer(gate)
		if err != nil {
			return
		}
		if err := gate.Validate(answer); err != nil {
			t.Fatalf("the answer does not fit: %v", err)
		}
		for id, want := range decisions {
			if answer.Decisions[id] != want {
				t.Fatalf("%s was decided %v by the file, the answer has %v", id, want, answer.Decisions[id])
			}
		}
	})
}
