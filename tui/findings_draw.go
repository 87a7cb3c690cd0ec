package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/advisory"
)

const (
	areaWidth   = 15 // the column of areas
	areaFrom    = 70 // the width of a row from which on there is one
	aboutWidth  = 74 // the width of the detail from which on the list, whose titles are long, gets more
	roomyDetail = 12 // lines of detail from which on its parts stand apart
)

// counts is how many there are in each group, in at most w columns.
func (v *findingsView) counts(w int) string {
	var words, signs []string
	for _, g := range v.groups {
		word := g.title()
		if g.Untold {
			word = count(len(g.Members)) + " uncertain"
		}
		words = append(words, word)
		signs = append(signs, v.groupSign(g)+v.c.st.dim.Render(" "+count(len(g.Members))))
	}
	if text := strings.Join(words, " "+v.c.g.dot+" "); ansi.StringWidth(text) <= w {
		return text
	}
	return strings.Join(signs, " ")
}

func (v *findingsView) draw(w, h int) []string {
	area := splitPane(w, h, len(v.rows))
	if area.side {
		wider := max(0, min(16, area.detailW-aboutWidth))
		area.listW, area.detailW = area.listW+wider, area.detailW-wider
	}
	v.list.resize(len(v.rows), area.listH)
	from, to := v.list.window()
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, v.c.listRow(v.row(v.rows[i], area.listW-2), i == v.list.at, area.listW))
	}
	var about []string
	heading := ""
	switch here := v.here(); {
	case v.extra(here) != nil:
		of, lines := v.extra(here).about(v.c, here.finding, area.detailW)
		about = v.detail.show(of, lines, area.detailW, area.detailH)
	case here.finding >= 0:
		f := v.findings[here.finding]
		heading = f.ID
		about = v.detail.show(f.ID, v.about(f, v.said[here.finding], area), area.detailW, area.detailH)
	case here.group >= 0:
		g := v.groups[here.group]
		about = v.detail.show(g.title(), v.aboutGroup(g, area.detailW), area.detailW, area.detailH)
	}
	return area.join(v.c, rows, about, heading, joinWords(v.list.where(v.c), v.detail.more()))
}

// row is a heading or a finding in one line.
func (v *findingsView) row(r findingRow, w int) string {
	if extra := v.extra(r); extra != nil {
		return extra.row(v.c, r.finding, v.folded[r.group], w)
	}
	if r.finding < 0 {
		return v.heading(r.group, w)
	}
	c, f := v.c, v.findings[r.finding]
	tag := ""
	if w >= areaFrom {
		tag = c.st.hint.Render(c.fit(string(f.Area), areaWidth))
	}
	if v.said[r.finding] == saidOverridden {
		tag = joinWords(c.st.alert.Render(saidOverridden), tag)
	}
	return c.ends("  "+v.sign(r.finding)+" "+c.st.plain.Render(f.Title), tag, w)
}

// heading is a group in one line.
func (v *findingsView) heading(g, w int) string {
	c, group := v.c, v.groups[g]
	sign := c.g.unfolded
	if v.folded[g] {
		sign = c.g.folded
	}
	open := 0
	for _, i := range group.Members {
		if v.open != nil && v.open(i) {
			open++
		}
	}
	right := ""
	switch {
	case open > 0 && group.Severity == advisory.Blocker:
		right = count(open) + " in the way"
	case open > 0:
		right = count(open) + " to acknowledge"
	}
	return c.ends(c.st.mark.Render(sign)+" "+c.st.strong.Render(group.title()), c.st.hint.Render(right), w)
}

// sign is how grave a finding is, or that it is dealt with.
func (v *findingsView) sign(i int) string {
	c, f := v.c, v.findings[i]
	switch {
	case v.said[i] == saidAcknowledged:
		return c.st.ok.Render(c.g.done)
	case f.Uncertain && f.Severity == advisory.Warning:
		return c.st.alert.Render(c.g.open)
	}
	return v.groupSign(findingGroup{advisory.Group{Severity: f.Severity, Untold: f.Uncertain && f.Severity == advisory.Note}})
}

func (v *findingsView) groupSign(g findingGroup) string {
	c := v.c
	switch {
	case g.Untold:
		return c.st.note.Render(c.g.open)
	case g.Severity == advisory.Blocker:
		return c.st.fail.Render(c.g.failed)
	case g.Severity == advisory.Warning:
		return c.st.alert.Render(c.g.warn)
	}
	return c.st.note.Render(c.g.note)
}

// about is a finding at length.
func (v *findingsView) about(f advisory.Finding, said string, area split) []string {
	c, w := v.c, area.detailW
	var lines []string
	part := func(name string, text []string) {
		if len(text) == 0 {
			return
		}
		if area.detailH >= roomyDetail {
			lines = append(lines, "")
		}
		if name != "" {
			lines = append(lines, c.st.dim.Render(name))
		}
		lines = append(lines, text...)
	}
	for _, line := range wrap(f.Title, w) {
		lines = append(lines, c.st.strong.Render(line))
	}
	if area.side {
		lines = append(lines, c.st.hint.Render(f.ID))
	}
	todo := "what to do"
	if f.Uncertain {
		todo = "what to look at"
	}
	part(todo, v.plain(f.Remedy, w)) // before the evidence, which may be long
	part("", dimmed(c, wrap(v.state(f, said), w)))
	part("seen here", c.bullets(f.Evidence, w, 0))
	part("who is affected", v.plain(f.Affects, w))
	var source []string
	for _, row := range []struct{ label, text string }{{"area", string(f.Area)}, {"since", f.Version}, {"source", f.Source}} {
		if row.text != "" {
			source = append(source, c.row(row.label, row.text, w)...)
		}
	}
	part("", source)
	return lines
}

func (v *findingsView) plain(text string, w int) []string {
	lines := wrap(text, w)
	for i := range lines {
		lines[i] = v.c.st.plain.Render(lines[i])
	}
	return lines
}

// state says what a finding asks of people and what they said.
func (v *findingsView) state(f advisory.Finding, said string) string {
	switch {
	case f.Severity == advisory.Blocker && f.NeverOverridable:
		return "cannot be overridden: the upgrade would not come to a good end"
	case said == saidOverridden && v.open != nil:
		return "overridden by you; o takes that back"
	case said != "" && v.open == nil:
		return said + " by you"
	case f.Severity == advisory.Blocker:
		return "o overrides it: you type its name, and it goes into the record"
	case said == saidAcknowledged:
		return "acknowledged by you; space takes that back"
	}
	return ""
}

// aboutGroup says what a group is and names what is in it.
func (v *findingsView) aboutGroup(g findingGroup, w int) []string {
	c := v.c
	text := "Notes are only shown."
	switch {
	case g.Untold:
		text = "The project does not show whether these hold: it depends on programs, people or settings elsewhere. Each says what to look at. Nothing has to be acknowledged."
	case g.Severity == advisory.Blocker:
		text = "A blocker stops the upgrade until its cause is gone, or until it is overridden by its name."
	case g.Severity == advisory.Warning:
		text = "Warnings are acknowledged one by one: space says that you read it, and goes to the next."
	}
	lines := append([]string{c.st.strong.Render(c.cut(g.title(), w))}, dimmed(c, wrap(text, w))...)
	var titles []string
	for _, i := range g.Members {
		titles = append(titles, v.findings[i].Title)
	}
	return append(append(lines, ""), c.bullets(titles, w, 0)...)
}
