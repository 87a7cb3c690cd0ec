package tui

import (
	"image/color"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/change"
)

// look is what drawn text depends on beside its subject.
type look struct {
	w, gen int
	ink    color.Color
}

func (s *reviewScreen) look(w int) look { return look{w, s.tree.gen, s.c.st.text} }

// subject is what the detail is about, and subjectAt how it was drawn.
type (
	subject struct {
		row   reviewRow
		needs bool
	}
	subjectAt struct {
		subject
		look
		shown int // of a branch
		h     int
	}
)

// aboutHere is what the cursor is on, at length.
func (s *reviewScreen) aboutHere() []string {
	here, w := s.here(), s.area.detailW
	if here.in == nil {
		s.about.lines = nil
		return nil
	}
	topic := subject{here, s.needs}
	return s.about.show(topic, subjectAt{topic, s.look(w), here.in.shown, s.area.detailH}, s.area.detailH, func() []string {
		switch {
		case here.change < 0:
			return s.aboutBranch(here.in, w)
		case s.needs:
			return append(s.head(here.change, w), s.dependencies(here.change, w)...)
		}
		return s.aboutChange(here.change, w)
	})
}

// head is a change's title with its state, then what it does and its risk.
func (s *reviewScreen) head(i, w int) []string {
	c, ch := s.c, s.shown(i)
	state := s.sign(i) + " " + c.st.dim.Render(s.word(i))
	title := wrap(ch.Title, max(8, w-ansi.StringWidth(state)-2))
	if len(title) == 0 {
		title = []string{""}
	}
	lines := []string{c.ends(c.st.strong.Render(title[0]), state, w)}
	for _, line := range title[1:] {
		lines = append(lines, c.st.strong.Render(line))
	}
	return append(lines, c.ends(c.st.dim.Render(purpose(ch, " "+c.g.arrow+" ")), c.risk(ch.Risk), w))
}

// purpose says in words what a change does to what.
func purpose(ch change.Change, arrow string) string {
	m := ch.Model
	if m == nil {
		return ch.Group
	}
	what := m.Entity + " " + m.Collection
	if m.Field != "" {
		what += "." + m.Field
	}
	if m.Related != "" {
		what += arrow + m.Related
	}
	switch m.Action {
	case actionCreate:
		return "creates the " + what
	case actionDelete:
		return "deletes the " + what
	case actionReplace:
		return "deletes the " + what + " and makes it anew"
	case actionCopy:
		return "copies values into the " + what
	}
	return "changes the " + what
}

// aboutChange is a change at length. A long value stands below what was seen
// in the data, so that nobody has to scroll for what can be lost.
func (s *reviewScreen) aboutChange(i, w int) []string {
	c, ch := s.c, s.shown(i)
	lines := s.head(i, w)
	for part := range strings.SplitSeq(ch.Detail, "\n") {
		for _, line := range wrap(part, w) {
			lines = append(lines, c.st.plain.Render(line))
		}
	}
	if why := c.fixed(ch); why != "" {
		for j, line := range wrap(why, w-2) {
			sign := " "
			if j == 0 {
				sign = s.sign(i)
			}
			lines = append(lines, sign+" "+c.st.alert.Render(line))
		}
	}
	values := c.values(ch.Before, ch.After, w)
	const short = 6
	evidence := c.evidence(ch.Evidence, "lost by this", w)
	parts := [][]string{values, evidence, s.facts(i, w)}
	if len(values) > short {
		parts = [][]string{evidence, s.facts(i, w), values}
	}
	for _, part := range parts {
		if len(part) > 0 {
			lines = append(append(lines, ""), part...)
		}
	}
	return lines
}

// facts is what follows from a change and what it hangs together with.
func (s *reviewScreen) facts(i, w int) []string {
	c, ch := s.c, s.shown(i)
	var lines []string
	if ch.Undo != "" {
		lines = append(lines, c.row("taken back by", ch.Undo, w)...)
	}
	if !s.readOnly && !ch.Fixed() {
		recommended := "reject"
		if ch.Recommended {
			recommended = "accept"
		}
		lines = append(lines, c.row("recommended", recommended, w)...)
	}
	needs, neededBy := s.review.Needs(i), s.review.NeededBy(i)
	if len(needs)+len(neededBy) > 0 {
		lines = append(lines, s.related("needs", needs, w)...)
		lines = append(lines, s.related("needed by", neededBy, w)...)
	}
	return lines
}

// related names the first of the changes that one hangs together with.
func (s *reviewScreen) related(label string, all []int, w int) []string {
	c := s.c
	const limit = 3
	var lines []string
	for _, i := range all[:min(limit, len(all))] {
		room := max(8, w-labelWidth-2)
		lines = append(lines, s.sign(i)+" "+c.st.plain.Render(c.cut(s.name(i), room-16))+"  "+c.st.hint.Render(s.word(i)))
	}
	if more := len(all) - limit; more > 0 {
		lines = append(lines, c.st.hint.Render("and "+count(more)+" more "+c.g.dot+" d shows them"))
	}
	if len(all) == 0 {
		lines = []string{c.st.hint.Render(c.g.missing)}
	}
	return indent(c.st.dim.Render(c.fit(label, labelWidth)), lines)
}

