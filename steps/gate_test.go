package steps_test

import (
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// verdict is one row of a validation table: the exit code that the answer
// asks for and a part of its message.
type verdict struct {
	name   string
	gate   steps.Gate
	answer steps.Answer
	code   fault.Code
	says   string
}

func judge(t *testing.T, rows []verdict) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			err := row.gate.Validate(row.answer)
			if code := fault.CodeOf(err); code != row.code {
				t.Fatalf("exit code %d (%v), want %d", code, err, row.code)
			}
			if err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %q does not say %q", err, row.says)
			}
			if err != nil && row.code != fault.Usage && fault.HintOf(err) == "" {
				t.Errorf("error %q lacks a hint", err)
			}
		})
	}
}

func TestChoiceGateTakesOneOfItsChoices(t *testing.T) {
	gate := steps.Gate{
		ID: "target", Kind: steps.GateChoose, Title: "Which version", Flag: "--to VERSION",
		Choices: []steps.Choice{
			{ID: "12", Title: "12.4.1", Disabled: "it cannot be installed", Default: true},
			{ID: "11", Title: "11.17.4", Default: true},
			{ID: "10", Title: "10.13.4"},
		},
	}
	recovery := gate
	recovery.Kind = steps.GateRecovery
	judge(t, []verdict{
		{"a choice", gate, steps.Answer{Choice: "10"}, fault.Done, ""},
		{"the default", gate, steps.Answer{Choice: gate.DefaultChoice()}, fault.Done, ""},
		{"nothing", gate, steps.Answer{}, fault.Unanswered, "Which version: nothing was chosen"},
		{"no choice of it", gate, steps.Answer{Choice: "9"}, fault.Usage, `"9" is not one of the choices`},
		{"disabled", gate, steps.Answer{Choice: "12"}, fault.Usage, "12.4.1 cannot be chosen: it cannot be installed"},
		{"another field", gate, steps.Answer{Confirm: "11"}, fault.Unanswered, "nothing was chosen"},
		{"recovery: a choice", recovery, steps.Answer{Choice: "11"}, fault.Done, ""},
		{"recovery: nothing", recovery, steps.Answer{}, fault.Unanswered, "nothing was chosen"},
		{"recovery: disabled", recovery, steps.Answer{Choice: "12"}, fault.Usage, "cannot be chosen"},
	})
	equal(t, "default", gate.DefaultChoice(), "11") // the disabled one is not it
	equal(t, "no default", steps.Gate{}.DefaultChoice(), "")
	if err := (steps.Gate{ID: "x", Kind: "riddle"}).Validate(steps.Answer{}); err == nil {
		t.Error("a gate of an unknown kind was passed")
	}
	if hint := fault.HintOf(gate.Validate(steps.Answer{})); !strings.Contains(hint, "--to VERSION") {
		t.Errorf("hint %q does not name the flag", hint)
	}
}

func TestFindingsGateBlocksAndWantsAcknowledgements(t *testing.T) {
	blocker := advisory.Finding{ID: "permissions", Severity: advisory.Blocker}
	never := advisory.Finding{ID: "newer-database", Severity: advisory.Blocker, NeverOverridable: true}
	tool := advisory.Finding{
		ID: "dump-tool", Severity: advisory.Blocker, NeverOverridable: true,
		Title: "no program dumps", Evidence: []string{"pg_dump is not installed"}, Remedy: "install postgresql-client",
	}
	warning := advisory.Finding{ID: "node", Severity: advisory.Warning}
	second := advisory.Finding{ID: "mail", Severity: advisory.Warning}
	note := advisory.Finding{ID: "news", Severity: advisory.Note}
	gate := func(findings ...advisory.Finding) steps.Gate {
		return steps.Gate{ID: "findings", Kind: steps.GateFindings, Title: "Findings", Findings: findings, Flag: "--yes"}
	}
	judge(t, []verdict{
		{"nothing found", gate(), steps.Answer{}, fault.Done, ""},
		{"notes need nothing", gate(note), steps.Answer{}, fault.Done, ""},
		{"warning", gate(warning, note), steps.Answer{}, fault.Unanswered, "not acknowledged: node"},
		{"each warning", gate(warning, second), steps.Answer{Acknowledged: []string{"mail"}}, fault.Unanswered, "not acknowledged: node"},
		{"acknowledged", gate(warning, second), steps.Answer{Acknowledged: []string{"mail", "node"}}, fault.Done, ""},
		{"an override is no acknowledgement", gate(warning), steps.Answer{Overrides: []string{"node"}}, fault.Unanswered, "node"},
		{"blocker", gate(blocker), steps.Answer{}, fault.Blocked, "blocked by permissions"},
		{"acknowledging is no override", gate(blocker), steps.Answer{Acknowledged: []string{"permissions"}}, fault.Blocked, "permissions"},
		{"overridden", gate(blocker), steps.Answer{Overrides: []string{"permissions"}}, fault.Done, ""},
		{"overridden by another id", gate(blocker), steps.Answer{Overrides: []string{"perm"}}, fault.Blocked, "permissions"},
		{"never overridable", gate(never), steps.Answer{Overrides: []string{"newer-database"}}, fault.Blocked, "newer-database"},
		{"one that can only be followed says what it is", gate(tool), steps.Answer{}, fault.Blocked, "blocked by dump-tool: no program dumps; pg_dump is not installed"},
		{"the blocker counts first", gate(warning, blocker), steps.Answer{}, fault.Blocked, "permissions"},
		{"all blockers are named", gate(blocker, never), steps.Answer{}, fault.Blocked, "permissions, newer-database"},
		{
			"the warning is left", gate(warning, blocker),
			steps.Answer{Overrides: []string{"permissions"}},
			fault.Unanswered, "node",
		},
	})
	err := gate(blocker).Validate(steps.Answer{})
	if fault.StateOf(err) != "nothing was changed" || !strings.Contains(fault.HintOf(err), "--override") {
		t.Errorf("state %q, hint %q", fault.StateOf(err), fault.HintOf(err))
	}
	if hint := fault.HintOf(gate(never).Validate(steps.Answer{})); strings.Contains(hint, "--override") {
		t.Errorf("hint %q offers what does not work", hint)
	}
}

