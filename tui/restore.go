package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// restoreScreen says what putting a backup back means, before it is begun. The
// flow itself looks at what would be lost, and asks for the typed name.
type restoreScreen struct {
	pane
	keySet
	c          *common
	from       *backupsScreen
	raw, shown Backup
}

func newRestoreScreen(c *common, from *backupsScreen, raw, shown Backup) screen {
	s := &restoreScreen{c: c, from: from, raw: raw, shown: shown}
	s.keySet = keySet{func() []keyed {
		return []keyed{unless(s.unfit(), as("look at what would be lost", keyEnter)), live(keyEscape)}
	}}
	return s
}

// unfit is why the flow would refuse this backup. Code and database go
// together, or not at all.
func (s *restoreScreen) unfit() string {
	if installed := s.c.home.Installed; installed != "" && s.shown.Directus != installed {
		return "it is of Directus " + s.shown.Directus + ", and " + installed + " is installed"
	}
	return ""
}

// Update implements screen.
func (s *restoreScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case key.Matches(press, keyEscape):
		return send(openMsg{s.from})
	case key.Matches(press, keyEnter):
		return send(startMsg{Job{Kind: JobRestore, Backup: s.raw.Dir}})
	}
	return nil
}

// View implements screen.
func (s *restoreScreen) View() string {
	c, w, b := s.c, min(s.w, measure), &s.shown
	lines := []string{c.title("Put this backup's database back", "", s.w), ""}
	lines = append(lines, c.row("made", c.madeText(b), w)...)
	lines = append(lines, c.row("directus", b.Directus, w)...)
	lines = append(lines, c.row("proved", b.proofText(), w)...)
	lines = append(lines, c.row("backup", b.Dir, w)...)
	lines = append(lines, "")
	if why := s.unfit(); why != "" {
		hint := "install directus@" + b.Directus + " first"
		if c.home.CanRollBack != nil {
			hint = "\"Roll back the last upgrade\" on the first screen takes code and database back together; otherwise " + hint
		}
		return strings.Join(append(lines, c.failure("Not possible: "+why, "", hint, w)...), "\n")
	}
	lines = append(lines, c.bullets([]string{
		"The database goes back to what it was then. Stored files and extensions stay as they are; `bunnyhop restore " + b.ID + " --part files` puts those back.",
		"What was written to the database since then is not in the backup. You see how much that is before you agree, and the present state is saved first.",
		"Every byte of the backup is read again, and the server is stopped while the database is swapped.",
	}, w, 0)...)
	return strings.Join(lines, "\n")
}
