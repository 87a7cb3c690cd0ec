package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"bunnyhop/internal/change/textdiff"
)

func joined(pieces []textdiff.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

// TestWrappedPieces: no line is too wide, and only blanks go at a break.
func TestWrappedPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ReplaceAll(rapid.StringOfN(rapid.SampledFrom([]rune("ab c_1\n\n  \",:{}äé\u0301春👩\u200d💻")), 0, 60, -1).Draw(t, "text"), "\n", "")
		w := rapid.IntRange(2, 20).Draw(t, "width")
		cut := rapid.IntRange(0, len(textdiff.Split(text))).Draw(t, "cut")
		pieces := []textdiff.Piece{{Text: strings.Join(textdiff.Split(text)[:cut], "")}, {Text: strings.Join(textdiff.Split(text)[cut:], ""), Hot: true}}
		var all strings.Builder
		for _, line := range wrapPieces(pieces, w) {
			if got := ansi.StringWidth(joined(line)); got > w {
				t.Errorf("%q is %d wide, not %d", joined(line), got, w)
			}
			all.WriteString(joined(line))
		}
		if strings.ReplaceAll(all.String(), " ", "") != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q became %q", text, all.String())
		}
	})
}

// TestEqualLinesAreLeftOut: a long value shows its differences and what is
// around them.
func TestEqualLinesAreLeftOut(t *testing.T) {
	c := newCommon(unicodeGlyphs)
	var a, b []string
	for i := range 40 {
		a, b = append(a, strings.Repeat("x", i+1)), append(b, strings.Repeat("x", i+1))
	}
	b[20] = "other"
	for _, w := range []int{50, 100} {
		lines := c.values(strings.Join(a, "\n"), strings.Join(b, "\n"), w)
		text := ansi.Strip(strings.Join(lines, "\n"))
		if len(lines) > 12 || !strings.Contains(text, "17 equal lines") || !strings.Contains(text, "16 equal lines") || !strings.Contains(text, "other") {
			t.Errorf("%d columns:\n%s", w, text)
		}
		for _, line := range lines {
			if got := ansi.StringWidth(line); got > w {
				t.Errorf("%q is %d wide", ansi.Strip(line), got)
			}
		}
	}
}
