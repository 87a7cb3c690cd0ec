package tui

import (
	"fmt"
	"strings"

	"bunnyhop/internal/advisory"
)

// rail is the list of steps at the left, h lines of w columns; nil when it is
// folded.
func (a *app) rail(w, h int) []string {
	if w == 0 {
		return nil
	}
	rec := a.c.rec
	var lines []string
	at := 0
	gaps := len(rec.steps)+3+a.topRoom()+2 <= h
	for i, s := range rec.steps {
		if gaps && i > 0 && s.Phase != rec.steps[i-1].Phase {
			lines = append(lines, "")
		}
		if s == rec.current || s.ID == a.looking {
			at = len(lines)
		}
		lines = append(lines, a.railLine(s, w))
	}
	top := make([]string, a.topRoom())
	room := h - len(top) - 2
	if over := len(lines) - room; over > 0 { // keep the current step in sight
		from := min(over, max(0, at-room/2))
		lines = lines[from : from+room]
	}
	lines = a.c.box(append(top, lines...), w, h-2)
	return append(lines, a.c.box(a.railFoot(w), w, 2)...)
}

// railLine is one step: its sign, its name, and its result where it fits.
func (a *app) railLine(s *stepRecord, w int) string {
	c := a.c
	sign := c.glyph(s.state)
	if s == c.rec.gateStep {
		sign = c.st.alert.Render(c.g.running)
	}
	name := c.st.dim
	switch {
	case s == c.rec.current && a.mode == modeRunning:
		name = c.st.strong
	case s.state == stepWaiting:
		name = c.st.hint
	case s.state == stepFailed || s.state == stepStuck:
		name = c.st.fail
	}
	text := name.Render(c.cut(s.ID, w-4))
	note := c.railNote(s)
	room := w - 5 - len(s.ID)
	if note != "" && len([]rune(note)) <= room {
		text = c.ends(text, c.st.hint.Render(note), w-4)
	}
	line := " " + sign + " " + c.fit(text, w-4) + " "
	if s.ID == a.looking {
		line = c.st.mark.Render(c.g.cursor) + c.st.cursor.Render(c.fit(stripped(sign)+" "+stripped(text), w-2)) + " "
	}
	return line
}

// railNote is the result of a step in a few characters.
func (c *common) railNote(s *stepRecord) string {
	f := c.rec.facts
	if s.state != stepDone && s.state != stepRunning {
		return ""
	}
	switch {
	case s.ID == "choose" && f.target != nil:
		return f.target.To
	case s.ID == "check" && f.findings != nil:
		if n := advisory.Count(f.findings.Findings, advisory.Warning) + advisory.Count(f.findings.Findings, advisory.Blocker); n > 0 {
			return fmt.Sprintf("%d %s", n, c.g.warn)
		}
	case s.ID == "backup" && f.backup != nil:
		return strings.TrimSuffix(size(f.backup.Bytes), "B")
	case s.ID == "final-backup" && f.final != nil:
		return strings.TrimSuffix(size(f.final.Bytes), "B")
	case s.ID == "prove" && f.proof != nil:
		return plural(f.proof.Tables, "table", "tables")
	case s.ID == "stage" && f.stage != nil:
		return f.stage.Version
	case s.ID == "migrate" && f.migration != nil:
		return count(len(f.migration.Applied))
	case s.ID == "verify" && f.verification != nil:
		good := 0
		for _, check := range f.verification.Checks {
			if check.OK {
				good++
			}
		}
		return fmt.Sprintf("%d/%d", good, len(f.verification.Checks))
	}
	return ""
}

// railFoot is the time that the run has taken.
func (a *app) railFoot(w int) []string {
	rec := a.c.rec
	if rec.began.IsZero() || a.mode != modeRunning {
		return nil
	}
	lines := []string{"", " " + a.c.ends(a.c.st.hint.Render("run"), a.c.st.hint.Render(clock(a.c.now().Sub(rec.began))), w-2)}
	if rec.down.known() && !rec.down.idle {
		lines[0] = " " + a.c.ends(a.c.st.alert.Render("down"), a.c.st.alert.Render(clock(rec.down.length(a.c.now()))), w-2)
	}
	return lines
}

// foldedRail is the rail in one line.
func (a *app) foldedRail(w int) string {
	c, rec := a.c, a.c.rec
	s := rec.current
	if a.looking != "" {
		s = rec.step(a.looking)
	}
	if s == nil {
		return c.st.hint.Render(plural(len(rec.steps), "step", "steps"))
	}
	at := rec.index(s)
	left := c.glyph(s.state) + " " + c.st.strong.Render(fmt.Sprintf("%d/%d %s", at, len(rec.steps), s.ID))
	next := ""
	if at < len(rec.steps) {
		next = c.st.hint.Render("next " + rec.steps[at].ID)
	}
	if rec.down.running() && !rec.down.idle {
		next = c.st.alert.Render("down " + clock(rec.down.length(c.now())))
	}
	return c.ends(left, next, w)
}

func stripped(s string) string { return strings.TrimRight(cleanText(s), " ") }
