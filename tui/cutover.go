package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// cutoverScreen shows every step that changes the live project at once, with
// the downtime, while they are done and while they are put back.
type cutoverScreen struct {
	pane
	keySet
	c  *common
	at *stepRecord // the step that is looked at, nil for the current one
}

func newCutoverScreen(c *common) *cutoverScreen {
	s := &cutoverScreen{c: c}
	s.keySet = keySet{func() []keyed {
		if step := s.current(); step != nil {
			return outputKeys(step.work)
		}
		return nil
	}}
	return s
}

// current is the step whose progress and output are shown: the one that was
// begun last, or that is looked at.
func (s *cutoverScreen) current() *stepRecord {
	rec := s.c.rec
	if s.at != nil {
		return s.at
	}
	if rec.current != nil && rec.current.Phase == steps.Cutover {
		return rec.current
	}
	var last *stepRecord
	for _, step := range rec.cutover() {
		if step.state != stepWaiting {
			last = step
		}
	}
	return last
}

// Update implements screen.
func (s *cutoverScreen) Update(msg tea.Msg) tea.Cmd {
	if step := s.current(); step != nil {
		step.work.Update(msg)
	}
	return nil
}

// View implements screen.
func (s *cutoverScreen) View() string {
	c, rec := s.c, s.c.rec
	title, downtime := "Cutover", s.downtime()
	if !rec.stops() {
		title, downtime = "Applying", ""
	}
	if rec.undoing {
		title = "Putting everything back"
	}
	lines := []string{c.ends(c.st.title.Render(title), downtime, s.w), ""}
	for _, step := range rec.cutover() {
		lines = append(lines, s.row(step, min(s.w, measure)))
	}
	lines = append(lines, "")
	step := s.current()
	if step != nil {
		lines = append(lines, s.happening(step)...)
		if out := step.work.pane(c, s.w, s.h-len(lines)); out != nil {
			lines = append(lines, out...)
		}
	}
	return strings.Join(lines, "\n")
}

// downtime is the clock at the right of the title.
func (s *cutoverScreen) downtime() string {
	c, d := s.c, s.c.rec.down
	switch {
	case d.idle:
		return c.st.dim.Render("the server was not running")
	case !d.known():
		return c.st.dim.Render("not down yet")
	case d.running():
		return c.st.alert.Bold(true).Render("down for " + clock(d.length(c.now())))
	}
	return c.st.ok.Render("was down for " + span(d.length(c.now())))
}

// row is one step: sign, title, result, time.
func (s *cutoverScreen) row(step *stepRecord, w int) string {
	c := s.c
	title := c.st.plain
	when := ""
	switch step.state {
	case stepWaiting:
		title = c.st.hint
	case stepRunning, stepUndoing:
		title, when = c.st.strong, clock(step.time(c.now()))
	case stepDone:
		when = span(step.elapsed)
	case stepFailed:
		title, when = c.st.fail, "failed"
	case stepUndone:
		when = "put back"
	case stepStuck:
		title, when = c.st.fail, "stuck"
	}
	column := min(26, w/2)
	left := c.glyph(step.state) + " " + c.fit(title.Render(step.Title), column)
	if step.summary != "" && step.state == stepDone {
		left += " " + c.st.dim.Render(c.cut(step.summary, w-column-12))
	}
	return c.ends(left, c.st.dim.Render(when), w)
}

// happening is the progress or the failure of the step at work.
func (s *cutoverScreen) happening(step *stepRecord) []string {
	c := s.c
	var lines []string
	for _, failed := range c.rec.cutover() {
		if f := failed.failure; f != nil && (failed.state == stepFailed || c.rec.undoing) {
			if c.rec.undoing { // state and advice were those before the undo
				lines = append(append(lines, c.wrong(f.Error, s.w)...), "")
				continue
			}
			lines = append(append(lines, c.failure(f.Error, f.State, f.Hint, s.w)...), "")
		}
	}
	if stuck := c.undoLines(s.w); len(stuck) > 0 {
		return append(append(lines, stuck...), "")
	}
	if step.state != stepRunning && step.state != stepUndoing {
		return lines
	}
	if bar := step.work.bar(c, s.w); bar != nil {
		lines = append(append(lines, bar...), "")
	}
	if step.ID == "final-backup" && s.h-len(lines) > 18 {
		lines = append(append(lines, c.backupLines(c.rec.facts.final, step, s.w)...), "")
	}
	return lines
}
