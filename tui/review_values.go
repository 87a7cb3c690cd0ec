package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/change/textdiff"
)

const (
	// twoColumns is from where on before and after stand side by side.
	twoColumns = 72
	// around is how many lines that are the same stand around a difference.
	around = 3
	// longest is how many bytes of a value are shown.
	longest = 64 << 10
)

// values shows what is before and after: side by side where there is room,
// else one over the other.
func (c *common) values(before, after string, w int) []string {
	if w >= twoColumns && before != "" && after != "" {
		return c.sideBySide(before, after, w)
	}
	return c.stacked(before, after, w)
}

// stacked shows two values one over the other: as two facts where both are
// short, else as a difference.
func (c *common) stacked(before, after string, w int) []string {
	before, restBefore := shortened(before)
	after, restAfter := shortened(after)
	if before == "" && after == "" {
		return nil
	}
	room := w - labelWidth
	if !strings.Contains(before+after, "\n") && max(ansi.StringWidth(before), ansi.StringWidth(after)) <= room {
		row, _ := textdiff.Words(before, after)
		return []string{c.value("before", before, row.Before, c.st.removed), c.value("after", after, row.After, c.st.added)}
	}
	var lines []string
	switch {
	case before == "":
		lines = append(lines, c.st.dim.Render("after"))
		lines = append(lines, c.oneSide(after, c.g.add, c.st.added, w)...)
	case after == "":
		lines = append(lines, c.st.dim.Render("before"))
		lines = append(lines, c.oneSide(before, c.g.remove, c.st.removed, w)...)
	default:
		lines = append(lines, c.st.removed.Render(c.g.remove)+c.st.dim.Render(" before  ")+c.st.added.Render(c.g.add)+c.st.dim.Render(" after"))
		lines = append(lines, c.inOrder(textdiff.Lines(before, after), w)...)
	}
	return append(lines, c.unshown(restBefore+restAfter)...)
}

// value is one short value with its label.
func (c *common) value(label, text string, pieces []textdiff.Piece, style lipgloss.Style) string {
	name := c.st.dim.Render(c.fit(label, labelWidth))
	if text == "" {
		return name + c.st.hint.Render(c.g.missing)
	}
	return name + dye(pieces, style)
}

func (c *common) oneSide(text, sign string, style lipgloss.Style, w int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, c.signed([]textdiff.Piece{{Text: line}}, sign, style, w)...)
	}
	return lines
}

// inOrder is a difference in one column: what went before what came.
func (c *common) inOrder(rows []textdiff.Row, w int) []string {
	var lines, came []string
	flush := func() { lines, came = append(lines, came...), nil }
	for i := 0; i < len(rows); i++ {
		row := rows[i]
		if row.Same {
			flush()
			if n := textdiff.Equal(rows, i, around); n > 0 {
				lines = append(lines, c.skipped(n, w))
				i += n - 1
				continue
			}
			lines = append(lines, c.signed(row.Before, " ", c.st.dim, w)...)
			continue
		}
		if row.Before != nil {
			lines = append(lines, c.signed(row.Before, c.g.remove, c.st.removed, w)...)
		}
		if row.After != nil {
			came = append(came, c.signed(row.After, c.g.add, c.st.added, w)...)
		}
	}
	flush()
	return lines
}

// sideBySide is a difference in two columns.
func (c *common) sideBySide(before, after string, w int) []string {
	before, restBefore := shortened(before)
	after, restAfter := shortened(after)
	column := (w - 3) / 2
	rule := " " + c.st.rule.Render(c.g.vertical) + " "
	lines := []string{c.fit(c.st.dim.Render("before"), column) + rule + c.st.dim.Render("after")}
	rows := textdiff.Lines(before, after)
	for i := 0; i < len(rows); i++ {
		row := rows[i]
		left, right := c.signed(row.Before, c.g.remove, c.st.removed, column), c.signed(row.After, c.g.add, c.st.added, column)
		if row.Same {
			if n := textdiff.Equal(rows, i, around); n > 0 {
				lines = append(lines, c.skipped(n, w))
				i += n - 1
				continue
			}
			left, right = c.signed(row.Before, " ", c.st.dim, column), c.signed(row.After, " ", c.st.dim, column)
		}
		for j := range max(len(left), len(right)) {
			lines = append(lines, c.fit(nth(left, j), column)+rule+nth(right, j))
		}
	}
	return append(lines, c.unshown(restBefore+restAfter)...)
}

