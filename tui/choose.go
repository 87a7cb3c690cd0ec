package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/steps"
)

// chooseScreen asks a question that takes one of several choices.
type chooseScreen struct {
	pane
	keySet
	c      *common
	gate   steps.Gate // as it came
	shown  steps.Gate // cleaned, the same order
	filter filter
	list   list
	detail detail
	hits   []int // the choices that the filter leaves
}

func newChooseScreen(c *common, gate steps.Gate) screen {
	if versions := newVersionScreen(c, gate); versions != nil {
		return versions
	}
	s := &chooseScreen{c: c, gate: gate, shown: clean(gate), filter: newFilter(c), detail: newDetail()}
	s.keySet = keySet{s.bindings}
	s.narrow()
	for i, choice := range s.shown.Choices {
		if choice.Default && choice.Disabled == "" {
			s.list.at = i
		}
	}
	return s
}

// narrow applies the filter.
func (s *chooseScreen) narrow() {
	s.hits = s.hits[:0]
	for i, choice := range s.shown.Choices {
		if s.filter.matches(choice.Title, choice.Detail, choice.Disabled) {
			s.hits = append(s.hits, i)
		}
	}
	s.list.n = len(s.hits)
	s.list.clamp()
}

func (s *chooseScreen) here() *steps.Choice {
	if len(s.hits) == 0 {
		return nil
	}
	return &s.shown.Choices[s.hits[s.list.at]]
}

// missing says why enter does not work.
func (s *chooseScreen) missing() string {
	switch choice := s.here(); {
	case choice == nil:
		return "nothing is left by the filter"
	case choice.Disabled != "":
		return choice.Disabled
	}
	return ""
}

func (s *chooseScreen) bindings() []keyed {
	if s.filter.typing {
		return []keyed{live(as("keep filter", keyEnter)), live(as("clear", keyEscape))}
	}
	keys := []keyed{live(keyMove), unless(s.missing(), as("choose", keyEnter)), live(keyFilter)}
	if s.detail.more() != "" {
		keys = append(keys, live(keyDetailDown))
	}
	return keys
}

// Typing implements typist.
func (s *chooseScreen) Typing() bool { return s.filter.typing }

// Update implements screen.
func (s *chooseScreen) Update(msg tea.Msg) tea.Cmd {
	if s.filter.typing {
		cmd, _ := s.filter.Update(msg)
		s.narrow()
		return cmd
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case s.list.Update(press), s.detail.Update(press):
	case key.Matches(press, keyFilter):
		return s.filter.start()
	case key.Matches(press, keyEscape):
		s.filter.in.Reset()
		s.narrow()
	case key.Matches(press, keyEnter):
		return s.c.ses.answer(s.gate.ID, steps.Answer{Choice: s.gate.Choices[s.hits[s.list.at]].ID})
	}
	return nil
}

// View implements screen.
func (s *chooseScreen) View() string {
	c := s.c
	lines := []string{c.title(s.shown.Title, plural(len(s.shown.Choices), "choice", "choices"), s.w)}
	lines = append(lines, dimmed(c, wrap(s.shown.Text, s.w))...)
	lines = append(lines, "")
	lines = append(lines, s.filter.line(c, s.w)...)
	area := splitPane(s.w, s.h-len(lines), len(s.hits))
	s.list.resize(len(s.hits), area.listH)
	from, to := s.list.window()
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, c.listRow(s.row(s.shown.Choices[s.hits[i]], area.listW-2), i == s.list.at, area.listW))
	}
	if len(s.hits) == 0 {
		rows = []string{c.st.hint.Render("  nothing matches")}
	}
	about := s.about(area)
	return strings.Join(append(lines, area.join(c, rows, about, "", joinWords(s.list.where(c), s.detail.more()))...), "\n")
}

func joinWords(parts ...string) string { return strings.Join(nonEmpty(parts...), "  ") }

func dimmed(c *common, lines []string) []string {
	for i := range lines {
		lines[i] = c.st.dim.Render(lines[i])
	}
	return lines
}

// row is one choice: what it is, and one word on it.
func (s *chooseScreen) row(choice steps.Choice, w int) string {
	c := s.c
	switch {
	case choice.Disabled != "":
		return c.ends(c.st.hint.Render(choice.Title), c.st.hint.Render("not possible"), w)
	case choice.Default:
		return c.ends(c.st.strong.Render(choice.Title), c.st.ok.Render("recommended"), w)
	}
	first, _, _ := strings.Cut(choice.Detail, "\n")
	column := 18
	for _, one := range s.shown.Choices {
		column = max(column, ansi.StringWidth(one.Title)+1)
	}
	column = min(column, max(w/3, w-24))
	if ansi.StringWidth(first) > w-column-1 {
		first = "" // it stands in the detail
	}
	return c.fit(c.st.plain.Render(choice.Title), column) + " " + c.st.hint.Render(first)
}

// about is the choice under the cursor at length.
func (s *chooseScreen) about(area split) []string {
	c, choice := s.c, s.here()
	if choice == nil {
		return nil
	}
	var lines []string
	if area.side {
		lines = append(lines, c.st.strong.Render(choice.Title), "")
	}
	if choice.Disabled != "" {
		for _, line := range wrap("not possible: "+choice.Disabled, area.detailW) {
			lines = append(lines, c.st.alert.Render(line))
		}
		lines = append(lines, "")
	}
	for part := range strings.SplitSeq(choice.Detail, "\n") {
		for _, line := range wrap(part, area.detailW) {
			lines = append(lines, c.st.plain.Render(line))
		}
	}
	return s.detail.show(choice.ID, lines, area.detailW, area.detailH)
}

// targetScreen shows what was chosen.
type targetScreen struct{ stepBase }

func newTargetScreen(c *common, s *stepRecord) screen { return &targetScreen{newStepBase(c, s)} }

// View implements screen.
func (s *targetScreen) View() string {
	c, f := s.c, s.c.rec.facts.target
	if f == nil {
		return s.render(nil)
	}
	w := min(s.w, measure)
	lines := c.row("from", f.From, w)
	lines = append(lines, c.row("to", f.To, w)...)
	if f.Reason != "" {
		lines = append(lines, c.row("why", f.Reason, w)...)
	}
	if len(f.NodeMajor) > 0 {
		var majors []string
		for _, major := range f.NodeMajor {
			majors = append(majors, count(major))
		}
		lines = append(lines, c.row("needs Node", strings.Join(majors, " or "), w)...)
	}
	lines = append(lines, c.row("migrations", plural(len(f.Pending), "pending", "pending"), w)...)
	lines = append(lines, "")
	return s.render(append(lines, c.bullets(f.Pending, w, max(4, s.h-len(lines)-4))...))
}
