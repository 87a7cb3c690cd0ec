package main

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
)

// acceptance says which changes of a data model are accepted and rejected
// unseen. The
// patterns are of collections ("posts") and fields ("posts.title"); a star
// stands for any name or part of one.
type acceptance struct {
	accept []string // safe, all, or patterns
	loss   []string // patterns of what may be deleted
	reject []string // patterns; they win
}

func addRules(cmd *cobra.Command, rules *acceptance) {
	cmd.Flags().StringArrayVar(&rules.accept, "accept", nil, "accept these changes: safe, all (but what loses data, and copies into fields that seem renamed), or a `pattern` (repeatable)")
	cmd.Flags().StringArrayVar(&rules.loss, "accept-loss", nil, "accept the deletions that this `pattern` names (repeatable)")
	cmd.Flags().StringArrayVar(&rules.reject, "reject", nil, "reject what this `pattern` names (repeatable)")
}

func (a acceptance) empty() bool { return len(a.accept)+len(a.loss)+len(a.reject) == 0 }

// check refuses patterns that can match nothing.
func (a acceptance) check() error {
	for flag, patterns := range map[string][]string{"--accept": a.accept, "--accept-loss": a.loss, "--reject": a.reject} {
		for _, pattern := range patterns {
			if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
				return fault.Newf("%s %q is no pattern", flag, pattern).
					WithHint("name a collection (posts), a field (posts.title), or several with a star (posts.*)").WithCode(fault.Usage)
			}
		}
	}
	return nil
}

// wants says what the rules want of a change; decided is false where they say
// nothing.
func (a acceptance) wants(c change.Change) (accept, decided bool) {
	if c.Model == nil {
		return false, false
	}
	if matchesAny(a.reject, c) {
		return false, true
	}
	if loses(c) {
		return matchesAny(a.loss, c), !a.empty()
	}
	for _, rule := range a.accept {
		if rule == "all" && !guessed(c) || rule == "safe" && c.Risk == change.Safe || matchesAny([]string{rule}, c) {
			return true, true
		}
	}
	return matchesAny(a.loss, c), !a.empty()
}

// loses: a deletion is one even where there is nothing to lose just now.
func loses(c change.Change) bool {
	return c.Risk == change.Destructive || c.Model != nil && (c.Model.Action == "delete" || c.Model.Action == "replace")
}

// guessed: that a field got another name is offered, and never assumed.
func guessed(c change.Change) bool { return c.Model != nil && c.Model.Action == "copy" }

// matchesAny: a collection's pattern is also one of all that is in it.
func matchesAny(patterns []string, c change.Change) bool {
	if c.Model == nil {
		return false
	}
	names := []string{c.Model.Collection}
	if c.Model.Field != "" {
		names = append(names, c.Model.Collection+"."+c.Model.Field)
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			ok, err := path.Match(pattern, name)
			return ok && err == nil
		})
	})
}

// review merges what is recommended, the rules and the decisions of a file;
// each wins over the one before it. What follows from a decision is decided
// with it, but nothing destructive is ever accepted in passing (S8).
func (p Policy) review(changes []change.Change, yes bool) (change.Decisions, error) {
	if err := p.strangers(changes); err != nil {
		return nil, err
	}
	start := change.Decisions{}
	if yes {
		start = change.Recommended(changes)
	}
	r := change.NewReview(changes, start)
	if !p.Accept.empty() {
		p.applyRules(r)
	}
	for i, c := range changes {
		if accept, ok := p.Decisions[c.ID]; ok {
			r.Decide(accept, i)
		}
	}
	if err := p.contradiction(r); err != nil {
		return nil, err
	}
	decisions := r.Decisions()
	for _, c := range changes {
		if _, decided := decisions[c.ID]; !decided && !c.Fixed() && (yes || c.Model != nil && !p.Accept.empty()) {
			decisions[c.ID] = false
		}
	}
	return decisions, nil
}

func (p Policy) applyRules(r *change.Review) {
	changes := r.Changes()
	for _, accepting := range []bool{true, false} { // what is rejected wins over what was pulled in
		for i, c := range changes {
			accept, decided := p.Accept.wants(c)
			if !decided || accept != accepting {
				continue
			}
			if !accept {
				if matchesAny(p.Accept.reject, c) {
					r.Decide(false, i)
				}
				continue
			}
			effect := r.Decide(true, i)
			if slices.ContainsFunc(effect.Followed, func(j int) bool {
				wanted, _ := p.Accept.wants(changes[j])
				return (loses(changes[j]) || guessed(changes[j])) && !wanted
			}) {
				r.Undo()
			}
		}
	}
}

func (p Policy) strangers(changes []change.Change) error {
	known := map[string]bool{}
	for _, c := range changes {
		known[c.ID] = true
	}
	var strangers []string
	for id := range p.Decisions {
		if !known[id] {
			strangers = append(strangers, id)
		}
	}
	if len(strangers) == 0 {
		return nil
	}
	slices.Sort(strangers)
	return fault.Newf("--decisions names changes that there are not: %s", strings.Join(strangers, ", ")).
		WithHint("the changes are: %s", strings.Join(slices.Sorted(maps.Keys(known)), ", ")).WithCode(fault.Usage)
}

// contradiction finds a decision of the file that was not taken.
func (p Policy) contradiction(r *change.Review) error {
	for i, c := range r.Changes() {
		want, ok := p.Decisions[c.ID]
		if accept, _ := r.State(i); !ok || accept == want {
			continue
		}
		switch {
		case !want && c.Locked != "":
			return fault.Newf("--decisions rejects %s, which cannot be rejected: %s", c.ID, c.Locked).WithCode(fault.Usage)
		case want && c.Blocked != "":
			return fault.Newf("--decisions accepts %s, which cannot be accepted: %s", c.ID, c.Blocked).WithCode(fault.Usage)
		}
		return fault.Newf("--decisions contradicts itself at %s: it does not go with what other decisions require", c.ID).
			WithCode(fault.Usage)
	}
	return nil
}
