package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// pointable is a screen that takes the mouse; x and y count from the top left
// corner of its pane.
type pointable interface {
	Point(msg tea.MouseMsg, x, y int) tea.Cmd
}

// pointed hands a mouse message to the screen on top, if it takes any.
func (a *app) pointed(msg tea.MouseMsg) tea.Cmd {
	top, ok := a.top().(pointable)
	if !ok || a.tooSmall() {
		return nil
	}
	mouse := msg.Mouse()
	x, y := mouse.X-1-a.margin(), mouse.Y-1-a.topRoom()
	if rail := a.railWidth(); rail > 0 {
		x -= rail + 1
	} else if a.folded() {
		y -= 2
	}
	if _, clicked := msg.(tea.MouseClickMsg); clicked {
		a.notice = ""
	}
	return top.Point(msg, x, y)
}

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

// Point implements pointable. A click on a change's sign decides it, one on a
// branch's sign folds it, one elsewhere moves the cursor; the wheel scrolls
// what is under it.
func (s *reviewScreen) Point(msg tea.MouseMsg, x, y int) tea.Cmd {
	y -= s.top
	inList := y >= 0 && y < s.area.listH && x >= 0 && x < s.area.listW
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		by := wheelLines
		switch msg.Button {
		case tea.MouseWheelUp:
			by = -by
		case tea.MouseWheelDown:
		default:
			return nil
		}
		switch {
		case s.noisy:
			s.noise.scroll(by)
		case inList:
			s.list.scroll(by)
		default:
			s.about.scroll(by)
		}
	case tea.MouseClickMsg:
		from, to := s.list.window()
		at := from + y
		if s.noisy || !inList || at >= to || msg.Button != tea.MouseLeft {
			return nil
		}
		s.list.at = at
		s.list.clamp()
		return s.clicked(s.rows[at], x)
	}
	return nil
}

// clicked acts on a click on a row's sign.
func (s *reviewScreen) clicked(row reviewRow, x int) tea.Cmd {
	sign := 2 + ansi.StringWidth(indentation(row))
	switch {
	case x < sign-1 || x > sign+1:
	case row.change < 0:
		s.setShut(row.in, !s.shut(row.in))
		s.layRows()
	case !s.readOnly:
		if why := s.undecidable(); why != "" {
			return send(noticeMsg(why))
		}
		return s.toggle(row.change)
	}
	return nil
}

// scroll moves the lines in sight, and the cursor only where it would be lost.
func (l *list) scroll(by int) {
	l.from = max(0, min(l.from+by, l.n-l.rows))
	first := l.from
	if first > 0 && l.rows > 2 {
		first++ // clamp keeps a line above the cursor
	}
	l.at = max(first, min(l.at, l.from+l.rows-1))
	l.clamp()
}
