package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// list is a cursor in n lines, of which some are in sight.
type list struct {
	n, at, from, rows int
}

// Update moves the cursor and reports whether the key was one of its own.
func (l *list) Update(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, keyUp):
		l.at--
	case key.Matches(msg, keyDown):
		l.at++
	case key.Matches(msg, keyTop):
		l.at = 0
	case key.Matches(msg, keyBottom):
		l.at = l.n - 1
	default:
		return false
	}
	l.clamp()
	return true
}

// resize says how many lines there are and how many are in sight.
func (l *list) resize(n, rows int) {
	l.n, l.rows = n, max(rows, 1)
	l.clamp()
}

func (l *list) clamp() {
	l.at = max(0, min(l.at, l.n-1))
	l.from = max(0, min(l.from, l.n-l.rows))
	if l.at < l.from {
		l.from = l.at
	}
	if l.at == l.from && l.from > 0 && l.rows > 2 {
		l.from-- // the line above stays in sight: it may be the heading
	}
	if l.at >= l.from+l.rows {
		l.from = l.at - l.rows + 1
	}
}

// window is the range of lines in sight.
func (l *list) window() (from, to int) { return l.from, min(l.n, l.from+l.rows) }

// where says what is out of sight, for the end of a rule.
func (l *list) where(c *common) string {
	from, to := l.window()
	var parts []string
	if from > 0 {
		parts = append(parts, count(from)+" "+c.g.up)
	}
	if to < l.n {
		parts = append(parts, count(l.n-to)+" "+c.g.down)
	}
	return strings.Join(parts, " ")
}

// row draws one line of a list, marked when the cursor is on it.
func (c *common) listRow(text string, here bool, w int) string {
	if !here {
		return "  " + c.fit(text, w-2)
	}
	return c.st.mark.Render(c.g.cursor) + c.st.cursor.Render(" "+c.fit(stripped(text), w-2))
}

// filter is the text that narrows a list.
type filter struct {
	in     textinput.Model
	typing bool
}

func newFilter(c *common) filter { return filter{in: c.input("/ ")} }

// Update takes keys while text is typed; ended is true once typing is over.
func (f *filter) Update(msg tea.Msg) (cmd tea.Cmd, ended bool) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch press.String() {
		case "enter":
			f.stop()
			return nil, true
		case "esc":
			f.in.Reset()
			f.stop()
			return nil, true
		}
	}
	f.in, cmd = f.in.Update(msg)
	return cmd, false
}

func (f *filter) start() tea.Cmd { f.typing = true; return f.in.Focus() }
func (f *filter) stop()          { f.typing = false; f.in.Blur() }

// matches reports whether all words of the filter stand in one of the texts.
func (f *filter) matches(texts ...string) bool { return matches(f.in.Value(), texts...) }

func matches(wanted string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(wanted)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

func (f *filter) on() bool { return f.typing || f.in.Value() != "" }

// line shows the filter, or nothing when there is none.
func (f *filter) line(c *common, w int) []string {
	if !f.on() {
		return nil
	}
	c.dress(&f.in)
	f.in.SetWidth(max(4, w-4))
	return []string{f.in.View()}
}