// evidence is what was seen in the data; what would be lost stands out.
func (c *common) evidence(all []change.Evidence, lost string, w int) []string {
	column := labelWidth - 2
	for _, e := range all {
		column = max(column, min(ansi.StringWidth(e.Label)+2, (w-2)/2))
	}
	var lines []string
	for _, e := range all {
		sign, style, value := "  ", c.st.plain, e.Value
		if e.Loss {
			sign, style, value = c.st.fail.Render(c.g.warn)+" ", c.st.fail, strings.Join(nonEmpty(value, lost), " "+c.g.dot+" ")
		}
		labels, values := wrap(e.Label, column-1), wrap(value, max(8, w-column-2))
		for i := range max(len(labels), len(values)) {
			lines = append(lines, sign+c.fit(c.st.dim.Render(nth(labels, i)), column)+style.Render(nth(values, i)))
			sign = "  "
		}
	}
	return lines
}

// manyRelated is how many changes the dependencies list.
const manyRelated = 200

// dependencies is what the change needs and what needs it, each with its
// state.
func (s *reviewScreen) dependencies(i, w int) []string {
	c := s.c
	var lines []string
	for _, part := range []struct {
		heading string
		all     []int
	}{{"needs", s.review.Needs(i)}, {"is needed by", s.review.NeededBy(i)}} {
		lines = append(lines, "", c.st.dim.Render(part.heading))
		if len(part.all) == 0 {
			lines = append(lines, c.st.hint.Render("nothing"))
		}
		for _, j := range part.all[:min(manyRelated, len(part.all))] {
			lines = append(lines, s.sign(j)+" "+c.st.plain.Render(c.cut(s.name(j), w-18))+"  "+c.st.hint.Render(s.word(j)))
		}
		if more := len(part.all) - manyRelated; more > 0 {
			lines = append(lines, c.st.hint.Render("and "+count(more)+" more"))
		}
	}
	return append(lines, "", c.st.hint.Render("d goes back to the change"))
}

// aboutBranch sums a branch up: how much of what is in it, and what accepting
// all of it would lose.
func (s *reviewScreen) aboutBranch(b *branch, w int) []string {
	c := s.c
	name := b.name
	if b.group != nil {
		name = b.group.name + "." + name
	}
	lines := []string{c.ends(c.st.strong.Render(name), c.st.dim.Render(plural(len(b.changes), "change", "changes"))+"  "+c.risk(b.worst), w)}
	lines = append(lines, s.sums(b, w)...)
	var lost []change.Evidence
	const limit = 6
	more := 0
	for _, i := range b.changes {
		for _, e := range s.review.Shown(i).Evidence {
			if !e.Loss {
				continue
			}
			if len(lost) == limit {
				more++
				continue
			}
			e = clean(e)
			e.Value = strings.Join(nonEmpty(e.Value, e.Label), " ")
			e.Label = s.name(i)
			lost = append(lost, e)
		}
	}
	if len(lost) > 0 {
		lines = append(append(lines, "", c.st.dim.Render("what accepting all of it loses")), c.evidence(lost, "", w)...)
		if more > 0 {
			lines = append(lines, c.st.hint.Render("  and "+count(more)+" more"))
		}
	}
	if !s.readOnly {
		all := "everything in " + b.name
		if s.hits.on() && b.shown < len(b.changes) {
			all = "what the filter shows of " + b.name
		}
		lines = append(append(lines, ""), dimmed(c, wrap("a accepts and r rejects "+all+" that can be decided; left and right fold it.", w))...)
	}
	return lines
}

// sums counts the changes of a branch by state and by kind.
func (s *reviewScreen) sums(b *branch, w int) []string {
	c := s.c
	var states, kinds []string
	for state, n := range b.tally {
		if n > 0 {
			states = append(states, count(n)+" "+stateWords[state])
		}
	}
	byAction := map[string]int{}
	for _, i := range b.changes {
		byAction[actionOf(&s.gate.Changes[i])]++
	}
	for _, kind := range []struct{ action, word string }{{actionCreate, "created"}, {actionUpdate, "changed"}, {actionDelete, "deleted"}, {actionReplace, "made anew"}, {actionCopy, "copied into"}} {
		if n := byAction[kind.action]; n > 0 {
			kinds = append(kinds, count(n)+" "+kind.word)
		}
	}
	lines := []string{""}
	for _, part := range []struct {
		label string
		words []string
	}{{"decisions", states}, {"changes", kinds}} {
		if len(part.words) > 0 {
			lines = append(lines, c.row(part.label, strings.Join(part.words, ", "), w)...)
		}
	}
	return lines
}
