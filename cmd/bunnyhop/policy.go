package main

import (
	"fmt"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// Policy answers gates by the flags of the command line, with nobody asked.
type Policy struct {
	// Yes takes the default: the recommended choice, all warnings
	// acknowledged, the recommended changes. It passes no blocker (S8).
	Yes       bool
	Overrides []string
	Decisions change.Decisions
	Accept    acceptance
	Confirm   string
	// DryRun is set for a run that ends before anything of the project is
	// changed: names that confirm a change need not be typed.
	DryRun bool
}

// Answer returns the answer to a gate, or why the flags give none. The error
// carries the exit code.
func (p Policy) Answer(g steps.Gate) (steps.Answer, error) {
	a, err := p.answer(g)
	if err != nil {
		return a, err
	}
	return a, g.Validate(a)
}

func (p Policy) answer(g steps.Gate) (steps.Answer, error) {
	yes := p.Yes && !g.Destructive || p.DryRun
	switch g.Kind {
	case steps.GateChoose:
		if !yes {
			return steps.Answer{}, nil
		}
		return steps.Answer{Choice: g.DefaultChoice()}, nil
	case steps.GateFindings:
		a := steps.Answer{Overrides: p.Overrides}
		if yes {
			a.Acknowledged = warnings(g)
		}
		return a, nil
	case steps.GateReview:
		decisions, err := p.review(g.Changes, yes)
		return steps.Answer{Decisions: decisions}, err
	case steps.GateConfirm:
		if p.DryRun {
			return steps.Answer{Confirm: g.Confirm}, nil
		}
		return steps.Answer{Confirm: p.Confirm}, nil
	case steps.GateRecovery:
		// Alone with a failure, going back is the one safe way.
		return steps.Answer{Choice: steps.ChooseRollback}, nil
	}
	return steps.Answer{}, fmt.Errorf("gate %s is of an unknown kind %q", g.ID, g.Kind)
}

func warnings(g steps.Gate) []string {
	var ids []string
	for _, f := range g.Findings {
		if f.Severity == advisory.Warning {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// policy reads the flags.
func (a *app) policy() (Policy, error) {
	decisions, err := readDecisions(a.flags.decisions)
	return Policy{
		Yes: a.flags.yes, Overrides: a.flags.overrides, Decisions: decisions, Confirm: a.flags.confirm, Accept: a.rules,
	}, err
}
