package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// startingScreen is shown while an engine is being made.
type startingScreen struct {
	pane
	keySet
	c   *common
	job Job
}

func newStartingScreen(c *common, job Job) screen {
	return &startingScreen{c: c, job: job, keySet: keySet{func() []keyed { return nil }}}
}

// View implements screen.
func (s *startingScreen) View() string {
	what := map[JobKind]string{
		JobUpgrade: "getting ready to upgrade", JobResume: "reading what the unfinished run has done",
		JobRollback: "getting ready to roll back", JobBackup: "getting ready to back up",
		JobAbandon: "ending the unfinished run", JobRestore: "getting ready to restore",
		JobPromote: "getting ready to compare",
	}[s.job.Kind]
	if what == "" {
		what = "getting ready"
	}
	return s.c.glyph(stepRunning) + " " + s.c.st.plain.Render(what+" "+s.c.g.more)
}

// problemScreen says why a job could not be started.
type problemScreen struct {
	pane
	keySet
	c   *common
	job Job
	err error
}

func newProblemScreen(c *common, job Job, err error) screen {
	s := &problemScreen{c: c, job: job, err: err}
	s.keySet = keySet{s.bindings}
	return s
}

func (s *problemScreen) bindings() []keyed {
	if s.c.ses.opts.First != nil {
		return []keyed{live(as("leave", keyEnter))}
	}
	return []keyed{live(as("back", keyEscape))}
}

// Update implements screen.
func (s *problemScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || !key.Matches(press, keyEnter, keyEscape) {
		return nil
	}
	if s.c.ses.opts.First != nil {
		return send(leaveMsg{})
	}
	return tea.Batch(send(backMsg{}), send(reloadMsg{}))
}

// View implements screen.
func (s *problemScreen) View() string {
	title := "The " + string(s.job.Kind) + " could not be started"
	lines := append([]string{s.c.title(title, "", s.w), ""}, s.c.problem(s.err, s.w)...)
	return strings.Join(lines, "\n")
}
