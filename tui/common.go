package tui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/spinner"
	"charm.land/bubbles/v2/textinput"
	"github.com/charmbracelet/x/ansi"
)

// common is what every screen draws with and reads from.
type common struct {
	st  styles
	g   glyphs
	now func() time.Time
	rec *record
	ses *session
	// home is what the home screen last learned; the header falls back on it.
	home Home
	spin spinner.Model
}

func newCommon(g glyphs) *common {
	return &common{
		st: newStyles(true), g: g, now: time.Now, rec: newRecord(),
		spin: spinner.New(spinner.WithSpinner(g.spinner)),
	}
}

// glyph is the sign of a step's state.
func (c *common) glyph(s stepState) string {
	switch s {
	case stepRunning, stepUndoing:
		return c.st.mark.Render(c.spin.View())
	case stepDone:
		return c.st.ok.Render(c.g.done)
	case stepFailed, stepStuck:
		return c.st.fail.Render(c.g.failed)
	case stepUndone:
		return c.st.alert.Render(c.g.undone)
	case stepWaiting:
	}
	return c.st.hint.Render(c.g.waiting)
}

// title is the first line of a pane, with its state at the right.
func (c *common) title(left, right string, w int) string {
	return c.ends(c.st.title.Render(c.cut(left, w)), c.st.dim.Render(right), w)
}

// stepTitle is the title of a step's pane.
func (c *common) stepTitle(s *stepRecord, w int) string {
	return c.title(s.Title, c.stepStatus(s), w)
}

func (c *common) stepStatus(s *stepRecord) string {
	if c.rec.gateStep == s {
		return "waits for you"
	}
	t := s.time(c.now())
	switch s.state {
	case stepRunning:
		return "running " + clock(t)
	case stepDone:
		if s.proved {
			return "done earlier, proved again"
		}
		return "done in " + span(t)
	case stepFailed:
		return "failed after " + span(t)
	case stepUndoing:
		return "putting back " + clock(t)
	case stepUndone:
		return "put back"
	case stepStuck:
		return "could not be put back"
	case stepWaiting:
	}
	return "to come"
}

// rule is a line across with a word in it, and another at its end.
func (c *common) rule(left, right string, w int) string {
	if left != "" {
		left += " "
	}
	if right != "" {
		right = " " + right
	}
	n := w - ansi.StringWidth(left) - ansi.StringWidth(right)
	if n < 0 {
		return c.st.hint.Render(c.fit(left, w))
	}
	return c.st.hint.Render(left) + c.st.rule.Render(strings.Repeat(c.g.horizontal, n)) + c.st.hint.Render(right)
}

// labelWidth is the width of the left column of a table of facts.
const labelWidth = 14

// row is one fact: its name at the left, its value wrapped at the right.
func (c *common) row(label, value string, w int) []string {
	return c.rowAt(labelWidth, label, value, w)
}

func (c *common) rowAt(column int, label, value string, w int) []string {
	if value == "" {
		value = c.g.missing
	}
	room := max(8, w-column)
	name := c.st.dim.Render(c.fit(label, column))
	lines := wrap(value, room)
	for i := range lines {
		lines[i] = c.st.plain.Render(lines[i])
	}
	return indent(name, lines)
}

// bullets lists items, at most limit of them, and says how many are left out.
func (c *common) bullets(items []string, w, limit int) []string {
	var lines []string
	for i, item := range items {
		if i == limit && limit > 0 {
			return append(lines, c.st.hint.Render("  and "+count(len(items)-limit)+" more"))
		}
		for j, line := range wrap(item, w-2) {
			sign := "  "
			if j == 0 {
				sign = c.g.bullet + " "
			}
			lines = append(lines, c.st.dim.Render(sign)+c.st.plain.Render(line))
		}
	}
	return lines
}

// failure is what went wrong, in what state things are, and what to do.
func (c *common) failure(what, state, hint string, w int) []string {
	return c.failureAt(labelWidth, what, state, hint, w)
}

func (c *common) failureAt(column int, what, state, hint string, w int) []string {
	lines := c.wrong(what, w)
	for _, part := range []struct{ label, text string }{{"state", state}, {"next", hint}} {
		if part.text != "" {
			lines = append(lines, "")
			lines = append(lines, c.rowAt(column, part.label, part.text, w)...)
		}
	}
	return lines
}

// wrong is what went wrong, alone.
func (c *common) wrong(what string, w int) []string {
	var lines []string
	for i, line := range wrap(what, w-2) {
		sign := "  "
		if i == 0 {
			sign = c.st.fail.Render(c.g.failed) + " "
		}
		lines = append(lines, sign+c.st.strong.Render(line))
	}
	return lines
}

// input makes a text field in the current styles.
func (c *common) input(prompt string) textinput.Model {
	in := textinput.New()
	in.Prompt = prompt
	c.dress(&in)
	return in
}

// dress gives a text field the current styles; the theme may have changed
// since it was made.
func (c *common) dress(in *textinput.Model) {
	st := in.Styles()
	for _, s := range []*textinput.StyleState{&st.Focused, &st.Blurred} {
		s.Text, s.Placeholder, s.Prompt = c.st.plain, c.st.hint, c.st.mark
	}
	st.Cursor.Color, st.Cursor.Blink = c.st.accent, false
	in.SetStyles(st)
}
