package tui

import (
	"fmt"
	"path/filepath"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/steps/facts"
)

// The sizes at which the frame changes its shape.
const (
	minWidth, minHeight = 36, 12
	foldWidth           = 60 // below it the rail is one line
	tallHeight          = 30 // from it on there is a free line at the top
)

func (a *app) tooSmall() bool { return a.w < minWidth || a.h < minHeight }

// railWidth is the width of the rail without its separator; 0 folds it.
func (a *app) railWidth() int {
	switch {
	case a.mode == modeHome || a.mode == modeRefused || len(a.c.rec.steps) == 0 || a.w < foldWidth:
		return 0
	case a.w < 100:
		return 16
	case a.w < 150:
		return 24
	}
	return 28
}

// margin is the room at each side of the pane.
func (a *app) margin() int {
	switch {
	case a.w < 100:
		return 1
	case a.railWidth() == 0 && a.w >= 140:
		return 6
	}
	return 2
}

// paneSize is the room that a screen has.
func (a *app) paneSize() (w, h int) {
	w, h = a.w-2-2*a.margin(), a.h-2-a.topRoom()
	if rail := a.railWidth(); rail > 0 {
		w -= rail + 1
	} else if a.folded() {
		h -= 2
	}
	return w, h
}

func (a *app) topRoom() int {
	if a.h >= tallHeight {
		return 1
	}
	return 0
}

func (a *app) folded() bool {
	return a.railWidth() == 0 && a.mode != modeHome && a.mode != modeRefused && len(a.c.rec.steps) > 0
}

// layout tells screens their size.
func (a *app) layout() {
	if a.tooSmall() {
		return
	}
	w, h := a.paneSize()
	a.pane().SetSize(w, h)
	for _, dialog := range []screen{a.dialog, a.overlay} {
		if dialog != nil {
			dialog.SetSize(min(a.w-4, 70), a.h-2)
		}
	}
}

// View implements tea.Model.
func (a *app) View() tea.View {
	view := tea.NewView(a.draw())
	view.AltScreen = true
	if _, takes := a.top().(pointable); takes {
		view.MouseMode = tea.MouseModeCellMotion
	}
	view.WindowTitle = "bunnyhop"
	if name := a.project(); name != "" {
		view.WindowTitle += " " + name
	}
	return view
}

// draw is the whole screen as text.
func (a *app) draw() string {
	if a.w <= 0 || a.h <= 0 {
		return ""
	}
	if a.tooSmall() {
		text := fmt.Sprintf("bunnyhop needs %d columns and %d lines; this terminal has %d and %d.", minWidth, minHeight, a.w, a.h)
		return strings.Join(a.c.box(wrap(text, a.w), a.w, a.h), "\n")
	}
	lines := append([]string{a.header()}, a.body()...)
	base := strings.Join(append(lines, a.footer()), "\n")
	for _, dialog := range []screen{a.dialog, a.overlay} {
		if dialog != nil {
			base = a.over(base, dialog.View())
		}
	}
	return base
}

// over puts a dialog into the middle of the screen, which steps back.
func (a *app) over(base, dialog string) string {
	lines := strings.Split(ansi.Strip(base), "\n")
	for i, line := range lines {
		lines[i] = a.c.st.rule.Render(line)
	}
	// The footer stays as it is: it names the keys of the dialog.
	lines[len(lines)-1] = a.footer()
	x := max(0, (a.w-lipgloss.Width(dialog))/2)
	y := max(1, (a.h-lipgloss.Height(dialog))/2)
	return lipgloss.NewCompositor(
		lipgloss.NewLayer(strings.Join(lines, "\n")),
		lipgloss.NewLayer(dialog).X(x).Y(y).Z(1),
	).Render()
}

// body is what stands between header and footer.
func (a *app) body() []string {
	st, g := a.c.st, a.c.g
	w, h := a.paneSize()
	pane := a.c.box(append(make([]string, a.topRoom()), strings.Split(a.pane().View(), "\n")...), w, h+a.topRoom())
	side := st.rule.Render(g.vertical)
	room := strings.Repeat(" ", a.margin())
	if a.folded() {
		pane = append([]string{a.foldedRail(w), ""}, pane...)
		pane = a.c.box(pane, w, a.h-2)
	}
	rail := a.rail(a.railWidth(), a.h-2)
	lines := make([]string, len(pane))
	for i, line := range pane {
		left := side
		if rail != nil {
			left += rail[i] + side
		}
		lines[i] = left + room + line + room + side
	}
	return lines
}

