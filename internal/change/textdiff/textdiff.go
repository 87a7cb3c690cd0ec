// Package textdiff compares two texts for a reader: line by line, and lines
// that are alike word by word.
package textdiff

import (
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Piece is a part of a line; a hot one is what differs in it.
type Piece struct {
	Text string
	Hot  bool
}

// Row is one line of two texts. A side that is not there is nil; one that is
// empty is not.
type Row struct {
	Before, After []Piece
	Same          bool
}

// Lines compares two texts.
func Lines(before, after string) []Row {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	var rows []Row
	at := 0
	for _, d := range lcs.DiffLines(a, b) {
		rows = append(rows, same(a[at:d.Start])...)
		rows = append(rows, changed(a[d.Start:d.End], b[d.ReplStart:d.ReplEnd])...)
		at = d.End
	}
	return append(rows, same(a[at:])...)
}

// Equal is how many rows from i on are the same and more than around rows away
// from any difference; 0 where leaving them out is not worth a line to say so.
func Equal(rows []Row, i, around int) int {
	if i > 0 && i < around || i > 0 && !allSame(rows[i-around:i]) {
		return 0
	}
	n := 0
	for i+n < len(rows) && rows[i+n].Same {
		n++
	}
	if i+n < len(rows) {
		n -= around
	}
	if n < 2 {
		return 0
	}
	return n
}

func allSame(rows []Row) bool {
	for _, row := range rows {
		if !row.Same {
			return false
		}
	}
	return true
}

func whole(line string) []Piece { return []Piece{{line, false}} }

func same(lines []string) []Row {
	rows := make([]Row, len(lines))
	for i, line := range lines {
		rows[i] = Row{whole(line), whole(line), true}
	}
	return rows
}

// changed pairs the lines that went with those that came, in order, where
// they are alike.
func changed(gone, came []string) []Row {
	const many = 400 // pairs to look at
	if len(gone) == 1 && len(came) == 1 || len(gone)*len(came) > many {
		return byPlace(gone, came)
	}
	var rows []Row
	next := 0
	for _, line := range gone {
		pair, k := firstAlike(line, came[next:])
		if k < 0 {
			rows = append(rows, Row{Before: whole(line)})
			continue
		}
		rows = append(rows, added(came[next:next+k])...)
		rows, next = append(rows, pair), next+k+1
	}
	return append(rows, added(came[next:])...)
}

// firstAlike finds the first line that is alike, or -1.
func firstAlike(line string, in []string) (Row, int) {
	for k, other := range in {
		if row, alike := Words(line, other); alike {
			return row, k
		}
	}
	return Row{}, -1
}

func added(lines []string) []Row {
	rows := make([]Row, len(lines))
	for i, line := range lines {
		rows[i] = Row{After: whole(line)}
	}
	return rows
}

// byPlace pairs lines by their place.
func byPlace(gone, came []string) []Row {
	rows := make([]Row, max(len(gone), len(came)))
	for i := range rows {
		switch {
		case i >= len(came):
			rows[i].Before = whole(gone[i])
		case i >= len(gone):
			rows[i].After = whole(came[i])
		default:
			rows[i], _ = Words(gone[i], came[i])
		}
	}
	return rows
}
