package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

// gateText is a question in full, as a person sees it on the screen.
func gateText(g steps.Gate) string {
	var b strings.Builder
	fmt.Fprintln(&b, "? "+g.Title)
	if g.Text != "" {
		writeIndented(&b, "  ", g.Text)
	}
	switch g.Kind {
	case steps.GateChoose, steps.GateRecovery:
		for i, c := range g.Choices {
			writeChoice(&b, i, c)
		}
	case steps.GateFindings:
		for _, f := range g.Findings {
			writeFinding(&b, f)
		}
	case steps.GateReview:
		writeChanges(&b, g.Changes)
	case steps.GateConfirm:
		fmt.Fprintf(&b, "  to go on, %q has to be typed\n", g.Confirm)
	}
	return b.String()
}

// writeIndented writes text with the same indent before every line.
func writeIndented(b *strings.Builder, indent, text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		b.WriteString(indent + strings.TrimRight(line, "\n") + "\n")
	}
}

// writeLabelled writes a label before the first line, and the further lines
// under it.
func writeLabelled(b *strings.Builder, label, text string) {
	blank := strings.Repeat(" ", len(label))
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		b.WriteString(label + strings.TrimRight(line, "\n") + "\n")
		label = blank
	}
}

func writeChoice(b *strings.Builder, i int, c steps.Choice) {
	mark := ""
	switch {
	case c.Disabled != "":
		mark = "  (not possible: " + c.Disabled + ")"
	case c.Default:
		mark = "  (recommended)"
	}
	head := fmt.Sprintf("  %2d. %s%s", i+1, c.Title, mark)
	// Most choices are one of many versions: a line each keeps them together.
	if len(head)+len(c.Detail) < 76 && !strings.Contains(c.Detail, "\n") && c.Detail != "" {
		head += "  " + c.Detail
		c.Detail = ""
	}
	fmt.Fprintln(b, head)
	if c.Detail != "" {
		writeIndented(b, "      ", c.Detail)
	}
}

func writeFinding(b *strings.Builder, f advisory.Finding) {
	fmt.Fprintf(b, "  %s %s: %s\n", strings.ToUpper(string(f.Severity)), f.ID, f.Title)
	for _, line := range f.Evidence {
		writeLabelled(b, "    seen here: ", line)
	}
	if f.Remedy != "" {
		writeLabelled(b, "    remedy: ", f.Remedy)
	}
	if f.NeverOverridable {
		b.WriteString("    cannot be overridden\n")
	}
	if source := strings.TrimSpace(strings.Join([]string{f.Version, f.Source}, " ")); source != "" {
		b.WriteString("    source: " + source + "\n")
	}
}

func writeChanges(b *strings.Builder, changes []change.Change) {
	group := ""
	for i, c := range changes {
		if c.Group != group || i == 0 {
			group = c.Group
			fmt.Fprintf(b, "  %s\n", group)
		}
		notes := []string{string(c.Risk)}
		switch {
		case c.Locked != "":
			notes = append(notes, "locked: "+c.Locked)
		case c.Blocked != "":
			notes = append(notes, "cannot be accepted: "+c.Blocked)
		case c.Recommended:
			notes = append(notes, "recommended")
		default:
			notes = append(notes, "not recommended")
		}
		fmt.Fprintf(b, "    %d. %s  (%s)\n       id %s\n", i+1, c.Title, strings.Join(notes, ", "), c.ID)
		if c.Detail != "" {
			writeIndented(b, "       ", c.Detail)
		}
		if c.Before != "" {
			writeIndented(b, "       - ", c.Before)
		}
		if c.After != "" {
			writeIndented(b, "       + ", c.After)
		}
		writeEvidence(b, "       ", c.Evidence)
		if r := c.Relief; r != nil {
			fmt.Fprintf(b, "       if %s is accepted: %s\n", r.By, r.Risk)
			writeIndented(b, "         ", r.Detail)
			writeEvidence(b, "         ", r.Evidence)
		}
		if c.Undo != "" {
			writeLabelled(b, "       undo: ", c.Undo)
		}
		if len(c.Requires) > 0 {
			fmt.Fprintf(b, "       needs %s\n", strings.Join(c.Requires, ", "))
		}
	}
}

func writeEvidence(b *strings.Builder, indent string, all []change.Evidence) {
	for _, e := range all {
		fmt.Fprintf(b, "%s%s: %s\n", indent, e.Label, e.Value)
	}
}

// answerText says how a question was answered.
func answerText(e steps.GateAnswered) string {
	a := e.Answer
	var parts []string
	if a.Choice != "" {
		parts = append(parts, a.Choice)
	}
	if len(a.Acknowledged) > 0 {
		parts = append(parts, "acknowledged "+strings.Join(a.Acknowledged, ", "))
	}
	if len(a.Overrides) > 0 {
		parts = append(parts, "overridden "+strings.Join(a.Overrides, ", "))
	}
	if a.Decisions != nil {
		parts = append(parts, decisionsText(a.Decisions))
	}
	if a.Confirm != "" {
		parts = append(parts, fmt.Sprintf("%q typed", a.Confirm))
	}
	if len(parts) == 0 {
		parts = append(parts, "seen")
	}
	text := "> " + strings.Join(parts, "; ")
	if e.Earlier {
		text += " (answered earlier in this run)"
	}
	return text
}

func decisionsText(d change.Decisions) string {
	var rejected []string
	for _, id := range slices.Sorted(maps.Keys(d)) {
		if !d[id] {
			rejected = append(rejected, id)
		}
	}
	text := fmt.Sprintf("%d accepted, %d rejected", len(d)-len(rejected), len(rejected))
	if len(rejected) > 0 {
		text += " (" + strings.Join(rejected, ", ") + ")"
	}
	return text
}
