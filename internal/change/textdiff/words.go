package textdiff

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Words compares two lines word by word and reports whether they are alike:
// whether half of the letters and digits of one are in the other. Nothing is
// hot in lines that are not.
func Words(before, after string) (row Row, alike bool) {
	a, b := Split(before), Split(after)
	at, bt, common := 0, 0, 0
	add := func(to *[]Piece, text []string, hot bool) {
		if len(text) > 0 {
			*to = append(*to, Piece{strings.Join(text, ""), hot})
		}
	}
	for _, d := range lcs.DiffLines(a, b) {
		common += wordy(a[at:d.Start])
		add(&row.Before, a[at:d.Start], false)
		add(&row.After, b[bt:d.ReplStart], false)
		add(&row.Before, a[d.Start:d.End], true)
		add(&row.After, b[d.ReplStart:d.ReplEnd], true)
		at, bt = d.End, d.ReplEnd
	}
	common += wordy(a[at:])
	add(&row.Before, a[at:], false)
	add(&row.After, b[bt:], false)
	if common*2 < min(wordy(a), wordy(b)) || common == 0 {
		return Row{Before: whole(before), After: whole(after)}, false
	}
	if row.Before == nil {
		row.Before = whole("")
	}
	if row.After == nil {
		row.After = whole("")
	}
	return row, true
}

// wordy is the length of what is not room or punctuation.
func wordy(words []string) int {
	n := 0
	for _, word := range words {
		if r, _ := utf8.DecodeRuneInString(word); unicode.IsLetter(r) || unicode.IsDigit(r) {
			n += len(word)
		}
	}
	return n
}

// The kinds of signs of which a word consists.
const (
	none = iota
	letter
	room
	sign
	foreign // signs that may belong together, as those of an emoji
)

// Split cuts a line into words, room and single signs. What is joined to the
// sign before it stays there; scripts without room between words are cut at
// each sign.
func Split(line string) []string {
	const joiner, nonJoiner = '\u200d', '\u200c'
	var all []string
	from, was := 0, none
	for i, r := range line {
		if unicode.IsMark(r) || r == joiner || r == nonJoiner {
			continue
		}
		is := kind(r)
		if was != none && (is != was || is == sign) {
			all, from = append(all, line[from:i]), i
		}
		was = is
	}
	if from < len(line) {
		all = append(all, line[from:])
	}
	return all
}

func kind(r rune) int {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return sign
	case unicode.IsLetter(r), unicode.IsDigit(r), r == '_':
		return letter
	case unicode.IsSpace(r):
		return room
	case r >= utf8.RuneSelf:
		return foreign
	}
	return sign
}
