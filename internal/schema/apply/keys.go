package apply

import (
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// relationsApart are the columns of which two snapshots have different
// relations: another one, none, or one with a foreign key instead of without.
func relationsApart(a, b *snapshot.Snapshot) map[thing]bool {
	type end struct {
		related string
		key     bool
	}
	collect := func(s *snapshot.Snapshot) map[thing][]end {
		all := map[thing][]end{}
		for _, r := range s.Relations {
			t := thing{compare.Relation, r.Collection, r.Field}
			all[t] = append(all[t], end{r.Related, r.Schema != nil})
		}
		return all
	}
	before, after := collect(a), collect(b)
	apart := map[thing]bool{}
	for t, ends := range before {
		if !same(ends, after[t]) {
			apart[t] = true
		}
	}
	for t := range after {
		if before[t] == nil {
			apart[t] = true
		}
	}
	return apart
}

// settle makes the fields of a snapshot tell the foreign keys that its
// relations have, where they are not those of before.
func settle(before, s *snapshot.Snapshot) {
	apart := relationsApart(before, s)
	if len(apart) == 0 {
		return
	}
	leads := map[thing]snapshot.Object{}
	for _, r := range s.Relations {
		t := thing{compare.Relation, r.Collection, r.Field}
		if apart[t] && r.Schema != nil && leads[t] == nil {
			leads[t] = r.Schema
		}
	}
	for i, f := range s.Fields {
		t := thing{compare.Relation, f.Collection, f.Field}
		if !apart[t] || f.Schema == nil {
			continue
		}
		table, column := leads[t]["foreign_key_table"], leads[t]["foreign_key_column"]
		s.Fields[i].Schema = with(with(f.Schema, "foreign_key_table", table), "foreign_key_column", column)
	}
}
