package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// confirmDialog asks for a typed name. Its default is No: enter on an empty
// field says no.
type confirmDialog struct {
	pane
	keySet
	quiet
	c     *common
	shown steps.Gate
	in    textinput.Model
	// yes and no are the commands that an answer leads to.
	yes, no tea.Cmd
}

// newConfirmDialog asks the gate of a run.
func newConfirmDialog(c *common, gate steps.Gate) screen {
	return newNameDialog(c, gate,
		c.ses.answer(gate.ID, steps.Answer{Confirm: gate.Confirm}), c.ses.decline(gate.ID, notConfirmed()))
}

// newNameDialog asks for work that is no run.
func newNameDialog(c *common, gate steps.Gate, yes, no tea.Cmd) screen {
	d := &confirmDialog{c: c, shown: clean(gate), quiet: quiet{c.now()}, in: c.input(""), yes: yes, no: no}
	d.keySet = keySet{func() []keyed {
		if d.typed() == "" {
			return []keyed{live(as("no, leave it", keyEnter)), live(as("no", keyEscape))}
		}
		return []keyed{live(as("yes, go on", keyEnter)), live(as("no", keyEscape))}
	}}
	return d
}

func (d *confirmDialog) typed() string { return strings.TrimSpace(d.in.Value()) }

// Init implements screen.
func (d *confirmDialog) Init() tea.Cmd { return d.in.Focus() }

// Typing implements typist.
func (d *confirmDialog) Typing() bool { return true }

// Update implements screen.
func (d *confirmDialog) Update(msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		if !d.over(d.c.now()) {
			return nil
		}
		switch press.String() {
		case "esc":
			return d.no
		case "enter":
			switch d.typed() {
			case "":
				return d.no
			case strings.TrimSpace(d.shown.Confirm):
				return d.yes
			}
			return send(noticeMsg("this is not the name; type " + d.shown.Confirm + ", or esc for no"))
		}
	}
	var cmd tea.Cmd
	d.in, cmd = d.in.Update(msg)
	return cmd
}

func notConfirmed() error {
	return fault.New("you did not confirm it", "nothing was done; start it again when you want to").WithCode(fault.Unanswered)
}

// View implements screen.
func (d *confirmDialog) View() string {
	c, w := d.c, d.w-6
	c.dress(&d.in)
	d.in.SetWidth(max(8, w-4))
	ask := []string{
		"",
		"Type " + c.st.strong.Render(c.cut(d.shown.Confirm, w-20)) + " to go on:",
		c.st.mark.Render("> ") + d.in.View(),
		"",
		c.st.hint.Render("enter on an empty field means no"),
	}
	var text []string
	for part := range strings.SplitSeq(d.shown.Text, "\n") {
		if part == "" {
			text = append(text, "")
			continue
		}
		text = append(text, wrap(part, w)...)
	}
	text = c.clip(text, d.h-len(ask)-4)
	return c.frame(d.shown.Title, append(text, ask...), d.w, d.shown.Destructive)
}
