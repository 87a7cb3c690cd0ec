package apply

import (
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
)

// Misrouted refuses a diff that Directus would take for something else than it
// says. What POST /schema/apply does to a thing hangs on the first difference
// alone: if that takes something out of a collection's description, it drops
// the table and answers 204 (#27877; @directus/api 12.4.0,
// dist/utils/schema/apply-diff.js, deleteCollections). Fields and relations are
// read in the same way. From 12.4.0 on, what is computed has no such form.
func Misrouted(diff *Diff) error {
	var drops, names []string
	for _, entry := range diff.Entries() {
		first := entry.Items[0]
		if first.whole() || first.Kind != "D" && first.Kind != "N" || entry.nested() {
			continue
		}
		if first.Kind == "D" {
			drops = append(drops, entry.Name())
		}
		names = append(names, entry.Name())
	}
	switch {
	case len(drops) > 0:
		return &fault.Error{
			What:  "the server would delete what is only to be edited: " + strings.Join(drops, ", ") + " (Directus issue #27877)",
			State: "nothing was changed",
			Hint:  "reject the changes that take something out of it and make them in the Studio, or upgrade to Directus 12.4.0 first",
			Code:  fault.Blocked,
		}
	case len(names) > 0:
		return &fault.Error{
			What:  "the server would create what is there already: " + strings.Join(names, ", "),
			State: "nothing was changed",
			Hint:  "reject the changes that add something to it and make them in the Studio, or upgrade to Directus 12.4.0 first",
			Code:  fault.Blocked,
		}
	}
	return nil
}

// nested: of fields, Directus looks at where the difference is (isNestedMetaUpdate).
func (e Entry) nested() bool {
	return e.Entity == compare.Field && len(e.Items[0].Path) >= 2 && e.Items[0].Path[0] == "meta"
}
