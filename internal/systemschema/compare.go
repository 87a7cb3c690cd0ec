package systemschema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/database"
)

// Kind says in which way an object differs.
type Kind int

// The kinds.
const (
	Missing Kind = iota // expected, and not there
	Differs             // there, with another definition
	Extra               // there, and not expected
)

// Difference is an object that is not as the recorded migrations left it.
type Difference struct {
	Kind          Kind
	Table, Object string
	Have          string   // its definition; empty if it is missing
	Want          []string // the definitions that it may have; empty if it is extra
	// Made is the recorded migration that made it as it should be, "" for the
	// tables of a new installation.
	Made string
	// Next is the first pending migration that changes the object, "" if none
	// does.
	Next string
}

// Report is the outcome of a comparison.
type Report struct {
	Differences []Difference
	// Undone are recorded migrations of which nothing is there.
	Undone []string
	// Halfway are migrations whose record and whose work do not agree, those of
	// Undone among them.
	Halfway []Halfway
	// Others are recorded migrations that are not Directus' own; what differs may
	// be their work.
	Others []string
	// Unknown says why nothing can be told; empty if it can.
	Unknown string
}

var ownID = regexp.MustCompile(`^[0-9]{8}[A-Z]$`)

// Compare compares the system tables of a database with the catalogue.
// recorded are the ids of all migrations that it has had, pending those that
// are to come. What the catalogue does not know is never a difference.
func (c *Catalogue) Compare(vendor database.Vendor, tables Tables, recorded, pending []string) Report {
	report := Report{}
	histories := c.Histories[vendor]
	if histories == nil {
		report.Unknown = fmt.Sprintf("the catalogue of Directus' tables has nothing about %s", vendor)
		return report
	}
	had := map[string]bool{}
	for _, id := range recorded {
		had[id] = true
		switch {
		case slices.Contains(c.Migrations, id):
		case ownID.MatchString(id) && id > c.Migrations[len(c.Migrations)-1]:
			report.Unknown = fmt.Sprintf("migration %s is newer than the catalogue of Directus' tables, which ends with %s", id, c.Directus[len(c.Directus)-1])
			return report
		default:
			report.Others = append(report.Others, id)
		}
	}
	if !had[c.Since] {
		report.Unknown = fmt.Sprintf("the tables are older than Directus %s, with which the catalogue of Directus' tables begins", c.Directus[0])
		return report
	}
	for _, table := range slices.Sorted(maps.Keys(histories)) {
		report.Differences = append(report.Differences, c.compareTable(table, histories[table], tables[table], had, pending)...)
	}
	report.Undone = c.undone(histories, report.Differences, had)
	report.Halfway = c.halfway(histories, tables, had, report.Undone)
	return report
}

func (c *Catalogue) compareTable(table string, histories map[string][]Change, have Objects, recorded map[string]bool, pending []string) []Difference {
	if one := c.compareObject(table, Table, histories[Table], have, recorded, pending); one != nil {
		// The parts of a table that is not there, or should not be, tell no more.
		for _, history := range histories {
			one.Next = first(one.Next, c.next(history, pending))
		}
		return []Difference{*one}
	}
	var all []Difference
	names := slices.Collect(maps.Keys(histories))
	for name := range have {
		if histories[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if one := c.compareObject(table, name, histories[name], have, recorded, pending); one != nil {
			all = append(all, *one)
		}
	}
	return all
}

func (c *Catalogue) compareObject(table, name string, history []Change, tables Objects, recorded map[string]bool, pending []string) *Difference {
	want, level := c.now(history, recorded)
	have := tables[name]
	if slices.Contains(want, have) {
		return nil
	}
	d := Difference{Kind: Differs, Table: table, Object: name, Have: have, Want: want, Made: c.migration(level), Next: c.next(history, pending)}
	switch {
	case have == "":
		d.Kind = Missing
	case len(want) == 1 && want[0] == "":
		d.Kind, d.Want, d.Made = Extra, nil, ""
	}
	d.Want = slices.DeleteFunc(d.Want, func(definition string) bool { return definition == "" })
	return &d
}

// next is the first pending migration that changes an object.
func (c *Catalogue) next(history []Change, pending []string) string {
	next := ""
	for _, change := range history {
		if id := c.migration(change.Level); id != "" && slices.Contains(pending, id) {
			next = first(next, id)
		}
	}
	return next
}

func first(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// undone lists recorded migrations of whose work nothing is there, unless that
// work is a single index or key, which anybody may have dropped.
func (c *Catalogue) undone(histories map[string]map[string][]Change, differences []Difference, recorded map[string]bool) []string {
	missing, lost, columns := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, d := range differences {
		if d.Kind == Missing {
			missing[d.Made]++
			columns[d.Made] = columns[d.Made] || strings.HasPrefix(d.Object, "column ")
			if d.Object == Table {
				lost[d.Table] = true
			}
		}
	}
	made := map[string]int{}
	for table, objects := range histories {
		for name, history := range objects {
			want, level := c.now(history, recorded)
			if slices.Contains(want, "") {
				continue
			}
			id := c.migration(level)
			made[id]++
			if lost[table] && name != Table {
				missing[id]++
			}
		}
	}
	var undone []string
	for id, count := range missing {
		if id != "" && (count > 1 || columns[id]) && count == made[id] {
			undone = append(undone, id)
		}
	}
	slices.Sort(undone)
	return undone
}
