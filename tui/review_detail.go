package tui

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"bunnyhop/internal/change"
)

// row draws one line of the list.
func (s *reviewScreen) row(r reviewRow, w int) string {
	c := s.c
	if r.change < 0 {
		return s.heading(r.group, w)
	}
	ch := s.shown[r.change]
	kind := " "
	switch {
	case ch.Before == "" && ch.After != "":
		kind = c.st.added.Render(c.g.add)
	case ch.Before != "" && ch.After == "":
		kind = c.st.removed.Render(c.g.remove)
	case ch.Before != ch.After:
		kind = c.st.hunk.Render(c.g.change)
	}
	return c.ends("  "+s.sign(r.change)+" "+kind+" "+c.st.plain.Render(ch.Title), c.risk(ch.Risk), w)
}

// heading is a group in one line.
func (s *reviewScreen) heading(group string, w int) string {
	c := s.c
	sign := c.g.unfolded
	if s.folded[group] && !s.filter.on() {
		sign = c.g.folded
	}
	open, all := 0, 0
	for i, ch := range s.shown {
		if ch.Group == group {
			all++
			if s.undecided(i) {
				open++
			}
		}
	}
	right := count(all)
	if open > 0 && !s.readOnly {
		right = count(open) + " of " + count(all) + " to decide"
	}
	return c.ends(c.st.mark.Render(sign)+" "+c.st.strong.Render(group), c.st.hint.Render(right), w)
}

// sign is the state of a change.
func (s *reviewScreen) sign(i int) string {
	c, ch := s.c, s.gate.Changes[i]
	yes, decided := s.said[ch.ID]
	switch {
	case ch.Locked != "":
		return c.st.hint.Render(c.g.locked)
	case !decided:
		return c.st.alert.Render(c.g.open)
	case yes:
		return c.st.ok.Render(c.g.accepted)
	}
	return c.st.dim.Render(c.g.rejected)
}

func (s *reviewScreen) word(i int) string {
	ch := s.gate.Changes[i]
	yes, decided := s.said[ch.ID]
	switch {
	case ch.Locked != "":
		return "locked"
	case !decided:
		return "to be decided"
	case yes:
		return "accepted"
	}
	return "rejected"
}

func (c *common) risk(r change.Risk) string {
	switch r {
	case change.Destructive:
		return c.st.fail.Render(string(r) + " " + c.g.warn)
	case change.Caution:
		return c.st.alert.Render(string(r))
	case change.Safe:
	}
	return c.st.hint.Render(string(r))
}

// about is the change under the cursor at length.
func (s *reviewScreen) about(area split) []string {
	c, w, here := s.c, area.detailW, s.here()
	if here.change < 0 {
		if s.readOnly {
			return nil
		}
		return s.detail.show("group "+here.group, dimmed(c, wrap("a accepts and r rejects everything in "+here.group+" that can be decided; left and right fold it.", w)), w, area.detailH)
	}
	ch := s.shown[here.change]
	word := s.word(here.change)
	lines := []string{c.ends(c.st.strong.Render(ch.Title), s.sign(here.change)+" "+c.st.dim.Render(word), w)}
	if s.needs {
		return s.detail.show("needs "+ch.ID, append(lines, s.dependencies(here.change, w)...), w, area.detailH)
	}
	for part := range strings.SplitSeq(ch.Detail, "\n") {
		for _, line := range wrap(part, w) {
			lines = append(lines, c.st.plain.Render(line))
		}
	}
	lines = append(lines, "")
	lines = append(lines, c.beforeAfter(ch.Before, ch.After, w)...)
	if ch.Locked != "" {
		lines = append(lines, c.row("locked", ch.Locked, w)...)
	}
	if ch.Undo != "" {
		lines = append(lines, c.row("taken back by", ch.Undo, w)...)
	}
	if !s.readOnly && ch.Locked == "" {
		recommended := "reject"
		if ch.Recommended {
			recommended = "accept"
		}
		lines = append(lines, c.row("recommended", recommended, w)...)
	}
	needs, neededBy := s.relations(here.change)
	if len(needs)+len(neededBy) > 0 {
		lines = append(lines, c.row("needs", strings.Join(s.titles(needs), ", "), w)...)
		lines = append(lines, c.row("needed by", strings.Join(s.titles(neededBy), ", "), w)...)
	}
	return s.detail.show(ch.ID, lines, w, area.detailH)
}

// dependencies is what the change needs and what needs it, each with its
// state.
func (s *reviewScreen) dependencies(i, w int) []string {
	c := s.c
	needs, neededBy := s.relations(i)
	var lines []string
	for _, part := range []struct {
		heading string
		all     []int
	}{{"needs", needs}, {"is needed by", neededBy}} {
		lines = append(lines, "", c.st.dim.Render(part.heading))
		if len(part.all) == 0 {
			lines = append(lines, c.st.hint.Render("nothing"))
		}
		for _, j := range part.all {
			lines = append(lines, s.sign(j)+" "+c.st.plain.Render(c.cut(s.shown[j].Title, w-18))+"  "+c.st.hint.Render(s.word(j)))
		}
	}
	return append(lines, "", c.st.hint.Render("d goes back to the change"))
}

func (s *reviewScreen) relations(i int) (needs, neededBy []int) {
	byID := map[string]int{}
	for j, ch := range s.gate.Changes {
		byID[ch.ID] = j
	}
	for _, id := range s.gate.Changes[i].Requires {
		if j, ok := byID[id]; ok {
			needs = append(needs, j)
		}
	}
	for j, ch := range s.gate.Changes {
		for _, id := range ch.Requires {
			if id == s.gate.Changes[i].ID {
				neededBy = append(neededBy, j)
			}
		}
	}
	return needs, neededBy
}

func (s *reviewScreen) titles(all []int) []string {
	var out []string
	for _, i := range all {
		out = append(out, s.shown[i].Title)
	}
	return out
}

// beforeAfter shows two values one over the other, or the difference where
// they have several lines.
func (c *common) beforeAfter(before, after string, w int) []string {
	if before == "" && after == "" {
		return nil
	}
	if !strings.Contains(strings.TrimSpace(before)+strings.TrimSpace(after), "\n") {
		lines := c.row("before", strings.TrimSpace(before), w)
		return append(append(lines, c.row("after", strings.TrimSpace(after), w)...), "")
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(udiff.Unified("before", "after", ended(before), ended(after)), "\n"), "\n") {
		style := c.st.dim
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			continue
		case strings.HasPrefix(line, "+"):
			style = c.st.added
		case strings.HasPrefix(line, "-"):
			style = c.st.removed
		case strings.HasPrefix(line, "@@"):
			style = c.st.hunk
		}
		lines = append(lines, style.Render(c.cut(line, w)))
	}
	return append(lines, "")
}

// ended gives text the last line break that a difference is made with.
func ended(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}
