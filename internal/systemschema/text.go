package systemschema

import (
	"fmt"

	"bunnyhop/internal/directus"
)

// String is the difference as a line for people.
func (d Difference) String() string {
	object := d.Table + ", " + d.Object
	if d.Object == Table {
		object = "table " + d.Table
	}
	var text string
	switch d.Kind {
	case Missing:
		text = object + " is missing" + since(d.Made, ", which came with ")
	case Differs:
		text = fmt.Sprintf("%s is %q instead of %q", object, d.Have, d.Want[0]) + since(d.Made, ", which came with ")
	case Extra:
		text = object + " is there, though no migration that ran makes it"
	}
	if d.Kind == Extra {
		return text + since(d.Next, "; it is in the way of ")
	}
	return text + since(d.Next, "; it is changed by ")
}

func since(migration, text string) string {
	if migration == "" {
		return ""
	}
	return text + File(migration)
}

// File is the name of a migration's file without its ending, or its id where
// that is all that is known.
func File(id string) string {
	for _, m := range directus.Catalogue() {
		if m.ID == id && m.Name != "" {
			return id + "-" + m.Name
		}
	}
	return id
}
