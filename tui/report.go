package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"bunnyhop/steps"
)

// reportScreen is the end of a run: what was done, or what happened, in what
// state things are, and what to do next.
type reportScreen struct {
	stepBase
	view viewport.Model
}

func newReportScreen(c *common, s *stepRecord) screen {
	r := &reportScreen{stepBase: newStepBase(c, s), view: viewport.New()}
	r.keySet = keySet{func() []keyed {
		if c.rec.result == nil {
			return outputKeys(s.work)
		}
		keys := []keyed{live(as("leave", keyEnter))}
		if !r.view.AtBottom() || r.view.YOffset() > 0 {
			keys = append(keys, live(keyScroll))
		}
		return append(keys, live(as("look at the steps", keyEarly)))
	}}
	return r
}

// Update implements screen.
func (r *reportScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || r.c.rec.result == nil {
		return r.stepBase.Update(msg)
	}
	switch {
	case key.Matches(press, keyEnter):
		return send(leaveMsg{})
	case key.Matches(press, keyPageDown, keyDown):
		r.view.ScrollDown(max(1, r.view.Height()/2))
	case key.Matches(press, keyPageUp, keyUp):
		r.view.ScrollUp(max(1, r.view.Height()/2))
	}
	return nil
}

// View implements screen.
func (r *reportScreen) View() string {
	c, result := r.c, r.c.rec.result
	if result == nil {
		return r.render(nil)
	}
	w := min(r.w, measure)
	head := []string{c.ending(result).Render(c.cut(c.endWords(result), r.w)), ""}
	lines := r.words(result, w)
	r.view.SetWidth(r.w)
	r.view.SetHeight(max(1, r.h-len(head)))
	r.view.SetContentLines(lines)
	return strings.Join(append(head, r.view.View()), "\n")
}

// ending is the look of how a run ended.
func (c *common) ending(r *steps.Result) lipgloss.Style {
	switch r.Status {
	case steps.Done, steps.Abandoned:
		return c.st.ok.Bold(true)
	case steps.Failed, steps.Blocked, steps.NeedsPerson:
		return c.st.fail
	case steps.Unanswered, steps.Interrupted, steps.RolledBack, steps.Running:
	}
	return c.st.alert.Bold(true)
}

// endWords is how a run ended, as a title.
func (c *common) endWords(r *steps.Result) string {
	what := strings.TrimSpace(strings.ToUpper(first(r.Flow)) + strings.TrimPrefix(r.Flow, first(r.Flow)))
	switch r.Status {
	case steps.Done:
		return c.g.done + " " + what + " done"
	case steps.Failed:
		return c.g.failed + " " + what + " failed; the project is as it was"
	case steps.Blocked:
		return c.g.failed + " " + what + " blocked; the project is as it was"
	case steps.Unanswered:
		return c.g.undone + " " + what + " stopped: a question was not answered"
	case steps.Interrupted:
		return c.g.undone + " " + what + " stopped; it can be gone on with"
	case steps.RolledBack:
		return c.g.undone + " Everything was put back"
	case steps.NeedsPerson:
		return c.g.failed + " " + what + " failed, and needs you"
	case steps.Abandoned:
		return c.g.done + " " + what + " given up; the project is as it was"
	case steps.Running:
	}
	return what
}

func first(s string) string {
	if s == "" {
		return ""
	}
	return s[:1]
}

// words is the body of the report.
func (r *reportScreen) words(result *steps.Result, w int) []string {
	c := r.c
	var lines []string
	if result.Error != "" && result.Status != steps.Interrupted {
		what := result.Error
		if result.Step != "" {
			what = result.Step + ": " + what
		}
		lines = append(lines, c.failure(what, "", "", w)...)
		lines = append(lines, "")
	}
	if result.UndoError != "" {
		lines = append(lines, c.failure(result.UndoError, "", "", w)...)
		lines = append(lines, "")
	}
	if result.State != "" {
		lines = append(lines, c.row("state", result.State, w)...)
	}
	if result.Status != steps.Done && result.Hint != "" {
		lines = append(lines, c.row("next", result.Hint, w)...)
	}
	lines = append(lines, r.figures(result, w)...)
	lines = append(lines, c.manual(result.Manual, w)...)
	if f := c.rec.facts.report; f != nil && result.Status == steps.Done {
		if len(f.Lines) > 0 {
			lines = append(append(lines, "", c.st.dim.Render("what was done")), c.bullets(f.Lines, w, 0)...)
		}
		if len(f.Next) > 0 {
			lines = append(append(lines, "", c.st.dim.Render("what you can do now")), c.bullets(f.Next, w, 0)...)
		}
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	return lines
}

// figures is versions, downtime and backup.
func (r *reportScreen) figures(result *steps.Result, w int) []string {
	c, f := r.c, r.c.rec.facts
	var lines []string
	add := func(label, value string) {
		if value != "" {
			lines = append(lines, c.row(label, value, w)...)
		}
	}
	text := func(key string) string { v, _ := result.Data[key].(string); return v }
	if t := f.target; t != nil && result.Status == steps.Done {
		add("directus", c.way(t))
	}
	switch d := c.rec.down; {
	case f.report != nil && f.report.Downtime > 0:
		add("downtime", span(seconds(f.report.Downtime)))
	case d.known() && !d.idle:
		add("downtime", span(d.length(c.now())))
	}
	switch {
	case f.report != nil && f.report.Backup != "":
		add("backup", f.report.Backup)
	case text("backup") != "":
		add("backup", text("backup"))
	case f.backup != nil:
		add("backup", f.backup.Dir)
	}
	if f.upload != nil {
		add("in bucket", copyWords(f.upload))
	}
	if f.retention != nil {
		label := "old backups"
		for _, words := range retentionWords(f.retention) {
			lines = append(lines, c.row(label, words, w)...)
			label = ""
		}
	}
	add("run", result.Run)
	return lines
}
