package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// Policy answers gates by the flags of the command line, with nobody asked.
type Policy struct {
	// Yes takes the default: the recommended choice, all warnings
	// acknowledged, the recommended changes. It passes no blocker (S8).
	Yes       bool
	Overrides []string
	Decisions change.Decisions
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
		decisions, err := p.review(g, yes)
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

// review merges the decisions of the file with the recommended ones. Those of
// the file win, and what follows from them is decided with them.
func (p Policy) review(g steps.Gate, yes bool) (change.Decisions, error) {
	known := map[string]change.Change{}
	for _, c := range g.Changes {
		known[c.ID] = c
	}
	var strangers []string
	for id := range p.Decisions {
		if _, ok := known[id]; !ok {
			strangers = append(strangers, id)
		}
	}
	if len(strangers) > 0 {
		slices.Sort(strangers)
		return nil, fault.Newf("--decisions names changes that there are not: %s", strings.Join(strangers, ", ")).
			WithHint("the changes are: %s", strings.Join(slices.Sorted(maps.Keys(known)), ", ")).WithCode(fault.Usage)
	}
	decisions := change.Decisions{}
	if yes {
		decisions = change.Recommended(g.Changes)
	}
	for _, c := range g.Changes {
		if accept, ok := p.Decisions[c.ID]; ok {
			change.Decide(g.Changes, decisions, c.ID, accept)
		}
	}
	for _, c := range g.Changes {
		want, ok := p.Decisions[c.ID]
		if !ok || decisions[c.ID] == want {
			continue
		}
		if c.Locked != "" {
			return nil, fault.Newf("--decisions rejects %s, which cannot be rejected: %s", c.ID, c.Locked).WithCode(fault.Usage)
		}
		return nil, fault.Newf("--decisions contradicts itself at %s: it does not go with what other decisions require", c.ID).
			WithCode(fault.Usage)
	}
	return decisions, nil
}

// policy reads the flags.
func (a *app) policy() (Policy, error) {
	decisions, err := readDecisions(a.flags.decisions)
	return Policy{
		Yes: a.flags.yes, Overrides: a.flags.overrides, Decisions: decisions, Confirm: a.flags.confirm,
	}, err
}
