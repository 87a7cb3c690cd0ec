package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// rollbackScreen says what rolling a finished upgrade back means, before it
// is begun. The flow itself asks for the typed name.
type rollbackScreen struct {
	pane
	keySet
	c   *common
	run steps.Summary
}

func newRollbackScreen(c *common, run steps.Summary) screen {
	s := &rollbackScreen{c: c, run: run}
	s.keySet = keySet{func() []keyed { return []keyed{live(as("look at what would be lost", keyEnter)), live(keyEscape)} }}
	return s
}

// Update implements screen.
func (s *rollbackScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case key.Matches(press, keyEscape):
		return send(backMsg{})
	case key.Matches(press, keyEnter):
		return send(startMsg{Job{Kind: JobRollback, Run: s.run.ID}})
	}
	return nil
}

// View implements screen.
func (s *rollbackScreen) View() string {
	c, w := s.c, min(s.w, measure)
	text := func(key string) string { v, _ := s.run.Data[key].(string); return v }
	lines := []string{c.title("Roll back the last upgrade", "", s.w), ""}
	lines = append(lines, c.row("upgraded", s.run.Started.Local().Format("2 January 2006, 15:04"), w)...)
	lines = append(lines, c.row("from", text("from"), w)...)
	lines = append(lines, c.row("to", text("to"), w)...)
	lines = append(lines, c.row("backup", text("backup"), w)...)
	lines = append(lines, "")
	lines = append(lines, c.bullets([]string{
		"Code, configuration and database go back together to what they were right before the upgrade.",
		"What was written to the database since the upgrade is not in that backup. It is saved aside first, and you see how much it is before you agree.",
		"The server is stopped while this is done.",
	}, w, 0)...)
	return strings.Join(lines, "\n")
}

// undoLines is the cutover being put back, for the cutover screen.
func (c *common) undoLines(w int) []string {
	lines := []string{}
	for _, s := range c.rec.steps {
		if s.stuck == nil {
			continue
		}
		lines = append(lines, c.failure("taking back "+s.ID+": "+s.stuck.Error, "", "", w)...)
		lines = append(lines, c.manual(s.stuck.Manual, w)...)
	}
	return lines
}

// manual lists commands to run by hand.
func (c *common) manual(commands []string, w int) []string {
	if len(commands) == 0 {
		return nil
	}
	lines := []string{"", c.st.dim.Render("by hand, in this order")}
	for _, command := range commands {
		for i, line := range wrap(command, w-4) {
			sign := "    "
			if i == 0 {
				sign = "  $ "
			}
			lines = append(lines, c.st.hint.Render(sign)+c.st.strong.Render(line))
		}
	}
	return lines
}
