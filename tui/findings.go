package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/advisory"
)

// findingsView is a list of findings in groups, with the detail of one.
type findingsView struct {
	c        *common
	findings []advisory.Finding // cleaned
	said     []string           // what the person said to each
	// open reports whether something has still to be said to a finding; nil
	// when nothing is asked.
	open func(i int) bool

	groups []findingGroup
	// extras are listed after the groups; nothing is asked about them.
	extras []listing
	folded []bool // by group, and by listing after that
	rows   []findingRow
	list   list
	detail detail
}

// findingGroup is findings that are listed together.
type findingGroup struct{ advisory.Group }

// findingRow is one line of the list: a heading, a finding, or an item of a
// listing. Listings are counted after the groups; finding is then the item.
type findingRow struct {
	group, finding int // indices; finding is -1 for a heading
}

func groupFindings(findings []advisory.Finding) []findingGroup {
	var groups []findingGroup
	for _, g := range advisory.Groups(findings) {
		groups = append(groups, findingGroup{g})
	}
	return groups
}

func (g findingGroup) title() string {
	if g.Untold {
		return count(len(g.Members)) + " that cannot be told from here"
	}
	return plural(len(g.Members), string(g.Severity), string(g.Severity)+"s")
}

func newFindingsView(c *common, findings []advisory.Finding) findingsView {
	v := findingsView{c: c, findings: findings, said: make([]string, len(findings)), groups: groupFindings(findings), detail: newDetail()}
	v.folded = make([]bool, len(v.groups))
	for i, g := range v.groups {
		v.folded[i] = g.Untold
	}
	if f := c.rec.facts.findings; f != nil {
		v.extras = c.listings(f)
	}
	for _, l := range v.extras {
		v.folded = append(v.folded, !l.needs)
	}
	v.layRows()
	if len(v.rows) > 1 && !v.folded[0] {
		v.list.at = 1
	}
	return v
}

// layRows makes the rows out of groups and folds.
func (v *findingsView) layRows() {
	v.rows = v.rows[:0]
	for g, group := range v.groups {
		v.rows = append(v.rows, findingRow{g, -1})
		if v.folded[g] {
			continue
		}
		for _, i := range group.Members {
			v.rows = append(v.rows, findingRow{g, i})
		}
	}
	for l, extra := range v.extras {
		g := len(v.groups) + l
		v.rows = append(v.rows, findingRow{g, -1})
		for i := range extra.items {
			if !v.folded[g] {
				v.rows = append(v.rows, findingRow{g, i})
			}
		}
	}
	v.list.n = len(v.rows)
	v.list.clamp()
}

// here is the row under the cursor.
func (v *findingsView) here() findingRow {
	if len(v.rows) == 0 {
		return findingRow{-1, -1}
	}
	return v.rows[v.list.at]
}

// extra is the listing that a row belongs to, nil for one of a finding.
func (v *findingsView) extra(r findingRow) *listing {
	if at := r.group - len(v.groups); at >= 0 && at < len(v.extras) {
		return &v.extras[at]
	}
	return nil
}

// onFinding is the finding under the cursor, or -1.
func (v *findingsView) onFinding() int {
	here := v.here()
	if v.extra(here) != nil {
		return -1
	}
	return here.finding
}

// shut reports whether the cursor is on a folded group.
func (v *findingsView) shut() bool {
	here := v.here()
	return here.group >= 0 && v.folded[here.group]
}

// Update moves in list and detail.
func (v *findingsView) Update(press tea.KeyPressMsg) bool {
	switch {
	case v.list.Update(press), v.detail.Update(press):
	case key.Matches(press, keyFold):
		v.fold(press.String() == "left" || press.String() == "h")
	case key.Matches(press, keyEnter) && v.shut():
		v.fold(false)
	default:
		return false
	}
	return true
}

// fold folds the group under the cursor, or unfolds it.
func (v *findingsView) fold(shut bool) {
	group := v.here().group
	if group < 0 {
		return
	}
	v.folded[group] = shut
	v.layRows()
	if shut {
		v.moveTo(findingRow{group, -1})
	}
}

func (v *findingsView) moveTo(row findingRow) {
	if at := slices.Index(v.rows, row); at >= 0 {
		v.list.at = at
		v.list.clamp()
	}
}

// jump moves to the next or previous finding of which wanted holds, in the
// order of the list and around its end, and unfolds its group.
func (v *findingsView) jump(by int, wanted func(i int) bool) {
	var all []findingRow
	at := -1
	for g, group := range v.groups {
		if v.here() == (findingRow{g, -1}) { // on a heading: start at its first finding
			at = len(all)
			if by > 0 {
				at--
			}
		}
		for _, i := range group.Members {
			if v.onFinding() == i {
				at = len(all)
			}
			all = append(all, findingRow{g, i})
		}
	}
	for range all {
		at = (at + by + len(all)) % len(all)
		if row := all[at]; wanted(row.finding) {
			v.folded[row.group] = false
			v.layRows()
			v.moveTo(row)
			return
		}
	}
}

const (
	saidAcknowledged = "acknowledged"
	saidOverridden   = "overridden"
)

// said is what the person said to a finding.
func said(f advisory.Finding, acknowledged, overridden []string) string {
	switch {
	case f.Severity == advisory.Warning && slices.Contains(acknowledged, f.ID):
		return saidAcknowledged
	case f.Severity == advisory.Blocker && slices.Contains(overridden, f.ID):
		return saidOverridden
	}
	return ""
}

// moreKeys are the keys of the view that come after those of its screen.
func (v *findingsView) moreKeys() []keyed {
	keys := []keyed{live(keyMove), live(keyFold)}
	if v.detail.more() != "" {
		keys = append(keys, live(keyDetailDown))
	}
	return keys
}
