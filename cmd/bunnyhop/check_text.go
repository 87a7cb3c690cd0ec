package main

import (
	"fmt"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/steps/facts"
)

// tally says how many findings there are of each kind.
func (c checked) tally() string {
	uncertain := 0
	for _, f := range c.Findings {
		if f.Uncertain {
			uncertain++
		}
	}
	notes := advisory.Count(c.Findings, advisory.Note)
	text := fmt.Sprintf("%s, %s, %s",
		countText(advisory.Count(c.Findings, advisory.Blocker), "blocker", "blockers"),
		countText(advisory.Count(c.Findings, advisory.Warning), "warning", "warnings"),
		countText(notes, "note", "notes"))
	if uncertain > 0 {
		text += fmt.Sprintf("; %d of them could not be told from here", uncertain)
	}
	return text
}

func (c checked) head() string {
	if c.NothingToCross {
		return fmt.Sprintf("%s · %s %s · Directus %s", c.Project, c.Vendor, c.ServerVersion, c.From)
	}
	return fmt.Sprintf("%s · %s %s · Directus %s → %s", c.Project, c.Vendor, c.ServerVersion, c.From, c.To)
}

// nothing says that there is no version to cross, and what is listed then.
func (c checked) nothing() string {
	text := fmt.Sprintf("Directus %s is installed: there is nothing to cross.", c.To)
	switch {
	case len(c.HalfDone) > 0:
		text += " But its database is not whole: " + c.HalfDone[0].What + "."
	case len(c.Migrations) > 0:
		text += fmt.Sprintf(" But %s of it did not run yet.", countText(len(c.Migrations), "migration", "migrations"))
	}
	return text + " What is listed holds without any upgrade."
}

// findingGroup is what is listed under one heading.
type findingGroup struct {
	title    string
	findings []advisory.Finding
}

// groups are the findings by what they ask of a person, as on the screen.
func (c checked) groups() []findingGroup {
	titles := map[advisory.Severity]string{advisory.Blocker: "Blockers", advisory.Warning: "Warnings", advisory.Note: "Notes"}
	var all []findingGroup
	for _, g := range advisory.Groups(c.Findings) {
		one := findingGroup{title: titles[g.Severity]}
		if g.Untold {
			one.title = "Cannot be told from here"
		}
		for _, i := range g.Members {
			one.findings = append(one.findings, c.Findings[i])
		}
		all = append(all, one)
	}
	return all
}

// text is the check as lines for a terminal.
func (c checked) text(all bool) string {
	var b strings.Builder
	b.WriteString(c.head() + "\n")
	switch {
	case c.NothingToCross:
		b.WriteString(c.nothing() + "\n")
	case c.Reason != "" && c.Reason != "asked for":
		b.WriteString("chosen: " + c.Reason + "\n")
	}
	b.WriteString(c.tally() + "\n")
	for _, group := range c.groups() {
		fmt.Fprintf(&b, "\n%s\n", group.title)
		for _, f := range group.findings {
			b.WriteString("\n")
			writeFinding(&b, f)
		}
	}
	if len(c.Extensions) > 0 {
		fmt.Fprintf(&b, "\n%s:\n", countText(len(c.Extensions), "extension", "extensions"))
		for _, e := range c.Extensions {
			b.WriteString("  " + e.Name + "\n")
			for _, line := range e.Lines(c.To) {
				writeIndented(&b, "    ", line)
			}
		}
	}
	if len(c.Migrations) > 0 {
		fmt.Fprintf(&b, "\n%s will run (%s):\n", countText(len(c.Migrations), "migration", "migrations"), facts.TotalText(c.Migrations))
		for _, m := range c.Migrations {
			line := migrationLine(m.Migration)
			if m.Slow() {
				line += " [" + m.Takes() + "]"
			}
			fmt.Fprintf(&b, "  %s  %s\n", m.ID, line)
		}
	}
	if all {
		fmt.Fprintf(&b, "\nLooked at, and does not apply (%d):\n", len(c.Cleared))
		for _, one := range c.Cleared {
			fmt.Fprintf(&b, "  %s: %s\n", one.ID, orUnknown(one.Why, one.Title))
		}
	} else if len(c.Cleared) > 0 {
		fmt.Fprintf(&b, "\n%s not apply; --all lists them.\n", countText(len(c.Cleared), "rule does", "rules do"))
	}
	return b.String()
}