func TestReviewGateWantsEveryChangeDecided(t *testing.T) {
	gate := steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Changes: []change.Change{
		{ID: "migration", Title: "Migration A", Locked: "the code needs it"},
		{ID: "version", Title: "Version"},
		{ID: "line", Title: "Line", Requires: []string{"version"}},
	}}
	needy := steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Changes: []change.Change{
		{ID: "migration", Title: "Migration A", Locked: "the code needs it", Requires: []string{"version"}},
		{ID: "version", Title: "Version"},
	}}
	decided := func(d change.Decisions) steps.Answer { return steps.Answer{Decisions: d} }
	judge(t, []verdict{
		{"nothing", gate, steps.Answer{}, fault.Unanswered, "2 changes are not decided: version, line"},
		{"one is missing", gate, decided(change.Decisions{"version": true}), fault.Unanswered, "1 changes are not decided: line"},
		{"all accepted", gate, decided(change.Decisions{"version": true, "line": true}), fault.Done, ""},
		{"all rejected", gate, decided(change.Decisions{"version": false, "line": false}), fault.Done, ""},
		{"locked is accepted", gate, decided(change.Decisions{"migration": true, "version": false, "line": false}), fault.Done, ""},
		{
			"locked is rejected", gate, decided(change.Decisions{"migration": false, "version": true, "line": true}),
			fault.Usage, "Migration A cannot be rejected: the code needs it",
		},
		{
			"a requirement is rejected", gate, decided(change.Decisions{"version": false, "line": true}),
			fault.Usage, "line needs version, which is rejected",
		},
		{
			"a requirement of a locked change is rejected", needy, decided(change.Decisions{"version": false}),
			fault.Usage, "migration needs version, which is rejected",
		},
		{"recommended", gate, decided(change.Recommended(gate.Changes)), fault.Done, ""},
		{"recommended with a locked one that requires", needy, decided(change.Recommended(needy.Changes)), fault.Done, ""},
	})
}

func TestConfirmGateWantsTheNameAndNothingElse(t *testing.T) {
	gate := steps.Gate{ID: "delete", Kind: steps.GateConfirm, Title: "Delete", Confirm: "blog", Destructive: true}
	judge(t, []verdict{
		{"typed", gate, steps.Answer{Confirm: "blog"}, fault.Done, ""},
		{"nothing", gate, steps.Answer{}, fault.Unanswered, `the name "blog" was not typed`},
		{"in capitals", gate, steps.Answer{Confirm: "Blog"}, fault.Unanswered, "was not typed"},
		{"a part", gate, steps.Answer{Confirm: "blo"}, fault.Unanswered, "was not typed"},
		{"with space", gate, steps.Answer{Confirm: "blog "}, fault.Unanswered, "was not typed"},
		{"yes", gate, steps.Answer{Choice: "yes"}, fault.Unanswered, "was not typed"},
		{
			"everything else", gate, steps.Answer{
				Choice: "blog", Acknowledged: []string{"delete"}, Overrides: []string{"delete"}, Decisions: change.Decisions{"delete": true},
			}, fault.Unanswered, "was not typed",
		},
		// A flow that forgot the name must not be passed by an empty answer.
		{"no name is set", steps.Gate{ID: "x", Kind: steps.GateConfirm, Title: "X"}, steps.Answer{}, fault.Unanswered, "X"},
	})
}
