package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
)

// checkScreen asks that findings are acknowledged or overridden one by one.
type checkScreen struct {
	pane
	keySet
	c      *common
	gate   steps.Gate
	view   findingsView
	answer steps.Answer
	typed  textinput.Model // the ID of a blocker being overridden
	typing bool
}

func newCheckScreen(c *common, gate steps.Gate) screen {
	s := &checkScreen{c: c, gate: gate}
	s.view = newFindingsView(c, clean(gate.Findings))
	s.view.open = s.open
	s.keySet = keySet{s.bindings}
	return s
}

// raw is the finding under the cursor as it came, nil on a group.
func (s *checkScreen) raw() *advisory.Finding {
	at := s.view.onFinding()
	if at < 0 {
		return nil
	}
	return &s.gate.Findings[at]
}

// open reports whether a finding still keeps enter from working.
func (s *checkScreen) open(i int) bool {
	f := s.gate.Findings[i]
	return f.Severity != advisory.Note && said(f, s.answer.Acknowledged, s.answer.Overrides) == ""
}

// warned is open for warnings alone.
func (s *checkScreen) warned(i int) bool {
	return s.gate.Findings[i].Severity == advisory.Warning && s.open(i)
}

// missing says in one line why enter does not work.
func (s *checkScreen) missing() string {
	if s.gate.Validate(s.answer) == nil {
		return ""
	}
	blockers, warnings := 0, 0
	for i, f := range s.gate.Findings {
		switch {
		case !s.open(i):
		case f.Severity == advisory.Blocker:
			blockers++
		default:
			warnings++
		}
	}
	var parts []string
	if blockers > 0 {
		parts = append(parts, plural(blockers, "blocker in the way", "blockers in the way"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning to acknowledge", "warnings to acknowledge"))
	}
	return strings.Join(parts, ", ")
}

func (s *checkScreen) bindings() []keyed {
	if s.typing {
		return []keyed{live(as("override", keyEnter)), live(as("do not", keyEscape))}
	}
	mark, override := "only a warning is acknowledged", "only a blocker is overridden"
	if f := s.raw(); f == nil && s.view.extra(s.view.here()) != nil {
		mark = "this is only shown; warnings are acknowledged"
	} else if f == nil {
		mark = "this is a group; each warning is acknowledged by itself"
	} else {
		switch {
		case f.Severity == advisory.Warning:
			mark = ""
		case f.Severity == advisory.Blocker && f.NeverOverridable:
			override = "this one cannot be overridden; follow its remedy"
			mark = "a blocker is not acknowledged; follow its remedy"
		case f.Severity == advisory.Blocker:
			override, mark = "", "a blocker is not acknowledged; o overrides it"
		}
	}
	enter, next := unless(s.missing(), keyEnter), ""
	if s.view.shut() {
		enter = live(as("unfold", keyEnter))
	}
	if s.missing() == "" {
		next = "all is said; enter goes on"
	}
	return append(
		[]keyed{unless(mark, keyMark), unless(override, keyOverride), enter, unless(next, keyNextOpen)},
		append(s.view.moreKeys(), unless(next, keyPreviousOpen))...,
	)
}

// Typing implements typist.
func (s *checkScreen) Typing() bool { return s.typing }

// Update implements screen.
func (s *checkScreen) Update(msg tea.Msg) tea.Cmd {
	if s.typing {
		return s.typeOverride(msg)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case s.view.Update(press):
	case key.Matches(press, keyMark):
		s.acknowledge(s.raw().ID)
	case key.Matches(press, keyNextOpen):
		s.view.jump(+1, s.open)
	case key.Matches(press, keyPreviousOpen):
		s.view.jump(-1, s.open)
	case key.Matches(press, keyOverride):
		if id := s.raw().ID; slices.Contains(s.answer.Overrides, id) {
			s.answer.Overrides = toggle(s.answer.Overrides, id)
			return nil
		}
		s.typed, s.typing = s.c.input(""), true
		return s.typed.Focus()
	case key.Matches(press, keyEnter):
		return s.c.ses.answer(s.gate.ID, s.answer)
	}
	return nil
}

// acknowledge acknowledges a warning and moves on to the next that is to be
// acknowledged, or takes it back and stays.
func (s *checkScreen) acknowledge(id string) {
	s.answer.Acknowledged = toggle(s.answer.Acknowledged, id)
	if slices.Contains(s.answer.Acknowledged, id) {
		s.view.jump(+1, s.warned)
	}
}

// Hint implements hinted.
func (s *checkScreen) Hint() string {
	to := "VERSION"
	if t := s.c.rec.facts.target; t != nil {
		to = t.To
	}
	return "bunnyhop check --to " + to + " --markdown prints all of this as a document."
}

// typeOverride takes the typed ID of the blocker under the cursor.
func (s *checkScreen) typeOverride(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case ok && press.String() == "esc":
		s.typing = false
		return nil
	case ok && press.String() == "enter":
		id := s.raw().ID
		if strings.TrimSpace(s.typed.Value()) != cleanText(id) {
			return send(noticeMsg("type " + cleanText(id) + " to override it, or esc"))
		}
		s.answer.Overrides, s.typing = toggle(s.answer.Overrides, id), false
		return nil
	}
	var cmd tea.Cmd
	s.typed, cmd = s.typed.Update(msg)
	return cmd
}

func toggle(ids []string, id string) []string {
	if at := slices.Index(ids, id); at >= 0 {
		return slices.Delete(slices.Clone(ids), at, at+1)
	}
	return append(slices.Clone(ids), id)
}

// View implements screen.
func (s *checkScreen) View() string {
	c := s.c
	for i, f := range s.gate.Findings {
		s.view.said[i] = said(f, s.answer.Acknowledged, s.answer.Overrides)
	}
	status := s.missing()
	if status == "" {
		status = "all said; enter goes on"
	}
	title := cleanText(s.gate.Title)
	lines := []string{c.title(title, s.view.counts(s.w-ansi.StringWidth(title)-1), s.w), c.st.dim.Render(c.cut(status, s.w)), ""}
	foot := []string{}
	if s.typing {
		c.dress(&s.typed)
		s.typed.SetWidth(max(8, s.w-4))
		foot = []string{
			c.rule("override", "", s.w),
			c.cut("Type "+c.st.strong.Render(cleanText(s.raw().ID))+" to go on in spite of it:", s.w),
			c.st.mark.Render("> ") + s.typed.View(),
		}
	}
	lines = append(lines, s.view.draw(s.w, s.h-len(lines)-len(foot))...)
	return strings.Join(append(lines, foot...), "\n")
}

// findingsScreen shows the findings once they are dealt with.
type findingsScreen struct {
	stepBase
	view *findingsView
	// measured is set once the view knows what the rehearsal measured.
	measured bool
}

func newFindingsScreen(c *common, s *stepRecord) screen {
	screen := &findingsScreen{stepBase: newStepBase(c, s)}
	screen.keySet = keySet{func() []keyed {
		if screen.view == nil {
			return outputKeys(s.work)
		}
		return screen.view.moreKeys()
	}}
	return screen
}

// Update implements screen.
func (s *findingsScreen) Update(msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok && s.view != nil && s.view.Update(press) {
		return nil
	}
	return s.stepBase.Update(msg)
}

// View implements screen.
func (s *findingsScreen) View() string {
	f := s.c.rec.facts.findings
	if f == nil || s.s.state == stepFailed {
		return s.render(nil)
	}
	if len(f.Findings)+len(f.Extensions)+len(f.Migrations) == 0 {
		return s.render([]string{s.c.st.ok.Render(s.c.g.done) + " " + s.c.st.plain.Render("nothing of this project is affected")})
	}
	if measured := s.c.rec.facts.rehearsal != nil; s.view == nil || len(s.view.findings) != len(f.Findings) || measured != s.measured {
		view := newFindingsView(s.c, f.Findings)
		s.view, s.measured = &view, measured
	}
	for i, finding := range f.Findings {
		s.view.said[i] = said(finding, f.Acknowledged, f.Overridden)
	}
	lines := []string{s.c.stepTitle(s.s, s.w), s.c.st.dim.Render(s.view.counts(s.w)), ""}
	return strings.Join(append(lines, s.view.draw(s.w, s.h-len(lines))...), "\n")
}
