package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

// sideWidth is from where on a list and its detail stand side by side.
const sideWidth = 110

// detail is the scrolling text about the line under a cursor.
type detail struct {
	view viewport.Model
	of   string // what it is about; a change of it scrolls to the top
}

func newDetail() detail {
	v := viewport.New()
	v.FillHeight = true
	return detail{view: v}
}

// Update scrolls and reports whether the key was one of its own.
func (d *detail) Update(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, keyDetailDown):
		d.view.ScrollDown(max(1, d.view.Height()/2))
	case key.Matches(msg, keyDetailUp):
		d.view.ScrollUp(max(1, d.view.Height()/2))
	default:
		return false
	}
	return true
}

// show puts lines into the detail's area and returns what is in sight.
func (d *detail) show(of string, lines []string, w, h int) []string {
	d.view.SetWidth(w)
	d.view.SetHeight(max(1, h))
	d.view.SetContentLines(lines)
	if d.of != of {
		d.of = of
		d.view.GotoTop()
	}
	return strings.Split(d.view.View(), "\n")
}

// more says that there is text below, for the end of a rule.
func (d *detail) more() string {
	if d.view.AtBottom() {
		return ""
	}
	return "pgdn for more"
}

// split is how a pane is shared between a list and its detail.
type split struct {
	side             bool
	listW, listH     int
	detailW, detailH int
}

// splitPane shares w by h between a list that wants rows lines and a detail.
func splitPane(w, h, rows int) split {
	if w >= sideWidth {
		listW := min(w*45/100, 72)
		return split{side: true, listW: listW, listH: h, detailW: w - listW - 3, detailH: h}
	}
	listH := max(3, min(rows+1, h/2))
	return split{listW: w, listH: listH, detailW: w, detailH: max(1, h-listH-1)}
}

// join puts list and detail together again; the rule between them names the
// detail.
func (s split) join(c *common, lines, about []string, heading, more string) []string {
	lines = c.box(lines, s.listW, s.listH)
	about = c.box(about, s.detailW, s.detailH)
	if !s.side {
		return append(append(lines, c.rule(heading, more, s.listW)), about...)
	}
	out := make([]string, len(lines))
	for i := range lines {
		out[i] = lines[i] + " " + c.st.rule.Render(c.g.vertical) + " " + about[i]
	}
	return out
}
