package tui

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"bunnyhop/steps/facts"
)

// listing is what a check shows beside its findings: the extensions, and the
// migrations that will run.
type listing struct {
	title, right string
	intro        string
	needs        bool // something in it asks for a look
	items        []listed
}

// listed is one line of a listing.
type listed struct {
	id, title, tag string
	sign           string // drawn
	lines          []string
}

// listings are those of a check.
func (c *common) listings(f *facts.Findings) []listing {
	to := ""
	if t := c.rec.facts.target; t != nil {
		to = t.To
	}
	var all []listing
	if len(f.Extensions) > 0 {
		all = append(all, c.extensionListing(f.Extensions, to))
	}
	if len(f.Migrations) > 0 {
		all = append(all, c.migrationListing(c.measured(f.Migrations)))
	}
	return all
}

// measured puts in how long migrations took in the rehearsal of this run.
func (c *common) measured(migrations []facts.PendingMigration) []facts.PendingMigration {
	r := c.rec.facts.rehearsal
	if r == nil {
		return migrations
	}
	all := slices.Clone(migrations)
	for i := range all {
		if seconds, ok := r.Times[all[i].ID]; ok {
			all[i].Measured, all[i].MeasuredAt = seconds, r.At
		}
	}
	return all
}

func (c *common) extensionListing(extensions []facts.CheckedExtension, to string) listing {
	l := listing{
		title: plural(len(extensions), "extension", "extensions"),
		intro: "What is installed, for which Directus it was made, and the newest version in the npm registry that is made for the target. After the upgrade the same list is compared with what the new server loaded.",
	}
	asking := 0
	for _, e := range extensions {
		item := listed{id: "extension " + e.Name + " " + e.Folder, title: joinWords(e.Name, e.Version), tag: "fits", sign: c.st.ok.Render(c.g.done), lines: e.Lines(to)}
		switch e.Fits {
		case facts.FitsNo:
			item.tag = "made for others"
		case facts.FitsUnknown:
			item.tag = "does not say"
		}
		if e.Newest != "" && e.Newest != e.Version {
			item.tag = "newer: " + e.Newest
		}
		switch {
		case e.Needs():
			item.sign = c.st.alert.Render(c.g.warn)
			asking++
		case e.Fits != facts.FitsYes || len(e.Uses) > 0:
			item.sign = c.st.note.Render(c.g.open)
		}
		l.items = append(l.items, item)
	}
	if l.needs = asking > 0; l.needs {
		l.right = count(asking) + " to look at"
	}
	return l
}

func (c *common) migrationListing(migrations []facts.PendingMigration) listing {
	total, _, _ := strings.Cut(facts.TotalText(migrations), ",")
	l := listing{
		title: plural(len(migrations), "migration will run", "migrations will run"), right: total,
		intro: "They run on a copy first. Estimates are upper guesses of a small server from the rows of the tables that each touches; the rehearsal measures them.",
	}
	for _, m := range migrations {
		item := listed{id: "migration " + m.ID, title: m.ID + " " + m.Title, sign: c.st.note.Render(c.g.note)}
		if m.Destructive {
			item.sign = c.st.alert.Render(c.g.warn)
		}
		if m.Slow() {
			item.tag = m.Takes()
		}
		for _, line := range []string{m.Summary, m.Takes()} {
			if line != "" {
				item.lines = append(item.lines, line)
			}
		}
		if m.Custom {
			item.lines = append(item.lines, "a migration of this project's own")
		}
		if m.Destructive {
			item.lines = append(item.lines, "removes: "+m.Loss)
		}
		item.lines = append(item.lines, "taken back by restoring the backup")
		l.items = append(l.items, item)
	}
	return l
}

// row is the heading (item -1) or an item in one line.
func (l listing) row(c *common, item int, folded bool, w int) string {
	if item < 0 {
		sign := c.g.unfolded
		if folded {
			sign = c.g.folded
		}
		return c.ends(c.st.mark.Render(sign)+" "+c.st.strong.Render(l.title), c.st.hint.Render(c.cut(l.right, w/2)), w)
	}
	one := l.items[item]
	return c.ends("  "+one.sign+" "+c.st.plain.Render(one.title), c.st.hint.Render(c.cut(one.tag, w/2)), w)
}

// about is the heading or an item at length, and by which name it goes.
func (l listing) about(c *common, item, w int) (of string, lines []string) {
	plain := func(style lipgloss.Style, text string) {
		for _, line := range wrap(text, w) {
			lines = append(lines, style.Render(line))
		}
	}
	if item < 0 {
		plain(c.st.strong, l.title)
		plain(c.st.dim, l.intro)
		if l.right != "" {
			plain(c.st.plain, l.right)
		}
		return l.title, lines
	}
	one := l.items[item]
	plain(c.st.strong, one.title)
	return one.id, append(append(lines, ""), c.bullets(one.lines, w, 0)...)
}
