package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"bunnyhop/internal/change"
	"bunnyhop/internal/change/textdiff"
)

// Markdown writes the report as GitHub-flavoured Markdown.
func (r Review) Markdown(w io.Writer) error {
	m := markdown{bufio.NewWriterSize(w, 1<<16)}
	p := newPage(r)
	m.head(p)
	m.destructive(p)
	if p.Total > 0 {
		m.contents(p)
		for _, g := range p.Groups {
			m.group(g)
		}
	}
	m.noise(p)
	return m.Flush() // it gives the first error of all
}

// markdown writes a page. Blocks begin with an empty line.
type markdown struct{ *bufio.Writer }

func (m markdown) say(format string, args ...any) {
	fmt.Fprintf(m, format+"\n", args...)
}

func (m markdown) head(p *page) {
	m.say("# Review: %s", plain(p.Title))
	facts := p.Facts
	if p.Made != "" {
		facts = append(facts[:len(facts):len(facts)], [2]string{"made", p.Made})
	}
	if len(facts) > 0 {
		m.say("")
	}
	for _, fact := range facts {
		m.say("- %s: %s", plain(fact[0]), plain(fact[1]))
	}
	m.say("\n## %s", plural(p.Total, "change", "changes"))
	if p.Total == 0 {
		m.say("\nThere is nothing to decide.")
	}
	for _, t := range p.Tallies {
		m.say("\n| %s | Number |\n|---|--:|", t.Heading)
		for _, row := range t.Rows {
			m.say("| %s | %s |", marked(row.Sign, row.Word), count(row.N))
		}
	}
	if p.LeftOut > 0 {
		m.say("\n%s", outside(p.LeftOut))
	}
	if p.NoiseTotal > 0 {
		m.say("\n[%s](#noise)", noisy(p.NoiseTotal))
	}
}

// marked is a word behind its sign.
func marked(sign, word string) string {
	if sign == "" {
		return word
	}
	return plain(sign) + " " + word
}

func (m markdown) destructive(p *page) {
	if len(p.Destructive) == 0 {
		return
	}
	m.say("\n## Destructive changes\n")
	for _, e := range p.Destructive[:min(manyDestructive, len(p.Destructive))] {
		m.say("- %s", strings.Join(nonEmpty(e.link(), e.Kind.Said(), e.State.Word), " · "))
		m.evidence(e.Evidence, "  ")
	}
	if more := len(p.Destructive) - manyDestructive; more > 0 {
		m.say("\nAnd %s more below.", count(more))
	}
}

// link names a change and leads to it.
func (e *entry) link() string { return fmt.Sprintf("[%s](#c%d)", code(e.Name), e.N) }

func (m markdown) evidence(all []change.Evidence, indent string) {
	for _, e := range all {
		lost := ""
		if e.Loss {
			lost = " · **! lost by this**"
		}
		m.say("%s- %s: %s%s", indent, plain(e.Label), plain(e.Value), lost)
	}
}

func (m markdown) contents(p *page) {
	m.say("\n## All changes\n")
	for _, g := range p.Groups {
		m.say("- [%s](#g%d): %s", code(g.Name), g.N, strings.Join(g.sums(), ", "))
	}
}

// sums is what is in a group, in words.
func (g *group) sums() []string {
	parts := []string{plural(len(g.Entries), "change", "changes")}
	for _, s := range g.States {
		parts = append(parts, count(s.N)+" "+s.Word)
	}
	if g.Risk == change.Destructive {
		parts = append(parts, "**! destructive**")
	}
	return parts
}

func (m markdown) group(g *group) {
	m.say("\n<a id=\"g%d\"></a>\n\n## %s", g.N, code(g.Name))
	for _, e := range g.Entries {
		m.change(e)
	}
}

func (m markdown) change(e *entry) {
	m.say("\n<a id=\"c%d\"></a>\n\n### %s %s", e.N, plain(e.Kind.Sign), code(e.Title))
	facts := nonEmpty(e.Kind.Said(), marked(riskSign(e.Risk), plain(string(e.Risk))), e.State.Word)
	m.say("\n%s", strings.Join(facts, " · "))
	for _, part := range append([]string{e.Purpose, e.Fixed}, e.Detail...) {
		if part != "" {
			m.say("\n%s", plain(part))
		}
	}
	if len(e.Evidence) > 0 {
		m.say("\nSeen in the data:\n")
		m.evidence(e.Evidence, "")
	}
	if v := e.Values(); v != nil {
		m.values(v)
	}
	for _, fact := range []struct{ label, value string }{
		{"Taken back by", plain(e.Undo)}, {"Recommended", e.Recommended}, {"Needs", e.Needs.markdown()}, {"Needed by", e.NeededBy.markdown()},
	} {
		if fact.value != "" {
			m.say("\n%s: %s", fact.label, fact.value)
		}
	}
}

func (l links) markdown() string {
	var all []string
	for _, e := range l.First {
		said := e.link()
		if e.State.Word != "" {
			said += " (" + e.State.Word + ")"
		}
		all = append(all, said)
	}
	if l.More > 0 {
		all = append(all, "and "+count(l.More)+" more")
	}
	return strings.Join(all, ", ")
}

func (m markdown) values(v *values) {
	switch {
	case v.Pair != nil:
		m.say("\nBefore: %s  \nAfter: %s", side(v.Pair.Before), side(v.Pair.After))
	case v.Lines == nil:
		sign, label := "+ ", "After"
		if v.Gone {
			sign, label = "- ", "Before"
		}
		m.say("\n%s:", label)
		m.fence(sign + strings.ReplaceAll(v.Text, "\n", "\n"+sign))
	default:
		m.say("\nBefore (−) and after (+):")
		m.fence(unified(v.Lines))
	}
	if v.Rest != "" {
		m.say("\n%s", v.Rest)
	}
}

func side(pieces []textdiff.Piece) string {
	if pieces == nil {
		return missing
	}
	return code(oneLine.Replace(joined(pieces)))
}

func joined(pieces []textdiff.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

// unified is a difference in one column: what went before what came.
func unified(lines []diffLine) string {
	var out, came []string
	flush := func() { out, came = append(out, came...), nil }
	for _, l := range lines {
		switch {
		case l.Skipped != "":
			flush()
			out = append(out, "@@ "+l.Skipped+" @@")
		case l.Same:
			flush()
			out = append(out, "  "+joined(l.Before))
		default:
			if l.Before != nil {
				out = append(out, "- "+joined(l.Before))
			}
			if l.After != nil {
				came = append(came, "+ "+joined(l.After))
			}
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// fence writes text that nothing in it can end.
func (m markdown) fence(text string) {
	bar := strings.Repeat("`", max(3, longestRun(text)+1))
	m.say("\n%sdiff\n%s\n%s", bar, text, bar)
}

func (m markdown) noise(p *page) {
	if p.NoiseTotal == 0 {
		return
	}
	m.say("\n<a id=\"noise\"></a>\n\n## Noise between versions\n")
	m.say("These differ only in how two versions of Directus, or two databases, describe the same thing. They are not changes: nothing is asked about them, and none is ever applied.\n")
	for _, n := range p.Noise {
		m.say("- %s: %s", plain(n.Reason), count(n.Count))
		for _, example := range n.Examples {
			m.say("  - %s", code(example))
		}
		if n.More > 0 && len(n.Examples) > 0 {
			m.say("  - and %s more", count(n.More))
		}
	}
}

func nonEmpty(all ...string) []string {
	var kept []string
	for _, s := range all {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}