// header is the top border: what is worked on, and from where to where.
func (a *app) header() string {
	st, g := a.c.st, a.c.g
	line := func(n int) string { return st.rule.Render(strings.Repeat(g.horizontal, max(0, n))) }
	right := a.versions()
	if right != "" {
		right = " " + st.strong.Render(right) + " "
	}
	left := " " + st.title.Render("bunnyhop") + " "
	room := a.w - 6 - ansi.StringWidth(right)
	if name := a.project(); name != "" {
		left += line(1) + " " + st.strong.Render(name)
		for _, part := range a.about() {
			if next := left + st.dim.Render(" "+g.dot+" "+part); ansi.StringWidth(next) < room {
				left = next
			}
		}
		left += " "
	}
	left = a.c.cut(left, room)
	fill := a.w - 4 - ansi.StringWidth(left) - ansi.StringWidth(right)
	return st.rule.Render(g.topLeft) + line(1) + left + line(fill) + right + line(1) + st.rule.Render(g.topRight)
}

// project is the project's name as far as it is known.
func (a *app) project() string {
	rec := a.c.rec
	switch {
	case rec.facts.inspection != nil && rec.facts.inspection.Name != "":
		return rec.facts.inspection.Name
	case a.c.home.Project != "":
		return a.c.home.Project
	case rec.project != "":
		return filepath.Base(rec.project)
	}
	return ""
}

// about is what the header says of the project beside its name.
func (a *app) about() []string {
	if f := a.c.rec.facts.inspection; f != nil {
		return []string{strings.TrimSpace(f.Vendor + " " + f.ServerVersion), f.Installation}
	}
	if a.c.home.Vendor != "" {
		return []string{a.c.home.Vendor}
	}
	return nil
}

// way is from which version to which a run goes: a restore often stays where it
// is.
func (c *common) way(t *facts.Target) string {
	if t.From == t.To {
		return t.To
	}
	return t.From + " " + c.g.arrow + " " + t.To
}

// versions is the right end of the header.
func (a *app) versions() string {
	if t := a.c.rec.facts.target; t != nil && t.To != "" {
		return a.c.way(t)
	}
	if f := a.c.rec.facts.inspection; f != nil && f.Installed != "" {
		return f.Installed
	}
	return a.c.home.Installed
}

// footer is the bottom border: the keys that work now, or a notice.
func (a *app) footer() string {
	st, g := a.c.st, a.c.g
	room := a.w - 6
	var text string
	if a.notice != "" {
		text = st.alert.Bold(true).Render(a.c.cut(g.warn+" "+a.notice, room))
	} else {
		text = a.keyLine(room)
	}
	fill := max(0, a.w-5-ansi.StringWidth(text))
	return st.rule.Render(g.botLeft+g.horizontal) + " " + text + " " +
		st.rule.Render(strings.Repeat(g.horizontal, fill)+g.botRight)
}

// keyLine names the keys of whoever is on top; help and leave come last and
// are never cut off.
func (a *app) keyLine(room int) string {
	st := a.c.st
	between := st.hint.Render(" " + a.c.g.dot + " ")
	item := func(keys, does string) string { return st.key.Render(a.c.keyName(keys)) + " " + st.dim.Render(does) }
	keys := a.top().ShortHelp()
	last := ""
	switch {
	case a.overlay != nil:
	case typing(a.top()):
		last = item("ctrl+c", a.quitWord())
	default:
		last = item("?", "help") + between + item("q", a.quitWord())
		if a.looking != "" {
			keys = append([]key.Binding{keyEarly, keyLater, as("back to now", keyEscape)}, keys...)
		}
	}
	line := ""
	for i, b := range keys {
		next := item(b.Help().Key, b.Help().Desc)
		if last != "" || i < len(keys)-1 {
			next += between
		}
		if ansi.StringWidth(line+next+last) > room {
			break
		}
		line += next
	}
	return line + last
}

func (a *app) quitWord() string {
	if a.mode == modeRunning || a.tending() && a.backups.job != nil {
		return "stop"
	}
	return "leave"
}
