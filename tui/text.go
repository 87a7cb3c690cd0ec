package tui

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/dustin/go-humanize"

	"bunnyhop/internal/progress"
)

// measure is how wide running text is at most, however wide the terminal.
const measure = 96

// fit makes s exactly w columns wide, on one line.
func (c *common) fit(s string, w int) string {
	n := ansi.StringWidth(s)
	if n > w || strings.ContainsRune(s, '\n') {
		s = c.cut(s, w)
		n = ansi.StringWidth(s)
	}
	if n >= w {
		return s
	}
	last := s != "" && s[len(s)-1] >= utf8.RuneSelf
	s += strings.Repeat(" ", w-n)
	// A sign that joins what follows it can swallow the first blank.
	for last && ansi.StringWidth(s) < w {
		s += " "
	}
	return s
}

// cut makes s at most w columns wide, on one line.
func (c *common) cut(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if strings.ContainsRune(s, '\n') {
		s = strings.Join(strings.Fields(s), " ")
	}
	return ansi.Truncate(s, w, c.g.more)
}

// right puts s at the right end of w columns.
func (c *common) right(s string, w int) string {
	s = c.cut(s, w)
	return strings.Repeat(" ", max(0, w-ansi.StringWidth(s))) + s
}

// ends puts one text at each end of w columns; the left one gives way.
func (c *common) ends(left, right string, w int) string {
	n := ansi.StringWidth(right)
	if n == 0 {
		return c.fit(left, w)
	}
	if n >= w {
		return c.fit(right, w)
	}
	return c.fit(left, w-n-1) + " " + right
}

// wrap breaks text into lines of at most w columns.
func wrap(s string, w int) []string {
	if s == "" || w <= 0 {
		return nil
	}
	w = min(w, measure)
	lines := strings.Split(pathMarks.Replace(ansi.Wrap(mark(s, w), w, pathBreak)), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// Marks of the private use area that stand in for signs while text is wrapped:
// each is as wide as its sign.
const (
	pathBreak  = "\ue000" // a slash that a line may end with
	pathHyphen = "\ue001" // a hyphen that it may not
)

var pathMarks = strings.NewReplacer(pathBreak, "/", pathHyphen, "-")

// mark keeps IDs and paths in one piece where a line can hold them. A longer
// path is broken between its elements.
func mark(s string, w int) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		if ansi.StringWidth(word) <= w {
			words[i] = strings.ReplaceAll(word, "-", pathHyphen)
			continue
		}
		elements := strings.Split(word, "/")
		for j, element := range elements {
			if ansi.StringWidth(element) < w {
				elements[j] = strings.ReplaceAll(element, "-", pathHyphen)
			}
		}
		words[i] = strings.Join(elements, pathBreak)
	}
	return strings.Join(words, " ")
}

// indent puts a prefix before the first line and room before the others.
func indent(prefix string, lines []string) []string {
	room := strings.Repeat(" ", ansi.StringWidth(prefix))
	out := make([]string, len(lines))
	for i, line := range lines {
		if i == 0 {
			out[i] = prefix + line
		} else {
			out[i] = room + line
		}
	}
	return out
}

// box makes lines exactly h high and w wide, cut or filled up.
func (c *common) box(lines []string, w, h int) []string {
	out := make([]string, 0, h)
	for _, line := range lines {
		if len(out) == h {
			return out
		}
		out = append(out, c.fit(line, w))
	}
	for len(out) < h {
		out = append(out, strings.Repeat(" ", w))
	}
	return out
}

// clock is an elapsed time that ticks: 0:07, 12:40, 1:02:03.
func clock(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// span is a length of time in words: 0.4 s, 12 s, 2 min 5 s, 1 h 2 min.
func span(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "< 0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// size is a number of bytes for people.
func size(n int64) string { return humanize.Bytes(uint64(max(n, 0))) } //nolint:gosec // not negative

// count is a number with thousands set apart.
func count[N int | int64](n N) string { return humanize.Comma(int64(n)) }

// plural counts things: "1 table", "12 tables".
func plural[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// amount is a number in a unit of progress.
func amount(n int64, unit progress.Unit) string {
	switch unit {
	case progress.Bytes:
		return size(n)
	case progress.Seconds:
		return clock(time.Duration(n) * time.Second)
	case progress.Rows, progress.Files, progress.Packages, progress.Tables, progress.Steps:
		return count(n) + " " + string(unit)
	}
	return count(n)
}
