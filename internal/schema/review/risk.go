package review

import (
	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// createdColumns are the columns that have no values yet.
func createdColumns(all []compare.Change) map[part]bool {
	created := map[part]bool{}
	for _, c := range all {
		if c.Action == compare.Create && c.Entity == compare.Field {
			created[partOf(c)] = true
		}
	}
	return created
}

// riskOf is the risk of a change, whatever the data.
func riskOf(c compare.Change, created map[part]bool) change.Risk {
	switch c.Action {
	case compare.Create:
		return creationRisk(c, created)
	case compare.Replace:
		return change.Destructive
	case compare.Delete:
		return deletionRisk(c)
	case compare.Update:
	}
	switch c.Entity {
	case compare.Field:
		return columnRisk(c)
	case compare.Relation:
		if c.Attribute() == "schema.on_delete" && c.After == "CASCADE" {
			return change.Caution
		}
	case compare.SystemIndex:
		if c.After == false {
			return change.Caution
		}
	case compare.Collection:
		switch c.Attribute() {
		case "meta.accountability", "meta.versioning", "meta.singleton", "meta.archive_value":
			return change.Caution
		}
	}
	return change.Safe
}

func creationRisk(c compare.Change, created map[part]bool) change.Risk {
	switch value := c.After.(type) {
	case snapshot.Relation:
		// A foreign key on a column that has values already can be refused.
		if value.Schema != nil && !created[part{compare.Field, c.Collection, c.Field}] {
			return change.Caution
		}
	case snapshot.Field:
		required := value.Schema != nil && !snapshot.Flag(value.Schema, "is_nullable") && !snapshot.Flag(value.Schema, "is_primary_key")
		if required && value.Schema["default_value"] == nil {
			return change.Caution
		}
	}
	return change.Safe
}

func deletionRisk(c compare.Change) change.Risk {
	switch value := c.Before.(type) {
	case snapshot.Collection:
		if !value.Folder() {
			return change.Destructive
		}
	case snapshot.Field:
		if !value.Alias() {
			return change.Destructive
		}
	}
	return change.Caution
}

func columnRisk(c compare.Change) change.Risk {
	caution := false
	switch c.Attribute() {
	case "type", "schema.data_type", "meta.special":
		caution = true
	case "schema.max_length", "schema.numeric_precision", "schema.numeric_scale":
		caution = smaller(c.Before, c.After)
	case "schema.is_nullable", "schema.is_indexed":
		caution = c.After == false
	case "schema.is_unique":
		caution = c.After == true
	}
	if caution {
		return change.Caution
	}
	return change.Safe
}

// smaller: null is without a limit.
func smaller(before, after any) bool {
	to, limited := after.(float64)
	from, was := before.(float64)
	return limited && (!was || to < from)
}
