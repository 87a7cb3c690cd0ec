package tui

import (
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// hinted is a screen of which help says more than its keys.
type hinted interface{ Hint() string }

// helpDialog names every key of a screen, and what the signs mean.
type helpDialog struct {
	pane
	keySet
	c    *common
	of   screen
	text scroller
}

func newHelpDialog(c *common, of screen) screen {
	d := &helpDialog{c: c, of: of}
	d.keySet = keySet{func() []keyed {
		if d.text.more(c) == "" {
			return []keyed{live(as("close", keyEscape))}
		}
		return []keyed{live(keyScroll), live(as("close", keyEscape))}
	}}
	return d
}

// Update implements screen.
func (d *helpDialog) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok || d.text.Update(press):
	case key.Matches(press, keyUp):
		d.text.scroll(-1)
	case key.Matches(press, keyDown):
		d.text.scroll(1)
	case key.Matches(press, keyEscape, keyHelp, keyQuit, keyEnter, keyStop):
		return send(closeMsg{})
	}
	return nil
}

// View implements screen.
func (d *helpDialog) View() string {
	lines, room := d.lines(), d.h-4
	if len(lines) > room {
		lines = d.text.show(nil, d.w, room-1, func() []string { return lines })
		lines = append(lines[:len(lines):len(lines)], d.c.st.hint.Render(d.text.more(d.c)))
	}
	return d.c.frame("Help", lines, d.w, false)
}

func (d *helpDialog) lines() []string {
	c, w := d.c, d.w-6
	h := help.New()
	h.SetWidth(w)
	h.Styles.FullKey, h.Styles.FullDesc, h.Styles.FullSeparator = c.st.key, c.st.plain, c.st.hint
	h.FullSeparator = "    "
	everywhere := []key.Binding{keyHelp, keyQuit, keyStop, keyEarly, keyLater}
	var lines []string
	named := func(groups [][]key.Binding) [][]key.Binding {
		for _, group := range groups {
			for i, b := range group {
				b.SetHelp(c.keyName(b.Help().Key), b.Help().Desc)
				group[i] = b
			}
		}
		return groups
	}
	if groups := named(d.of.FullHelp()); len(groups) > 0 && len(groups[0]) > 0 {
		lines = append(lines, c.st.dim.Render("here"))
		lines = append(lines, strings.Split(h.FullHelpView(groups), "\n")...)
		if of, ok := d.of.(hinted); ok {
			lines = append(append(lines, ""), dimmed(c, wrap(of.Hint(), w))...)
		}
		lines = append(lines, "")
	}
	lines = append(lines, c.st.dim.Render("everywhere"))
	lines = append(lines, strings.Split(h.FullHelpView([][]key.Binding{everywhere[:3], everywhere[3:]}), "\n")...)
	lines = append(lines, "", c.st.dim.Render("signs"))
	signs := []string{
		c.glyph(stepDone) + " done", c.glyph(stepFailed) + " failed", c.glyph(stepUndone) + " put back", c.glyph(stepWaiting) + " to come",
	}
	return append(lines, strings.Join(signs, "   "))
}
