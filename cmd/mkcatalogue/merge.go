package main

import (
	"fmt"
	"slices"

	"bunnyhop/internal/database"
	"bunnyhop/internal/systemschema"
)

// merge makes the lives of several databases one history of each object.
func merge(catalogue *systemschema.Catalogue, vendor database.Vendor, lives []life) error {
	ids := []string{}
	for _, l := range lives {
		for i, s := range l {
			if i > 0 && s.migration <= l[i-1].migration {
				return fmt.Errorf("%s ran %s after %s: which of them made what cannot be told", s.version, s.migration, l[i-1].migration)
			}
			if i > 0 {
				ids = append(ids, s.migration)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if catalogue.Migrations == nil {
		catalogue.Migrations = ids
	}
	if !slices.Equal(catalogue.Migrations, ids) {
		return fmt.Errorf("the migrations are others than on the vendor before")
	}
	for _, l := range lives {
		if len(l) != len(ids)+1 {
			return fmt.Errorf("a database that %s made has had %d of %d migrations", l[0].version, len(l)-1, len(ids))
		}
	}
	histories := map[string]map[string][]systemschema.Change{}
	for table, objects := range seen(lives) {
		histories[table] = map[string][]systemschema.Change{}
		for object := range objects {
			histories[table][object] = history(lives, table, object)
		}
	}
	catalogue.Histories[vendor] = histories
	return nil
}

// seen are all objects that were ever there.
func seen(lives []life) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, l := range lives {
		for _, s := range l {
			for table, objects := range s.tables {
				if all[table] == nil {
					all[table] = map[string]bool{}
				}
				for object := range objects {
					all[table][object] = true
				}
			}
		}
	}
	return all
}

// history lists the levels at which an object became another in any life.
func history(lives []life, table, object string) []systemschema.Change {
	var changes []systemschema.Change
	for level := range lives[0] {
		var accepted []string
		changed := false
		for _, l := range lives {
			now, before := l[level].tables[table][object], ""
			if level > 0 {
				before = l[level-1].tables[table][object]
			}
			changed = changed || now != before
			accepted = append(accepted, now)
		}
		if changed {
			slices.Sort(accepted)
			changes = append(changes, systemschema.Change{Level: level, Accepted: slices.Compact(accepted)})
		}
	}
	return changes
}
