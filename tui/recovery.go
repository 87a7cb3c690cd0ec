package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/steps"
)

// recoveryDialog asks what to do after a failure in the cutover.
type recoveryDialog struct {
	pane
	keySet
	quiet
	c     *common
	gate  steps.Gate
	shown steps.Gate
	list  list
}

func newRecoveryDialog(c *common, gate steps.Gate) screen {
	d := &recoveryDialog{c: c, gate: gate, shown: clean(gate), quiet: quiet{c.now()}}
	d.list.resize(len(gate.Choices), len(gate.Choices))
	for i, choice := range gate.Choices {
		if choice.Default {
			d.list.at = i
		}
	}
	d.keySet = keySet{func() []keyed {
		return []keyed{live(keyMove), unless(d.shown.Choices[d.list.at].Disabled, as("choose", keyEnter))}
	}}
	return d
}

// Update implements screen.
func (d *recoveryDialog) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || !d.over(d.c.now()) {
		return nil
	}
	switch {
	case d.list.Update(press):
	case key.Matches(press, keyEnter):
		return d.c.ses.answer(d.gate.ID, steps.Answer{Choice: d.gate.Choices[d.list.at].ID})
	}
	return nil
}

// View implements screen.
func (d *recoveryDialog) View() string {
	c, w := d.c, d.w-6
	var choices []homeItem
	for _, choice := range d.shown.Choices {
		choices = append(choices, homeItem{title: choice.Title, about: choice.Detail, why: choice.Disabled})
	}
	rows := c.dialogRows(choices, d.list.at, w, d.h-7)
	what, state, hint := d.shown.Text, "in the middle of the cutover; the backup is complete and proved", ""
	if step := c.rec.gateStep; step != nil && step.failure != nil {
		what, hint = step.failure.Error, step.failure.Hint
		if step.failure.State != "" {
			state = step.failure.State
		}
	}
	text := append(c.wrong(what, w), "")
	text = append(text, c.rowAt(8, "state", state, w)...)
	if hint != "" {
		text = append(text, c.rowAt(8, "next", hint, w)...)
	}
	text = c.clip(text, d.h-len(rows)-5)
	return c.frame(d.shown.Title, append(append(text, ""), rows...), d.w, true)
}
