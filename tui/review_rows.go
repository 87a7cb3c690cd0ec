package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/change"
)

// row draws one line of the list.
func (s *reviewScreen) row(r reviewRow, w int) string {
	c := s.c
	if r.change < 0 {
		return s.heading(r.in, w)
	}
	ch, room := s.shown(r.change), indentation(r)
	left := room + s.sign(r.change) + " " + c.kindSign(actionOf(&s.gate.Changes[r.change])) + " " + c.st.plain.Render(s.label(r.change))
	right := c.risk(ch.Risk)
	if values := c.preview(ch); values != "" && ansi.StringWidth(left)+2+ansi.StringWidth(values)+1+riskWidth < w {
		left += "  " + c.st.hint.Render(values)
	}
	return c.ends(left, right, w)
}

// indentation is what stands before the sign of a row.
func indentation(r reviewRow) string {
	depth := 0
	for b := r.in; b != nil; b = b.group {
		depth++
	}
	if r.change < 0 {
		depth--
	}
	return strings.Repeat("  ", depth)
}

// riskWidth is the room for the longest word for a risk, with its sign.
const riskWidth = len("destructive !")

// heading is a branch in one line: what is in it, by state, and how bad the
// worst of it is.
func (s *reviewScreen) heading(b *branch, w int) string {
	c := s.c
	sign := c.g.unfolded
	if s.shut(b) {
		sign = c.g.folded
	}
	left, style := indentation(heading(b))+c.st.mark.Render(sign)+" ", c.st.strong
	if b.group != nil {
		left += c.kindSign(s.actionIn(b)) + " "
		style = c.st.plain
	}
	left += style.Render(b.name)
	if s.hits.on() && b.shown < len(b.changes) {
		left += c.st.hint.Render("  " + count(b.shown) + " of " + count(len(b.changes)) + " shown")
	}
	return c.ends(left, s.states(b.tally)+"  "+c.right(c.risk(b.worst), riskWidth), w)
}

// actionIn is what all changes of a branch do, or that it is changed.
func (s *reviewScreen) actionIn(b *branch) string {
	action := actionOf(&s.gate.Changes[b.changes[0]])
	for _, i := range b.changes[1:] {
		if next := actionOf(&s.gate.Changes[i]); next != action && next != actionCopy {
			return actionUpdate
		}
	}
	return action
}

// states counts by sign.
func (s *reviewScreen) states(t tally) string {
	c := s.c
	var parts []string
	for state, n := range t {
		if n > 0 {
			parts = append(parts, c.stateSign(changeState(state))+" "+c.st.hint.Render(count(n))) //nolint:gosec // there are five
		}
	}
	return strings.Join(parts, "  ")
}

// sign is the state of a change.
func (s *reviewScreen) sign(i int) string { return s.c.stateSign(s.tree.states[i]) }

func (c *common) stateSign(state changeState) string {
	switch state {
	case stateOpen:
		return c.st.alert.Render(c.g.open)
	case stateAccepted:
		return c.st.ok.Render(c.g.accepted)
	case stateLocked:
		return c.st.hint.Render(c.g.locked)
	case stateBlocked:
		return c.st.fail.Render(c.g.blocked)
	case stateRejected, changeStates:
	}
	return c.st.dim.Render(c.g.rejected)
}

func (s *reviewScreen) word(i int) string { return stateWords[s.tree.states[i]] }

var stateWords = [changeStates]string{"to be decided", "accepted", "rejected", "locked", "blocked"}

// kindSign is the sign of an action.
func (c *common) kindSign(action string) string {
	switch action {
	case actionCreate:
		return c.st.added.Render(c.g.add)
	case actionDelete:
		return c.st.removed.Render(c.g.remove)
	case actionUpdate, actionCopy:
		return c.st.hunk.Render(c.g.change)
	case actionReplace:
		return c.st.alert.Render(c.g.replace)
	}
	return " "
}

func (c *common) risk(r change.Risk) string {
	style, text := c.st.hint, string(r)
	switch r {
	case change.Destructive:
		style, text = c.st.fail, text+" "+c.g.warn
	case change.Caution:
		style = c.st.alert
	case change.Safe:
	}
	return style.Render(text)
}

// preview is a change of the data model in its two values, where both are
// short.
func (c *common) preview(ch change.Change) string {
	const long = 24
	if ch.Model == nil || ch.Model.Action != actionUpdate || len(ch.Before) > long || len(ch.After) > long || strings.Contains(ch.Before+ch.After, "\n") {
		return ""
	}
	side := func(value string) string {
		if value == "" {
			return c.g.missing
		}
		return value
	}
	return side(ch.Before) + " " + c.g.arrow + " " + side(ch.After)
}

// hot makes a style stand out, with or without colours.
func hot(style lipgloss.Style) lipgloss.Style { return style.Bold(true).Underline(true) }
