package systemschema

import (
	"maps"
	"slices"
)

// PoliciesMigration is the step from version 10 to 11. It ends at once, and is
// recorded, where directus_policies exists already: a second run of it looks
// like a success and makes nothing of what the first one left out
// (@directus/api 11.17.4, dist/database/migrations/20240806A-permissions-policies.js).
const PoliciesMigration = "20240806A"

// Halfway is a migration whose record and whose work do not agree.
type Halfway struct {
	Migration string
	// Recorded says what directus_migrations says: with it, work is missing
	// though it is recorded; without it, work is there that is not recorded.
	Recorded bool
	// Done is what of its work is there, Left what is not, one line each. A table
	// that the migration makes stands for those parts that are as it is itself.
	Done, Left []string
	// Tables are those that the migration makes and that are there.
	Tables []string
	// Whole is set when all of the tables, columns, keys and indexes are as the
	// migration makes them. Of the rows it says nothing.
	Whole bool
	parts map[place]bool
}

type place struct{ table, object string }

// explains reports whether a difference is a part of what is half-way. A table
// stands for all its parts.
func (h Halfway) explains(d Difference) bool {
	return h.parts[place{d.Table, d.Object}] || h.parts[place{d.Table, Table}]
}

// halfway finds the migrations that were begun and not recorded, and those
// that were recorded and not, or not wholly, done.
func (c *Catalogue) halfway(histories map[string]map[string][]Change, tables Tables, had map[string]bool, undone []string) []Halfway {
	var all []Halfway
	firstOpen := true
	for i, id := range c.Migrations {
		if id < c.Since && !had[id] {
			continue // of the time before the catalogue
		}
		recorded := had[id]
		h, made, between := c.effects(histories, tables, had, i+1)
		switch {
		case recorded && slices.Contains(undone, id):
			h.Done = nil
			all = append(all, h)
		case recorded && id == PoliciesMigration && tables["directus_policies"] != nil && tables["directus_access"] == nil:
			all = append(all, h)
		case recorded:
		case made, firstOpen && h.Whole && len(h.Done) > 0:
			h.Whole = h.Whole && !between
			all = append(all, h)
		}
		firstOpen = firstOpen && recorded
	}
	return all
}

// effects compares what a migration does with what is there. made means that
// something is there that only this migration makes; between, that something
// is as it is neither before nor after it.
func (c *Catalogue) effects(histories map[string]map[string][]Change, tables Tables, had map[string]bool, level int) (h Halfway, made, between bool) {
	id := c.migration(level)
	h = Halfway{Migration: id, Recorded: had[id], Whole: true, parts: map[place]bool{}}
	without := maps.Clone(had)
	delete(without, id)
	for _, table := range slices.Sorted(maps.Keys(histories)) {
		for _, name := range inOrder(histories[table]) {
			after, changes := at(histories[table][name], level)
			if !changes || h.Recorded && c.later(histories[table][name], had, level) {
				continue
			}
			before, _ := c.now(histories[table][name], without)
			have := tables[table][name]
			isBefore, isAfter := slices.Contains(before, have), slices.Contains(after, have)
			if isBefore && isAfter {
				continue
			}
			_, own := at(histories[table][Table], level)
			listed := name == Table || !own
			lacking := listed || tables[table] != nil
			switch {
			case isAfter:
				made = made || have != ""
				if name == Table && have != "" {
					h.Tables = append(h.Tables, table)
				}
				if listed {
					h.Done = append(h.Done, object(table, name)+state(have, before, true))
				}
			case isBefore:
				h.Whole = false
				if lacking {
					h.Left = append(h.Left, object(table, name)+state(have, before, false))
				}
			default:
				between, h.Whole = true, false
				h.Left = append(h.Left, object(table, name)+" is not as it was before it, nor as it makes it")
			}
			h.parts[place{table, name}] = true
		}
	}
	return h, made, between
}

// inOrder puts a table before its parts.
func inOrder(objects map[string][]Change) []string {
	names := slices.Sorted(maps.Keys(objects))
	if i := slices.Index(names, Table); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, Table)
	}
	return names
}

// at is what a migration makes of an object, if it changes it.
func at(history []Change, level int) (accepted []string, changes bool) {
	for _, change := range history {
		if change.Level == level {
			return change.Accepted, true
		}
	}
	return nil, false
}

// later reports whether a recorded migration changed the object again.
func (c *Catalogue) later(history []Change, had map[string]bool, level int) bool {
	return slices.ContainsFunc(history, func(change Change) bool {
		return change.Level > level && had[c.migration(change.Level)]
	})
}

func object(table, name string) string {
	if name == Table {
		return "table " + table
	}
	return table + ", " + name
}

// state says how an object is, after or before the migration.
func state(have string, before []string, after bool) string {
	switch wasThere := !slices.Contains(before, ""); {
	case after && have == "":
		return " is gone"
	case after && wasThere:
		return " is changed"
	case after:
		return " is there"
	case have == "":
		return " is missing"
	}
	return " is as it was before"
}

// Explained reports whether a difference belongs to a migration that is
// half-way, and which.
func (r Report) Explained(d Difference) bool {
	return slices.ContainsFunc(r.Halfway, func(h Halfway) bool { return h.explains(d) })
}