func nth(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func (c *common) skipped(n, w int) string {
	return c.rule("", plural(n, "equal line", "equal lines"), min(w, measure))
}

// shortened cuts a value that is too long to be read, at a line's end where
// there is one, and says how much is left out.
func shortened(value string) (text string, rest int) {
	value = strings.TrimRight(value, "\n")
	if len(value) <= longest {
		return value, 0
	}
	head := strings.ToValidUTF8(value[:longest], "")
	if at := strings.LastIndexByte(head, '\n'); at > longest/2 {
		head = head[:at]
	}
	return head, len(value) - len(head)
}

func (c *common) unshown(rest int) []string {
	if rest == 0 {
		return nil
	}
	return []string{c.st.alert.Render(c.g.warn + " " + size(int64(rest)) + " more are not shown here")}
}

// signed draws one line of a value behind its sign, on as many lines as it
// takes. A side that is not there takes none.
func (c *common) signed(pieces []textdiff.Piece, sign string, style lipgloss.Style, w int) []string {
	if pieces == nil {
		return nil
	}
	room, pieces := indented(pieces, (w-2)/2)
	lines := wrapPieces(pieces, w-2-len(room))
	out := make([]string, len(lines))
	for i, line := range lines {
		if i > 0 {
			sign = " "
		}
		out[i] = style.Render(sign) + " " + room + dye(line, style)
	}
	return out
}

// indented takes the blanks off a line that all lines it is broken into begin
// with, where that leaves them half of the width.
func indented(pieces []textdiff.Piece, limit int) (room string, rest []textdiff.Piece) {
	first := pieces[0]
	text := strings.TrimLeft(first.Text, " ")
	n := len(first.Text) - len(text)
	if n == 0 || first.Hot || n > limit {
		return "", pieces
	}
	return first.Text[:n], append([]textdiff.Piece{{Text: text}}, pieces[1:]...)
}

func dye(pieces []textdiff.Piece, style lipgloss.Style) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Hot {
			b.WriteString(hot(style).Render(p.Text))
		} else {
			b.WriteString(style.Render(p.Text))
		}
	}
	return b.String()
}

// wrapPieces breaks a line between words, and a word that is too long for a
// line of its own anywhere. Nothing but a single blank at a break is lost.
func wrapPieces(pieces []textdiff.Piece, w int) [][]textdiff.Piece {
	w = max(1, w)
	var lines [][]textdiff.Piece
	var line []textdiff.Piece
	width := 0
	add := func(text string, hot bool) {
		if n := len(line); n > 0 && line[n-1].Hot == hot {
			line[n-1].Text += text
		} else {
			line = append(line, textdiff.Piece{Text: text, Hot: hot})
		}
		width += ansi.StringWidth(text)
	}
	wrapLine := func() { lines, line, width = append(lines, line), nil, 0 }
	for _, p := range pieces {
		for _, word := range textdiff.Split(p.Text) {
			n := ansi.StringWidth(word)
			if width > 0 && width+n > w {
				wrapLine()
				if word == " " {
					continue
				}
			}
			for n > w {
				head := ansi.Truncate(word, w, "")
				if head == "" {
					break // one sign that is wider than the line
				}
				add(head, p.Hot)
				wrapLine()
				word = word[len(head):]
				n = ansi.StringWidth(word)
			}
			add(word, p.Hot)
		}
	}
	if line != nil || lines == nil {
		wrapLine()
	}
	return lines
}
