package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// resumeScreen offers what can be done with an unfinished run.
type resumeScreen struct {
	pane
	keySet
	c    *common
	run  steps.Summary
	list list
}

func newResumeScreen(c *common, run steps.Summary) screen {
	s := &resumeScreen{c: c, run: run}
	s.list.resize(len(s.choices()), len(s.choices()))
	s.keySet = keySet{s.bindings}
	return s
}

func (s *resumeScreen) choices() []homeItem {
	resume := homeItem{title: "Go on", about: "what was done is proved again first", msg: startMsg{Job{Kind: JobResume, Run: s.run.ID}}}
	rollback := homeItem{title: "Roll back", about: "put everything back as it was before the cutover", msg: startMsg{Job{Kind: JobRollback, Run: s.run.ID}}}
	abandon := homeItem{title: "Give it up", about: "the project stays as it is; the copies are removed", msg: startMsg{Job{Kind: JobAbandon, Run: s.run.ID}}}
	switch {
	case s.run.Damaged != "":
		resume.why = "the run's journal is damaged"
		rollback.why, abandon.why = resume.why, resume.why
	case s.run.RollingBack:
		resume.title, resume.about = "Finish rolling back", "it was interrupted while it put things back"
		rollback.why = "that is what going on does"
		abandon.why = "it has begun to change the project"
	case s.run.Touched:
		abandon.why = "it has begun to change the project"
	default:
		rollback.why = "nothing was changed that could be put back"
	}
	return []homeItem{resume, rollback, abandon}
}

func (s *resumeScreen) bindings() []keyed {
	return []keyed{live(keyMove), unless(s.choices()[s.list.at].why, as("choose", keyEnter)), live(keyEscape)}
}

// Update implements screen.
func (s *resumeScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case s.list.Update(press):
	case key.Matches(press, keyEscape):
		return send(backMsg{})
	case key.Matches(press, keyEnter):
		return send(s.choices()[s.list.at].msg)
	}
	return nil
}

// View implements screen.
func (s *resumeScreen) View() string {
	c, r := s.c, s.run
	w := min(s.w, measure)
	lines := []string{c.title("An unfinished "+r.Flow, "", s.w), ""}
	lines = append(lines, c.row("begun", r.Started.Local().Format("2 January 2006, 15:04"), w)...)
	lines = append(lines, c.row("last sign", r.Last.Local().Format("2 January 2006, 15:04"), w)...)
	lines = append(lines, c.row("last step", r.Step, w)...)
	if r.Error != "" {
		lines = append(lines, c.row("error", r.Error, w)...)
	}
	lines = append(lines, c.row("project", s.state(), w)...)
	lines = append(lines, "")
	for i, item := range s.choices() {
		title, about := c.st.plain.Render(item.title), item.about
		if item.why != "" {
			title, about = c.st.hint.Render(item.title), "not possible: "+item.why
		}
		lines = append(lines, c.listRow(c.fit(title, 20)+" "+c.st.hint.Render(about), i == s.list.at, w))
	}
	return strings.Join(lines, "\n")
}

func (s *resumeScreen) state() string {
	switch {
	case s.run.Damaged != "":
		return s.run.Damaged
	case s.run.RollingBack:
		return "half put back; it needs this run to be finished"
	case s.run.Touched:
		return "half changed; it needs this run to be finished or rolled back"
	}
	return "as it was before the run"
}
