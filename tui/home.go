package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// homeScreen is the first screen: the project as it is, and what can be done.
type homeScreen struct {
	pane
	keySet
	c      *common
	home   Home
	err    error
	loaded bool
	items  []homeItem
	list   list
}

// homeItem is one thing to do.
type homeItem struct {
	title, about string
	why          string // why it cannot be done now
	msg          tea.Msg
}

func newHomeScreen(c *common) *homeScreen {
	s := &homeScreen{c: c}
	s.keySet = keySet{s.bindings}
	return s
}

// take shows what was found.
func (s *homeScreen) take(msg homeMsg) {
	s.home, s.err, s.loaded = msg.home, msg.err, true
	if s.err == nil {
		s.err = s.home.Problem
	}
	s.items = s.choices()
	s.list = list{}
	s.list.resize(len(s.items), len(s.items))
}

func (s *homeScreen) choices() []homeItem {
	if s.err != nil {
		return nil
	}
	open := s.home.Unfinished
	var items []homeItem
	busy := ""
	if open != nil {
		items = append(items, homeItem{
			title: "Go on with the unfinished " + open.Flow, about: "or take it back",
			msg: openMsg{newResumeScreen(s.c, *open)},
		})
		if open.Touched {
			busy = "the unfinished " + open.Flow + " comes first"
		}
	}
	upgrade := homeItem{title: "Upgrade", about: "choose a version; everything is proved on a copy first", why: busy, msg: startMsg{Job{Kind: JobUpgrade}}}
	if s.home.Recommended != "" {
		upgrade.title += " to " + s.home.Recommended
	}
	items = append(items, upgrade,
		homeItem{title: "Back up", about: "database, files, extensions, configuration; proved by restoring it", why: busy, msg: startMsg{Job{Kind: JobBackup}}})
	if s.offersBackups() {
		about := "look at them, verify, prove again, restore, remove"
		if s.home.LastBackup == "" {
			about = "none here yet"
		}
		items = append(items, homeItem{title: "Backups", about: about, msg: openBackupsMsg{}})
	}
	if last := s.home.CanRollBack; last != nil {
		items = append(items, homeItem{title: "Roll back the last upgrade", about: versionsOf(*last, s.c.g.arrow), why: busy, msg: openMsg{newRollbackScreen(s.c, *last)}})
	}
	if s.c.ses.opts.FindModel != nil {
		items = append(items, homeItem{
			title: "Bring in a data model", about: "of another project, a snapshot, a server; change by change", why: busy,
			msg: openMsg{newBringInScreen(s.c)},
		})
	}
	return append(items, homeItem{title: "Leave", msg: leaveMsg{}})
}

// offersBackups reports whether there is a screen for the backups.
func (s *homeScreen) offersBackups() bool { return s.c.ses.opts.Backups != nil }

func (s *homeScreen) bindings() []keyed {
	if !s.loaded {
		return nil
	}
	if s.err != nil {
		if s.offersBackups() {
			return []keyed{live(keyReload), live(keyBackups)}
		}
		return []keyed{live(keyReload)}
	}
	return []keyed{live(keyMove), unless(s.items[s.list.at].why, as("choose", keyEnter)), live(keyReload)}
}

// Update implements screen.
func (s *homeScreen) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || !s.loaded {
		return nil
	}
	switch {
	case s.list.Update(press):
	case s.err != nil && s.offersBackups() && key.Matches(press, keyBackups):
		return send(openBackupsMsg{})
	case key.Matches(press, keyReload):
		return send(reloadMsg{})
	case key.Matches(press, keyEnter) && len(s.items) > 0:
		return send(s.items[s.list.at].msg)
	}
	return nil
}

// send is the command that does nothing but bring a message.
func send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// View implements screen.
func (s *homeScreen) View() string {
	c := s.c
	lines := []string{c.title("Upgrade wizard for Directus", c.version(), s.w), ""}
	if !s.loaded {
		return strings.Join(append(lines, c.glyph(stepRunning)+" "+c.st.plain.Render("looking at the project "+c.g.more)), "\n")
	}
	if s.err != nil {
		return strings.Join(append(lines, c.problem(s.err, s.w)...), "\n")
	}
	lines = append(lines, s.about()...)
	lines = append(lines, "")
	wide := s.w >= measure
	for i, item := range s.items {
		text := c.st.plain.Render(item.title)
		if item.why != "" {
			text = c.st.hint.Render(item.title)
		}
		if wide {
			text = c.fit(text, 32) + " " + c.st.hint.Render(item.about)
		}
		lines = append(lines, c.listRow(text, i == s.list.at, min(s.w, measure+8)))
	}
	if about := s.items[s.list.at].about; !wide && about != "" {
		lines = append(append(lines, ""), dimmed(c, indent("  ", wrap(about, s.w-2)))...)
	}
	return strings.Join(lines, "\n")
}

// about is the project as it is.
func (s *homeScreen) about() []string {
	c, h := s.c, s.home
	var lines []string
	add := func(label, value string) { lines = append(lines, c.row(label, value, min(s.w, measure))...) }
	add("project", h.Project)
	add("folder", h.Root)
	add("directus", h.Installed)
	add("database", strings.TrimSpace(strings.Join(nonEmpty(h.Vendor, h.Database), " "+c.g.dot+" ")))
	if h.ServerRunning {
		add("server", "running")
	} else {
		add("server", "not running")
	}
	last := h.LastBackup
	if last == "" {
		last = "none yet"
	}
	add("last backup", last)
	newer := "none is recommended"
	if h.Recommended != "" {
		newer = h.Recommended + " is recommended"
	}
	add("newer version", newer)
	if u := h.Unfinished; u != nil {
		text := "the " + u.Flow + " of " + u.Started.Local().Format("2 January, 15:04") + " did not finish; "
		if u.Touched {
			text += "it had begun to change the project"
		} else {
			text += "nothing was changed"
		}
		lines = append(lines, "")
		lines = append(lines, indent(c.st.alert.Render(c.g.warn)+" ", wrap(text, s.w-2))...)
	}
	return lines
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func versionsOf(s steps.Summary, arrow string) string {
	from, _ := s.Data["from"].(string)
	to, _ := s.Data["to"].(string)
	if from == "" || to == "" {
		return s.Started.Local().Format("of 2 January, 15:04")
	}
	return to + " " + arrow + " " + from + s.Started.Local().Format(", upgraded on 2 January, 15:04")
}

// problem is an error made for a person.
func (c *common) problem(err error, w int) []string {
	return c.failure(cleanText(err.Error()), cleanText(fault.StateOf(err)), cleanText(fault.HintOf(err)), w)
}

func (c *common) version() string {
	if c.ses == nil || c.ses.opts.Version == "" {
		return ""
	}
	return "version " + c.ses.opts.Version
}
