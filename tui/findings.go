package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/advisory"
)

// findingsView is a list of findings with the detail of one.
type findingsView struct {
	c        *common
	findings []advisory.Finding // cleaned
	said     []string           // what the person said to each
	list     list
	detail   detail
}

func newFindingsView(c *common, findings []advisory.Finding) findingsView {
	v := findingsView{c: c, findings: findings, said: make([]string, len(findings)), detail: newDetail()}
	v.list.resize(len(findings), len(findings))
	return v
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

// Update moves in list and detail.
func (v *findingsView) Update(press tea.KeyPressMsg) bool {
	return v.list.Update(press) || v.detail.Update(press)
}

func (v *findingsView) moreKeys() []keyed {
	if v.detail.more() == "" {
		return nil
	}
	return []keyed{live(keyDetailDown)}
}

// counts is how many there are of each severity.
func (v *findingsView) counts() string {
	var parts []string
	for _, s := range []advisory.Severity{advisory.Blocker, advisory.Warning, advisory.Note} {
		if n := advisory.Count(v.findings, s); n > 0 {
			parts = append(parts, plural(n, string(s), string(s)+"s"))
		}
	}
	return strings.Join(parts, " "+v.c.g.dot+" ")
}

func (v *findingsView) draw(w, h int) []string {
	area := splitPane(w, h, len(v.findings))
	v.list.resize(len(v.findings), area.listH)
	from, to := v.list.window()
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, v.c.listRow(v.row(i, area.listW-2), i == v.list.at, area.listW))
	}
	var about []string
	heading := ""
	if len(v.findings) > 0 {
		f := v.findings[v.list.at]
		heading = f.ID
		about = v.detail.show(f.ID, v.about(f, v.said[v.list.at], area), area.detailW, area.detailH)
	}
	return area.join(v.c, rows, about, heading, joinWords(v.list.where(v.c), v.detail.more()))
}

// row is one finding in one line.
func (v *findingsView) row(i, w int) string {
	c, f := v.c, v.findings[i]
	var tag string
	switch {
	case v.said[i] != "":
		tag = c.st.ok.Render(c.g.ticked + " " + v.said[i])
	case f.Severity == advisory.Blocker:
		tag = c.st.fail.Render("blocker")
	case f.Severity == advisory.Warning:
		tag = c.st.alert.Render("warning")
	default:
		tag = c.st.note.Render("note")
	}
	return c.ends(v.sign(f)+" "+c.st.plain.Render(f.Title), tag, w)
}

func (v *findingsView) sign(f advisory.Finding) string {
	switch f.Severity {
	case advisory.Blocker:
		return v.c.st.fail.Render(v.c.g.failed)
	case advisory.Warning:
		return v.c.st.alert.Render(v.c.g.warn)
	case advisory.Note:
	}
	return v.c.st.note.Render(v.c.g.note)
}

// about is a finding at length.
func (v *findingsView) about(f advisory.Finding, said string, area split) []string {
	c, w := v.c, area.detailW
	var lines []string
	for _, line := range wrap(f.Title, w) {
		lines = append(lines, c.st.strong.Render(line))
	}
	if area.side {
		lines = append(lines, c.st.hint.Render(f.ID))
	}
	if len(f.Evidence) > 0 {
		lines = append(append(lines, "", c.st.dim.Render("seen here")), c.bullets(f.Evidence, w, 0)...)
	}
	if f.Remedy != "" {
		lines = append(lines, "", c.st.dim.Render("what to do"))
		for _, line := range wrap(f.Remedy, w) {
			lines = append(lines, c.st.plain.Render(line))
		}
	}
	lines = append(lines, "")
	if f.Severity == advisory.Blocker {
		text := "o overrides it: you type its name, and it goes into the record"
		switch {
		case f.NeverOverridable:
			text = "cannot be overridden: the upgrade would not come to a good end"
		case said == saidOverridden:
			text = "overridden by you; o takes that back"
		}
		lines = append(lines, dimmed(c, wrap(text, w))...)
	}
	if f.Version != "" {
		lines = append(lines, c.row("since", f.Version, w)...)
	}
	if f.Source != "" {
		lines = append(lines, c.row("source", f.Source, w)...)
	}
	return lines
}
