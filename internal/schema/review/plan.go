// Package review makes a comparison of two data models into changes that a
// person can decide one by one: each with its risk, with what it requires, with
// why it cannot be accepted where that is so, and in words.
package review

import (
	"fmt"
	"slices"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/evidence"
	"bunnyhop/internal/schema/snapshot"
)

// Mode says which changes are proposed at all. The names are Directus' own
// (the query parameter mode of POST /schema/diff), with add besides.
type Mode string

// The modes.
const (
	Add    Mode = "add"    // only what the target does not have
	Merge  Mode = "merge"  // and what is otherwise there
	Mirror Mode = "mirror" // and what only the target has is deleted
)

// Modes are all of them, the mildest first.
var Modes = []Mode{Add, Merge, Mirror}

// proposes reports whether a mode has a kind of change.
func (m Mode) proposes(c compare.Change) bool {
	switch c.Action {
	case compare.Create:
		return true
	case compare.Delete:
		return m == Mirror
	case compare.Update, compare.Replace:
		return m != Add
	}
	return false
}

// Plan is what makes a target's data model into the wanted one.
type Plan struct {
	Current, Wanted *snapshot.Snapshot
	// Proposed are the differences that the mode has, in order; Changes are the
	// same ones, by their keys, for a person to decide.
	Proposed []compare.Change
	Changes  []change.Change
	// LeftOut are the differences that the mode has not.
	LeftOut []compare.Change
	// Renames are the columns that may have got another name. Those for which
	// the data speaks are offered among the Changes, which differ from Proposed
	// in that alone.
	Renames []compare.Rename
	Noise   []compare.Noise
}

// New compares the target's data model with the wanted one.
func New(current, wanted *snapshot.Snapshot, mode Mode) (*Plan, error) {
	if !slices.Contains(Modes, mode) {
		return nil, fmt.Errorf("%q is no mode", mode)
	}
	result, err := compare.Compare(current, wanted)
	if err != nil {
		return nil, err
	}
	p := &Plan{Current: current, Wanted: wanted, Noise: result.Noise}
	if p.Renames, err = compare.Renames(current, wanted, result.Changes); err != nil {
		return nil, err
	}
	for _, c := range result.Changes {
		if mode.proposes(c) {
			p.Proposed = append(p.Proposed, c)
		} else {
			p.LeftOut = append(p.LeftOut, c)
		}
	}
	p.Changes = make([]change.Change, len(p.Proposed))
	known := vocabularyOf(current)
	created := createdColumns(p.Proposed)
	for i, c := range p.Proposed {
		risk := riskOf(c, created)
		p.Changes[i] = change.Change{
			ID: c.Key(), Group: group(c), Title: title(c), Detail: detail(c), Before: text(c.Before), After: text(c.After),
			Risk: risk, Recommended: risk == change.Safe, Blocked: known.blocked(c),
			Model: &change.Model{
				Action: string(c.Action), Entity: string(c.Entity), Collection: c.Collection, Field: c.Field, Related: c.Related,
				Attribute: c.Attribute(),
			},
		}
	}
	p.alone()
	p.require()
	p.settle()
	return p, nil
}

// Seen puts what was seen in the data to the changes, and offers the renames
// for which it speaks. Evidence can raise or lower a risk, and block a change.
func (p *Plan) Seen(findings map[string]evidence.Finding) {
	p.offer(findings)
	for i := range p.Changes {
		c := &p.Changes[i]
		seen, ok := findings[c.ID]
		if !ok {
			continue
		}
		c.Evidence = seen.Evidence
		if seen.Risk != "" {
			c.Risk = seen.Risk
		}
		if c.Blocked == "" {
			c.Blocked = seen.Blocked
		}
		c.Recommended = c.Risk == change.Safe
	}
	p.fill(findings)
	p.settle()
}

// Accepted are the differences that were accepted, in order.
func (p *Plan) Accepted(d change.Decisions) []compare.Change {
	var all []compare.Change
	blocked := p.blocked()
	for _, c := range p.Proposed {
		if key := c.Key(); d[key] && !blocked[key] {
			all = append(all, c)
		}
	}
	return all
}

func (p *Plan) blocked() map[string]bool {
	blocked := make(map[string]bool, len(p.Changes))
	for _, c := range p.Changes {
		blocked[c.ID] = c.Blocked != ""
	}
	return blocked
}

// settle blocks what requires a blocked change, and recommends nothing that
// would pull in what is not recommended.
func (p *Plan) settle() {
	at := make(map[string]int, len(p.Changes))
	for i, c := range p.Changes {
		at[c.ID] = i
	}
	neededBy := make([][]int, len(p.Changes))
	var queue []int
	for i, c := range p.Changes {
		for _, id := range c.Requires {
			neededBy[at[id]] = append(neededBy[at[id]], i)
		}
		if c.Blocked != "" || !c.Recommended {
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		p.Changes[i].Recommended = p.Changes[i].Recommended && p.Changes[i].Blocked == ""
		for _, j := range neededBy[i] {
			c := &p.Changes[j]
			blocked := c.Blocked == "" && p.Changes[i].Blocked != ""
			if blocked {
				c.Blocked = "it needs " + p.Changes[i].Group + " · " + p.Changes[i].Title + ", which cannot be accepted"
			}
			if blocked || c.Recommended {
				c.Recommended = false
				queue = append(queue, j)
			}
		}
	}
}

// NoiseByReason counts what is different and means nothing, with the first few
// of each reason.
func (p *Plan) NoiseByReason() []change.Noise {
	const examples = 5
	at := map[compare.Reason]int{}
	var all []change.Noise
	for _, n := range p.Noise {
		i, ok := at[n.Reason]
		if !ok {
			i = len(all)
			at[n.Reason], all = i, append(all, change.Noise{Reason: string(n.Reason)})
		}
		all[i].Count++
		if len(all[i].Examples) < examples {
			all[i].Examples = append(all[i].Examples, n.Key())
		}
	}
	slices.SortFunc(all, func(a, b change.Noise) int { return b.Count - a.Count })
	return all
}
