package review

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// group gathers changes by collection.
func group(c compare.Change) string { return c.Collection }

// title is a change in one line, within its collection.
func title(c compare.Change) string {
	name := c.Field
	switch c.Entity {
	case compare.Collection:
		name = c.Collection
		if c.Action != compare.Update {
			name = kindOf(c) + " " + c.Collection
		}
	case compare.Relation:
		related := c.Related
		if related == "" {
			related = "any"
		}
		name += " → " + related
	case compare.SystemIndex:
		name = "index of " + c.Field
	case compare.Field:
	}
	if attribute := c.Attribute(); attribute != "" {
		name += " · " + attribute
	}
	return name
}

func kindOf(c compare.Change) string {
	for _, side := range []any{c.After, c.Before} {
		if collection, ok := side.(snapshot.Collection); ok && collection.Folder() {
			return "folder"
		}
	}
	return "table"
}

// detail explains what Directus does.
func detail(c compare.Change) string {
	switch c.Action {
	case compare.Create:
		return creation(c)
	case compare.Delete:
		return deletion(c)
	case compare.Replace:
		return "The column is deleted with its values, and made anew."
	case compare.Update:
	}
	switch c.Attribute() {
	case "type":
		return "The column changes its type; the database converts the values."
	case "schema.max_length":
		return "The longest text that the column takes."
	case "schema.is_nullable":
		return either(c.After == false, "Every row must have a value.", "Rows may be without a value.")
	case "schema.is_unique":
		return either(c.After == true, "No two rows may have the same value.", "Rows may have the same value.")
	case "schema.is_indexed":
		return either(c.After == true, "The column gets an index.", "The index is dropped: what is looked up by it gets slower.")
	case "schema.on_delete":
		return fmt.Sprintf("What happens to a row when the one it points at is deleted: %s.", text(c.After))
	case "meta":
		return "Directus begins to track it."
	}
	return ""
}

func either(first bool, yes, no string) string {
	if first {
		return yes
	}
	return no
}

func creation(c compare.Change) string {
	switch value := c.After.(type) {
	case snapshot.Collection:
		return either(value.Folder(), "A folder in the Studio's list of tables.", "A table. Its fields are changes of their own.")
	case snapshot.Field:
		if value.Alias() {
			return "A field without a column."
		}
		return "A column of type " + value.Type + "."
	case snapshot.Relation:
		return either(value.Schema != nil, "A relation with a foreign key.", "A relation without a foreign key.")
	}
	return ""
}

func deletion(c compare.Change) string {
	switch value := c.Before.(type) {
	case snapshot.Collection:
		if value.Folder() {
			return "The folder goes; what is in it stays."
		}
		fields, relations := 0, 0
		for _, with := range c.With {
			switch with.Entity {
			case compare.Field:
				fields++
			case compare.Relation:
				relations++
			case compare.Collection, compare.SystemIndex:
			}
		}
		return fmt.Sprintf("The table is dropped with its rows, %d fields and %d relations.", fields, relations)
	case snapshot.Field:
		return either(value.Alias(), "The field has no column: no values are lost.", "The column is dropped with its values.")
	case snapshot.Relation:
		return either(value.Schema != nil, "The foreign key is dropped; the values stay.", "The relation goes; the values stay.")
	}
	return ""
}

// text is a value for a person: a word as it is, anything larger as JSON on
// several lines.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case snapshot.Collection:
		return entityText(nil, value.Meta, value.Schema)
	case snapshot.Field:
		return entityText(snapshot.Object{"type": value.Type}, value.Meta, value.Schema)
	case snapshot.Relation:
		return entityText(snapshot.Object{"related_collection": value.Related}, value.Meta, value.Schema)
	case snapshot.SystemField:
		return entityText(nil, nil, value.Schema)
	}
	if value == compare.Missing {
		return ""
	}
	return pretty(value)
}

// entityText leaves out what says nothing: null, what is false as usual, and
// names that stand in the title.
func entityText(own, meta, schema snapshot.Object) string {
	whole := snapshot.Object{}
	for key, value := range own {
		if value != "" {
			whole[key] = value
		}
	}
	for part, from := range map[string]snapshot.Object{"meta": meta, "schema": schema} {
		said := snapshot.Object{}
		for key, value := range from {
			if value != nil && (value != false || key == "is_nullable") && !slices.Contains(names, key) {
				said[key] = value
			}
		}
		if len(said) > 0 {
			whole[part] = said
		}
	}
	if len(whole) == 0 {
		return ""
	}
	return pretty(whole)
}

var names = strings.Fields("collection field name table column many_collection many_field one_collection")

func pretty(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
