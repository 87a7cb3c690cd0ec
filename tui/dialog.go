package tui

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// quietTime is how long a dialog that pops up unasked takes no keys: what was
// typed before it could be read was not meant for it.
const quietTime = 400 * time.Millisecond

// quiet is embedded by dialogs that pop up unasked.
type quiet struct{ since time.Time }

func (q quiet) over(now time.Time) bool { return now.Sub(q.since) >= quietTime }

// frame draws lines in a box with a title in its border.
func (c *common) frame(title string, lines []string, w int, danger bool) string {
	g, edge, name := c.g, c.st.mark, c.st.title
	if danger {
		edge, name = c.st.alert, c.st.alert.Bold(true)
	}
	title = " " + c.cut(title, w-6) + " "
	top := edge.Render(g.topLeft+g.horizontal) + name.Render(title) +
		edge.Render(strings.Repeat(g.horizontal, max(0, w-3-ansi.StringWidth(title)))+g.topRight)
	out := []string{top}
	side := edge.Render(g.vertical)
	for _, line := range append(append([]string{""}, lines...), "") {
		out = append(out, side+"  "+c.fit(line, w-6)+"  "+side)
	}
	bottom := edge.Render(g.botLeft + strings.Repeat(g.horizontal, w-2) + g.botRight)
	return strings.Join(append(out, bottom), "\n")
}

// dialogRow is one choice of a dialog, with its detail under it.
func (c *common) dialogRow(title, detail, why string, here bool, w int) []string {
	name := c.st.plain.Render(title)
	if why != "" {
		name, detail = c.st.hint.Render(title), "not possible: "+why
	}
	lines := []string{c.listRow(name, here, w)}
	for _, line := range wrap(detail, w-4) {
		lines = append(lines, "    "+c.st.hint.Render(line))
	}
	return lines
}

// dialogRows is the choices of a dialog; the details are left out where they
// would push the text above them off a small terminal.
func (c *common) dialogRows(choices []homeItem, at, w, room int) []string {
	var rows, bare []string
	for i, choice := range choices {
		rows = append(rows, c.dialogRow(choice.title, choice.about, choice.why, i == at, w)...)
		bare = append(bare, c.dialogRow(choice.title, "", "", i == at, w)...)
	}
	if len(rows) > room {
		return bare
	}
	return rows
}

// clip keeps a dialog's text to a number of lines and says that there is more.
func (c *common) clip(lines []string, limit int) []string {
	if limit <= 0 {
		return nil
	}
	if len(lines) <= limit {
		return lines
	}
	return append(lines[:limit-1:limit-1], c.st.hint.Render(c.g.more))
}