// migrationLine says what a migration does, and what cannot be taken back by
// Directus itself.
func migrationLine(m directus.Migration) string {
	line := m.Title
	if m.Summary != "" {
		line += ": " + m.Summary
	}
	if m.Destructive {
		line += " (removes " + orUnknown(m.Loss, "data") + ")"
	}
	return line
}

// markdown is the check as a document.
func (c checked) markdown(all bool) string {
	var b strings.Builder
	if c.NothingToCross {
		fmt.Fprintf(&b, "# %s: Directus %s\n\n%s\n\n", markdownText(c.Project), c.From, markdownText(c.nothing()))
	} else {
		fmt.Fprintf(&b, "# %s: Directus %s → %s\n\n", markdownText(c.Project), c.From, c.To)
	}
	fmt.Fprintf(&b, "%s %s. %s.\n", markdownText(c.Vendor), markdownText(c.ServerVersion), c.tally())
	for _, group := range c.groups() {
		fmt.Fprintf(&b, "\n## %s\n", group.title)
		for _, f := range group.findings {
			writeMarkdownFinding(&b, f)
		}
	}
	if len(c.Extensions) > 0 {
		b.WriteString("\n## Extensions\n")
		for _, e := range c.Extensions {
			fmt.Fprintf(&b, "\n### %s\n\n", markdownText(e.Name))
			for _, line := range e.Lines(c.To) {
				b.WriteString("- " + markdownText(line) + "\n")
			}
		}
	}
	if len(c.Migrations) > 0 {
		fmt.Fprintf(&b, "\n## Migrations\n\n%s: %s.\n\n", countText(len(c.Migrations), "migration", "migrations"), markdownText(facts.TotalText(c.Migrations)))
		for _, m := range c.Migrations {
			line := migrationLine(m.Migration)
			if m.Slow() {
				line += " [" + m.Takes() + "]"
			}
			fmt.Fprintf(&b, "- `%s` %s\n", m.ID, markdownText(line))
		}
	}
	if all && len(c.Cleared) > 0 {
		b.WriteString("\n## Does not apply\n\n")
		for _, one := range c.Cleared {
			fmt.Fprintf(&b, "- `%s` %s\n", one.ID, markdownText(orUnknown(one.Why, one.Title)))
		}
	}
	return b.String()
}

func writeMarkdownFinding(b *strings.Builder, f advisory.Finding) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`", markdownText(f.Title), f.ID)
	if f.Version != "" {
		b.WriteString(", since " + f.Version)
	}
	b.WriteString("\n")
	if len(f.Evidence) > 0 {
		b.WriteString("\nSeen here:\n\n")
		for _, line := range f.Evidence {
			b.WriteString("- " + markdownText(line) + "\n")
		}
	}
	if f.Affects != "" {
		fmt.Fprintf(b, "\nWho is affected: %s\n", markdownText(f.Affects))
	}
	if f.Remedy != "" {
		label := "What to do"
		if f.Uncertain {
			label = "What to look at"
		}
		fmt.Fprintf(b, "\n%s: %s\n", label, markdownText(f.Remedy))
	}
	if f.Source != "" {
		fmt.Fprintf(b, "\nSource: %s\n", markdownText(f.Source))
	}
}

// markdownText makes text from a project stand in Markdown as it is.
func markdownText(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", " ")
	var b strings.Builder
	for _, c := range text {
		if strings.ContainsRune("\\`*_[]<>#|~&", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
