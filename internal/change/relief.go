package change

import "slices"

// Relief is what another change makes of the loss that one would be.
type Relief struct {
	// By is the ID of the other change. As long as it is accepted, what follows
	// stands for what the change itself says.
	By       string     `json:"by"`
	Risk     Risk       `json:"risk"`
	Detail   string     `json:"detail,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// relieved is the change as its relief makes it.
func (c Change) relieved() Change {
	c.Risk, c.Detail, c.Evidence = c.Relief.Risk, c.Relief.Detail, c.Relief.Evidence
	return c
}

// Relieved are the changes as they are once others were decided.
func Relieved(changes []Change, d Decisions) []Change {
	all := changes
	for i, c := range changes {
		if c.Relief == nil || !d[c.Relief.By] {
			continue
		}
		if &all[0] == &changes[0] {
			all = slices.Clone(changes)
		}
		all[i] = c.relieved()
	}
	return all
}

// Shown is a change as it is with what was decided so far.
func (r *Review) Shown(i int) Change {
	c := r.changes[i]
	if by, ok := r.reliefs[i]; ok && r.verdicts[by] == accepted {
		return c.relieved()
	}
	return c
}

// exposed are the accepted changes that would lose again what one relieves
// them of.
func (r *Review) exposed(by int) []int {
	if r.verdicts[by] != accepted {
		return nil
	}
	var all []int
	for _, i := range r.relieves[by] {
		if r.verdicts[i] == accepted {
			all = append(all, i)
		}
	}
	return all
}
