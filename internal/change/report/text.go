package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// visible makes text from elsewhere harmless to look at: what a reader cannot
// see, or what reorders other text, is written as an escape (S10). Line breaks
// and tabs stay.
func visible(s string) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n', r == '\t', !unseen(r):
			b.WriteString(s[i : i+n])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

func harmless(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' || c >= 0x7f {
			return false
		}
	}
	return true
}

// unseen are control characters, direction overrides, and signs that take no
// room.
func unseen(r rune) bool {
	const joiner, nonJoiner = '\u200d', '\u200c' // parts of emoji, and of Persian and Indic words
	switch {
	case r == joiner, r == nonJoiner, unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

const (
	longName = 300  // characters of a name or a label
	longText = 4000 // characters of a sentence
)

// line is visible text on one line.
func line(s string) string { return oneLine.Replace(visible(cut(s, longName))) }

// sentence is line for longer text.
func sentence(s string) string { return oneLine.Replace(visible(cut(s, longText))) }

var oneLine = strings.NewReplacer("\n", `\n`, "\t", `\t`)

// paragraphs are the lines of a text that have something in them.
func paragraphs(s string) []string {
	var lines []string
	for part := range strings.SplitSeq(visible(cut(s, longText)), "\n") {
		if part = strings.TrimSpace(part); part != "" {
			lines = append(lines, part)
		}
	}
	return lines
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	at := 0
	for range n {
		_, size := utf8.DecodeRuneInString(s[at:])
		if at += size; at >= len(s) {
			return s
		}
	}
	return s[:at] + "…"
}

func count(n int) string { return humanize.Comma(int64(n)) }

// plural counts things: "1 change", "12 changes".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func size(n int) string { return humanize.Bytes(uint64(max(n, 0))) } //nolint:gosec // not negative
