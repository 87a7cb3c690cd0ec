package database

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TableFingerprint is the state of one table.
type TableFingerprint struct {
	Rows int64 `json:"rows"`
	// Data is the hex of a digest of all rows, whatever their order.
	Data string `json:"data"`
	// Schema is the hex of a digest of columns, indexes and constraints.
	Schema string `json:"schema"`
	// Sequence is the last automatic number given out, where the database
	// keeps it apart from the rows (SQLite's AUTOINCREMENT).
	Sequence int64 `json:"sequence,omitempty"`
}

// Fingerprint is the state of a database: small, comparable, and different
// as soon as one value, one row or one constraint is.
type Fingerprint struct {
	Tables map[string]TableFingerprint `json:"tables"`
	// Other is the hex of a digest of views and triggers.
	Other string `json:"other"`
}

// Diff compares two states, from f to g, and returns one readable line for
// each difference, sorted by table. It looks only at tables that only lets
// through (nil: all); only("") decides on views and triggers.
func (f Fingerprint) Diff(g Fingerprint, only func(table string) bool) []string {
	if only == nil {
		only = func(string) bool { return true }
	}
	names := map[string]bool{}
	for name := range f.Tables {
		names[name] = true
	}
	for name := range g.Tables {
		names[name] = true
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !only(name) {
			continue
		}
		a, before := f.Tables[name]
		b, after := g.Tables[name]
		switch {
		case !after:
			lines = append(lines, fmt.Sprintf("table %s is gone (it had %s)", name, rows(a.Rows)))
		case !before:
			lines = append(lines, fmt.Sprintf("table %s is new (it has %s)", name, rows(b.Rows)))
		default:
			lines = append(lines, a.diff(b, name)...)
		}
	}
	if only("") && f.Other != g.Other {
		lines = append(lines, "views or triggers differ")
	}
	return lines
}

func (a TableFingerprint) diff(b TableFingerprint, name string) []string {
	var lines []string
	if a.Rows != b.Rows {
		lines = append(lines, fmt.Sprintf("table %s: %s before, %s after", name, rows(a.Rows), rows(b.Rows)))
	} else if a.Data != b.Data {
		lines = append(lines, fmt.Sprintf("table %s: same number of rows (%d), other contents", name, a.Rows))
	}
	if a.Schema != b.Schema {
		lines = append(lines, fmt.Sprintf("table %s: columns, indexes or constraints differ", name))
	}
	if a.Sequence != b.Sequence {
		lines = append(lines, fmt.Sprintf("table %s: last automatic number was %d, is %d", name, a.Sequence, b.Sequence))
	}
	return lines
}

// Rows is the number of rows in all tables.
func (f Fingerprint) Rows() int64 {
	var n int64
	for _, table := range f.Tables {
		n += table.Rows
	}
	return n
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// Digest is the hex of a digest that does not depend on the order of columns.
func (s TableSchema) Digest() string {
	s.Columns = slices.Clone(s.Columns)
	slices.SortFunc(s.Columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, numbers and booleans always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
