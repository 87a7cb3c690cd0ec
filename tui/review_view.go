package tui

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// View implements screen.
func (s *reviewScreen) View() string {
	c := s.c
	if s.noisy {
		return s.noiseView()
	}
	lines := []string{c.title(s.title, s.counted(), s.w)}
	if s.text != "" && s.h > 24 {
		lines = append(lines, dimmed(c, wrap(s.text, s.w))...)
	}
	lines = append(lines, s.filterLine())
	longest := s.tree.rows
	if s.hits.on() && !s.filter.typing {
		longest = s.hits.rows
	}
	s.top, s.area = len(lines), reviewSplit(s.w, s.h-len(lines), longest)
	s.list.resize(len(s.rows), s.area.listH)
	from, to := s.list.window()
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, c.listRow(s.row(s.rows[i], s.area.listW-2), i == s.list.at, s.area.listW))
	}
	if len(s.rows) == 0 {
		rows = []string{c.st.hint.Render("  nothing matches")}
	}
	return strings.Join(append(lines, s.join(rows, s.aboutHere())...), "\n")
}

// counted is the state of the whole review in words.
func (s *reviewScreen) counted() string {
	t := s.tree.total
	var parts []string
	if !s.readOnly {
		parts = append(parts, count(t[stateOpen])+" to decide")
	}
	parts = append(parts, count(t[stateAccepted])+" accepted", count(t[stateRejected])+" rejected")
	if fixed := t[stateLocked] + t[stateBlocked]; fixed > 0 {
		parts = append(parts, count(fixed)+" fixed")
	}
	return strings.Join(parts, " "+s.c.g.dot+" ")
}

// reviewSplit is splitPane for a list that is folded and unfolded: the rule
// below it must not jump, so rows is what the list has at most. Side by side, the last line of both says what is out
// of sight.
func reviewSplit(w, h, rows int) split {
	if w >= sideWidth {
		listW := min(w*45/100, 76)
		return split{side: true, listW: listW, listH: max(1, h-1), detailW: w - listW - 3, detailH: max(1, h-1)}
	}
	listH := max(1, min(max(rows, 2)+1, h/2))
	return split{listW: w, listH: listH, detailW: w, detailH: max(1, h-listH-1)}
}

// join puts list and detail together.
func (s *reviewScreen) join(rows, about []string) []string {
	c, a := s.c, s.area
	if !a.side {
		right := joinWords(s.list.where(c), s.about.more(c))
		return a.join(c, rows, about, s.noiseLine(a.listW-ansi.StringWidth(right)-6), right)
	}
	where := s.list.where(c)
	rows = append(c.box(rows, a.listW, a.listH), c.ends("  "+c.st.hint.Render(s.noiseLine(a.listW-ansi.StringWidth(where)-4)), c.st.hint.Render(where), a.listW))
	about = append(c.box(about, a.detailW, a.detailH), c.right(c.st.hint.Render(s.about.more(c)), a.detailW))
	a.listH, a.detailH = a.listH+1, a.detailH+1
	return a.join(c, rows, about, "", "")
}

// scroller is text of which some lines are in sight. What it shows is made
// anew only when it is about something else.
type scroller struct {
	of    any // what the lines were made of
	topic any // another topic scrolls to the top
	lines []string
	from  int
	h     int
}

// show gives the lines in sight, made by draw if of is new.
func (d *scroller) show(topic, of any, h int, draw func() []string) []string {
	if d.of != of {
		d.of, d.lines = of, draw()
	}
	if d.topic != topic {
		d.topic, d.from = topic, 0
	}
	d.h = max(1, h)
	d.scroll(0)
	return d.lines[d.from:min(len(d.lines), d.from+d.h)]
}

func (d *scroller) scroll(by int) { d.from = max(0, min(d.from+by, len(d.lines)-d.h)) }

// Update scrolls and reports whether the key was one of its own.
func (d *scroller) Update(press interface{ String() string }) bool {
	switch press.String() {
	case "pgdown":
		d.scroll(max(1, d.h/2))
	case "pgup":
		d.scroll(-max(1, d.h/2))
	default:
		return false
	}
	return true
}

// more says how much is out of sight, for the end of a rule.
func (d *scroller) more(c *common) string {
	below := len(d.lines) - d.from - d.h
	switch {
	case below > 0:
		return "pgdn " + c.g.dot + " " + strconv.Itoa(below) + " more"
	case d.from > 0:
		return "pgup " + c.g.dot + " " + strconv.Itoa(d.from) + " above"
	}
	return ""
}
