package review

import (
	"fmt"
	"strings"

	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// vocabulary is what a target's Directus can describe.
type vocabulary struct {
	directus string
	meta     map[compare.Entity]map[string]bool
	tables   map[string]bool
	counts   map[part]bool // keys that count up
}

func vocabularyOf(s *snapshot.Snapshot) vocabulary {
	v := vocabulary{s.Directus, map[compare.Entity]map[string]bool{compare.Collection: {}, compare.Field: {}, compare.Relation: {}}, map[string]bool{}, map[part]bool{}}
	add := func(entity compare.Entity, meta snapshot.Object) {
		for key := range meta {
			v.meta[entity][key] = true
		}
	}
	for _, c := range s.Collections {
		add(compare.Collection, c.Meta)
		v.tables[c.Collection] = true
	}
	for _, f := range s.Fields {
		add(compare.Field, f.Meta)
		if snapshot.Flag(f.Schema, "has_auto_increment") {
			v.counts[part{compare.Field, f.Collection, f.Field}] = true
		}
	}
	for _, r := range s.Relations {
		add(compare.Relation, r.Meta)
	}
	return v
}

// blocked says why Directus cannot make a change, or would do something else
// (@directus/api 12.4.0, dist/utils/schema/apply-diff.js and
// dist/services/{collections,fields,relations}.js).
func (v vocabulary) blocked(c compare.Change) string {
	switch c.Action {
	case compare.Replace:
		if c.Entity == compare.Collection {
			return "Directus cannot make a table of a folder, nor a folder of a table"
		}
		return ""
	case compare.Delete:
		if field, ok := c.Before.(snapshot.Field); ok && snapshot.Flag(field.Schema, "is_primary_key") {
			return "a table must have its primary key"
		}
		return ""
	case compare.Create:
		if why := unmakable(c.After); why != "" {
			return why
		}
		if field, ok := c.After.(snapshot.Field); ok && snapshot.Flag(field.Schema, "is_primary_key") && v.tables[c.Collection] {
			return "Directus gives a table its primary key only when it makes the table"
		}
		return ""
	case compare.Update:
	}
	switch part, key := c.Path[0], c.Attribute(); {
	case len(c.Path) == 1 && part == "meta" && c.After == nil:
		// Of a collection this is the shape that drops the table: #27877.
		return "Directus has no way to forget what it knows about it and to keep the data"
	case len(c.Path) == 1 && part == "schema" && c.After == nil:
		return "Directus does not take a foreign key away from a relation that it keeps"
	case c.Entity == compare.SystemIndex && key != "schema.is_indexed":
		return "of Directus' own tables only indexes can be changed"
	case part == "meta" && len(c.Path) > 1 && v.lacks(c.Entity, c.Path[1]):
		return fmt.Sprintf("Directus %s has no %s here", v.directus, c.Path[1])
	case part != "meta" && part != "schema" && part != "type":
		return fmt.Sprintf("no version of Directus is known that applies %s", key)
	case c.Entity == compare.Field && part == "schema" && len(c.Path) > 1 && fixed[c.Path[1]] != "":
		return fixed[c.Path[1]]
	case c.Entity == compare.Field && part != "meta" && v.counts[partOf(c)]:
		return "Directus does not compare the column of a key that counts up"
	}
	return ""
}

// unmakable says why Directus makes something else, or nothing, of an entity.
func unmakable(value any) string {
	switch value := value.(type) {
	case snapshot.Collection:
		if strings.Contains(value.Collection, " ") && !value.Folder() {
			return "Directus does not look at tables with a space in their name"
		}
	case snapshot.Field:
		if snapshot.Flag(value.Schema, "is_generated") {
			return "Directus makes an ordinary column of a generated one"
		}
		if value.Type == "unknown" && snapshot.Text(value.Schema, "data_type") != "bytea" {
			return "Directus does not know the column's type"
		}
	}
	return ""
}

// lacks: none of the target's own rows has the column.
func (v vocabulary) lacks(entity compare.Entity, key string) bool {
	known := v.meta[entity]
	return len(known) > 0 && !known[key]
}

// fixed are attributes of a column that Directus does not change once the
// column is there.
var fixed = map[string]string{
	"is_primary_key":        "Directus cannot change the primary key of a table",
	"has_auto_increment":    "Directus cannot change how a key counts",
	"is_generated":          "Directus cannot make a generated column, nor an ordinary one of it",
	"generation_expression": "Directus cannot change how a column is generated",
	"name":                  "Directus cannot rename a column",
	"table":                 "Directus cannot move a column to another table",
}

// alone blocks changes of a column's data type whose type stays.
func (p *Plan) alone() {
	typed := map[part]bool{}
	for _, c := range p.Proposed {
		if c.Entity == compare.Field && c.Attribute() == "type" {
			typed[partOf(c)] = true
		}
	}
	for i, c := range p.Proposed {
		if c.Entity == compare.Field && c.Attribute() == "schema.data_type" && !typed[partOf(c)] && p.Changes[i].Blocked == "" {
			p.Changes[i].Blocked = "Directus itself chooses the data type that its type has in a database"
		}
	}
}
