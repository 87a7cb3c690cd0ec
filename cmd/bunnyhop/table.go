package main

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// table is text in aligned columns, without lines.
type table struct{ rows [][]string }

func newTable(heads ...string) *table { return &table{rows: [][]string{heads}} }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print prints the table. Cells are made fit for a terminal first, so that
// their width is what is seen.
func (t *table) print(a *app) {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i := range row {
			row[i] = a.oneLine(row[i])
			widths[i] = max(widths[i], ansi.StringWidth(row[i]))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+2))
		}
		a.println(strings.TrimRight(line.String(), " "))
	}
}

// when is a time as a person in this time zone reads it.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}
