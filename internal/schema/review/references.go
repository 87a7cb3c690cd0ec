package review

import (
	"strings"

	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// part names an entity: a collection, a field, or a relation, which is that
// of a field.
type part struct {
	entity            compare.Entity
	collection, field string
}

func partOf(c compare.Change) part { return part{c.Entity, c.Collection, c.Field} }

// reference says that an entity makes no sense without another.
type reference struct {
	path string // the attribute that says so; empty: the entity itself
	to   part
}

// model finds what refers to what in one snapshot.
type model struct {
	relations map[part]*snapshot.Relation
	// aliases are the relations that a field of the other side shows.
	aliases map[part][]part
}

func modelOf(s *snapshot.Snapshot) *model {
	m := &model{map[part]*snapshot.Relation{}, map[part][]part{}}
	for i, r := range s.Relations {
		relation := part{compare.Relation, r.Collection, r.Field}
		m.relations[relation] = &s.Relations[i]
		one := r.Related
		if one == "" {
			one = snapshot.Text(r.Meta, "one_collection")
		}
		if field := snapshot.Text(r.Meta, "one_field"); field != "" && one != "" {
			shown := part{compare.Field, one, field}
			m.aliases[shown] = append(m.aliases[shown], relation)
		}
	}
	return m
}

// of lists what the value of an entity refers to.
func (m *model) of(value any) []reference {
	switch value := value.(type) {
	case snapshot.Collection:
		return collectionReferences(value)
	case snapshot.Field:
		return m.fieldReferences(value)
	case snapshot.Relation:
		return relationReferences(value)
	}
	return nil
}

func collectionReferences(c snapshot.Collection) []reference {
	var all []reference
	if group := snapshot.Text(c.Meta, "group"); group != "" {
		all = append(all, reference{"meta.group", part{compare.Collection, group, ""}})
	}
	for _, key := range []string{"sort_field", "archive_field"} {
		if field := snapshot.Text(c.Meta, key); field != "" {
			all = append(all, reference{"meta." + key, part{compare.Field, c.Collection, field}})
		}
	}
	return all
}

func (m *model) fieldReferences(f snapshot.Field) []reference {
	all := []reference{{"", part{compare.Collection, f.Collection, ""}}}
	if group := snapshot.Text(f.Meta, "group"); group != "" {
		all = append(all, reference{"meta.group", part{compare.Field, f.Collection, group}})
	}
	for _, relation := range m.aliases[part{compare.Field, f.Collection, f.Field}] {
		all = append(all, reference{"", relation})
	}
	relation := part{compare.Relation, f.Collection, f.Field}
	if m.relations[relation] == nil {
		return all
	}
	// The treatment of a field and the foreign key that its column has are both
	// its relation's.
	for _, special := range f.Special() {
		switch special {
		case "m2o", "file", "user-created", "user-updated", "role-created", "role-updated":
			all = append(all, reference{"meta.special", relation})
		}
	}
	if snapshot.Text(f.Schema, "foreign_key_table") != "" {
		all = append(all, reference{"schema.foreign_key_table", relation}, reference{"schema.foreign_key_column", relation})
	}
	return all
}

func relationReferences(r snapshot.Relation) []reference {
	field := func(path, collection, name string) []reference {
		if collection == "" || name == "" {
			return nil
		}
		return []reference{{path, part{compare.Field, collection, name}}}
	}
	all := field("", r.Collection, r.Field)
	one := r.Related
	if one != "" {
		all = append(all, reference{"", part{compare.Collection, one, ""}})
	} else {
		one = snapshot.Text(r.Meta, "one_collection")
	}
	all = append(all, field("meta.one_field", one, snapshot.Text(r.Meta, "one_field"))...)
	for _, key := range []string{"junction_field", "one_collection_field", "sort_field"} {
		all = append(all, field("meta."+key, r.Collection, snapshot.Text(r.Meta, key))...)
	}
	for _, allowed := range snapshot.Strings(r.Meta, "one_allowed_collections") {
		all = append(all, reference{"meta.one_allowed_collections", part{compare.Collection, allowed, ""}})
	}
	return all
}

// covers reports whether a change of an attribute touches another's path.
func covers(changed, path string) bool {
	return changed == "" || changed == path || strings.HasPrefix(path, changed+".") || path != "" && strings.HasPrefix(changed, path+".")
}
