package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// quitDialog asks before a run is stopped. Its default is to keep going.
type quitDialog struct {
	pane
	keySet
	quiet    // for ctrl+c only: one that is held down must not answer its own question
	c        *common
	stopping bool // it was asked to stop already
	list     list
}

func newQuitDialog(c *common, stopping bool) screen {
	d := &quitDialog{c: c, stopping: stopping, quiet: quiet{c.now()}}
	d.list.resize(2, 2)
	d.keySet = keySet{func() []keyed {
		return []keyed{live(keyMove), live(as("choose", keyEnter)), live(as("keep going", keyEscape))}
	}}
	return d
}

// offer is what the dialog says and what its second choice does; it follows
// the run while the dialog is open.
func (d *quitDialog) offer() (text, stop, detail string, msg tea.Msg) {
	rec := d.c.rec
	switch {
	case rec.undoing:
		return "Everything is being put back. This cannot be stopped half way.",
			"Leave when it is done", "", leaveLaterMsg{}
	case d.stopping:
		return "The run is stopping: the step at work is finished first.",
			"Leave when it has stopped", "", leaveLaterMsg{}
	case rec.phase() == steps.Finish:
		return "The change itself is done; only the last looks are left.",
			"Leave when they are done", "", leaveLaterMsg{}
	case rec.phase() == steps.Cutover:
		return "The live project is being changed.",
			"Finish this step, then put everything back", "the project will be as it was before", stopMsg{}
	}
	return "Nothing of the live project was changed so far.",
		"Stop here", "you can go on from here later; what is proved is proved again", stopMsg{}
}

// Update implements screen.
func (d *quitDialog) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	_, _, _, stop := d.offer()
	switch {
	case key.Matches(press, keyStop):
		if d.over(d.c.now()) {
			return send(stop)
		}
	case key.Matches(press, keyEscape, keyQuit):
		return send(closeMsg{})
	case d.list.Update(press):
	case key.Matches(press, keyEnter):
		if d.list.at == 1 {
			return send(stop)
		}
		return send(closeMsg{})
	}
	return nil
}

// View implements screen.
func (d *quitDialog) View() string {
	c, w := d.c, d.w-6
	text, stop, detail, _ := d.offer()
	rows := c.dialogRows([]homeItem{{title: "Keep going"}, {title: stop, about: detail}}, d.list.at, w, d.h-7)
	lines := append(c.clip(wrap(text, w), d.h-5-len(rows)), "")
	lines = append(lines, rows...)
	return c.frame("Stop?", lines, d.w, d.c.rec.phase() == steps.Cutover)
}
