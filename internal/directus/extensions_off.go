package directus

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// SwitchedOff lists the extensions that the database says are off, as
// "source folder", and the parts of bundles as "source folder/part"; before
// 10.10, where a row has a name and nothing else, as "name". A database without
// the table has none.
//
// From 10.10 on a part of a bundle names its bundle by that one's id
// (@directus/api 18.0.0, dist/extensions/lib/get-extensions-settings.js).
func SwitchedOff(ctx context.Context, db Database) ([]string, error) {
	tables, err := tableSet(ctx, db)
	if err != nil || !tables["directus_extensions"] {
		return nil, err
	}
	rows, err := selectRows(ctx, db, "directus_extensions")
	if err != nil {
		return nil, fmt.Errorf("reading directus_extensions: %w", err)
	}
	folders := map[string]string{}
	for _, r := range rows {
		folders[r.text("id")] = r.text("folder")
	}
	var off []string
	for _, r := range rows {
		if r.flag("enabled") {
			continue
		}
		switch {
		case !r.has("folder"):
			off = append(off, r.text("name"))
		case r.text("bundle") != "":
			off = append(off, r.text("source")+" "+folders[r.text("bundle")]+"/"+r.text("folder"))
		default:
			off = append(off, r.text("source")+" "+r.text("folder"))
		}
	}
	slices.Sort(off)
	return off, nil
}

// Off reports whether an extension is among those that are switched off.
func (e Extension) Off(off []string) bool {
	return slices.Contains(off, string(e.Source)+" "+e.Folder) || slices.Contains(off, e.Name)
}

// PartsOff lists the parts of a bundle that are switched off.
func (e Extension) PartsOff(off []string) []string {
	var parts []string
	for _, entry := range e.Entries {
		_, name, _ := strings.Cut(entry, " ")
		if slices.Contains(off, string(e.Source)+" "+e.Folder+"/"+name) {
			parts = append(parts, name)
		}
	}
	return parts
}
