package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// stepBase is what the screens of steps share: title, progress, failure and
// output around what the step has to show.
type stepBase struct {
	pane
	keySet
	c *common
	s *stepRecord
}

func newStepBase(c *common, s *stepRecord) stepBase {
	return stepBase{c: c, s: s, keySet: keySet{func() []keyed { return outputKeys(s.work) }}}
}

func outputKeys(w *work) []keyed {
	if len(w.lines) == 0 || w.view.AtTop() && w.view.AtBottom() {
		return nil
	}
	keys := []keyed{live(keyScroll)}
	if !w.follow {
		keys = append(keys, live(keyFollow))
	}
	return keys
}

// Update implements screen.
func (b *stepBase) Update(msg tea.Msg) tea.Cmd {
	b.s.work.Update(msg)
	return nil
}

// render puts the step's own lines between progress and output. The output
// gets the room that is left, and at least a third while the step runs.
func (b *stepBase) render(body []string) string {
	c, s := b.c, b.s
	lines := []string{c.stepTitle(s, b.w), ""}
	if s.failure != nil {
		lines = append(lines, c.failure(s.failure.Error, s.failure.State, s.failure.Hint, b.w)...)
		lines = append(lines, "")
	}
	if s.state == stepRunning {
		if bar := s.work.bar(c, b.w); bar != nil {
			lines = append(append(lines, bar...), "")
		}
	}
	if s.state == stepDone && len(body) == 0 && s.summary != "" {
		body = wrap(s.summary, b.w)
	}
	if c.rec.ending != "" && c.rec.result == nil {
		body = append(wrap("clearing up: "+c.rec.ending, b.w), append([]string{""}, body...)...)
	}
	lines = append(lines, body...)
	room := b.h - len(lines) - 1
	if s.state == stepRunning && len(s.work.lines) > 0 && room < b.h/3 {
		room = b.h / 3
		lines = lines[:max(2, min(len(lines), b.h-room-1))]
	}
	if out := s.work.pane(c, b.w, room); out != nil {
		if lines[len(lines)-1] != "" {
			lines = append(lines, "")
		}
		lines = append(lines, out...)
	}
	return strings.Join(lines, "\n")
}

// plainScreen shows a step that has no screen of its own.
type plainScreen struct{ stepBase }

func newPlainScreen(c *common, s *stepRecord) screen { return &plainScreen{newStepBase(c, s)} }

// View implements screen.
func (s *plainScreen) View() string { return s.render(nil) }
