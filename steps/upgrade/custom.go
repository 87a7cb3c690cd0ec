package upgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/steps/facts"
)

// Directus' own migrations leave the tables of the project alone; those of
// the project itself may change them, which is then a change like any other:
// seen on the copy, shown in the review, and expected on the live database.

// otherObjects stands for views and triggers among the names of tables.
const otherObjects = ""

// isUserTable tells the tables of the project from those of Directus and of
// the database itself. It lets otherObjects through.
func isUserTable(table string) bool {
	return !directus.SystemTable(table) && table != "sqlite_sequence"
}

// userChanges is what the migrations did to the project's own tables on the
// copy. Without a pending migration of the project's own, anything is an error.
func userChanges(before, after database.Fingerprint, pending []directus.Migration) (map[string]facts.TableChange, error) {
	names := slices.Collect(maps.Keys(before.Tables))
	names = append(names, slices.Collect(maps.Keys(after.Tables))...)
	names = append(names, otherObjects)
	slices.Sort(names)
	changes := map[string]facts.TableChange{}
	for _, name := range slices.Compact(names) {
		if !isUserTable(name) {
			continue
		}
		lines := before.Diff(after, func(table string) bool { return table == name })
		if len(lines) == 0 {
			continue
		}
		if !slices.ContainsFunc(pending, func(m directus.Migration) bool { return m.Custom }) {
			return nil, fault.Newf("the migrations change data of this project: %s", lines[0])
		}
		old, was := before.Tables[name]
		now, is := after.Tables[name]
		changes[name] = facts.TableChange{
			Lines: lines, Gone: was && !is, Fewer: was && is && now.Rows < old.Rows, Schema: now.Schema,
		}
	}
	return changes, nil
}

// asRehearsed compares the project's own tables with what the reviewed
// changes say. It returns what the changed ones are now.
func asRehearsed(before, now database.Fingerprint, reviewed map[string]facts.TableChange) (map[string]database.TableFingerprint, error) {
	unexpected := before.Diff(now, func(table string) bool {
		_, changed := reviewed[table]
		return isUserTable(table) && !changed
	})
	if len(unexpected) > 0 {
		return nil, fault.Newf("the migration changed data of this project: %s", unexpected[0])
	}
	changed := map[string]database.TableFingerprint{}
	for _, name := range slices.Sorted(maps.Keys(reviewed)) {
		if name == otherObjects {
			continue
		}
		table, there := now.Tables[name]
		switch {
		case there == reviewed[name].Gone:
			return nil, fault.Newf("the migration of the project's own did not do with table %s what it did on the copy", name)
		case there && table.Schema != reviewed[name].Schema:
			return nil, fault.Newf("table %s has not the schema that the migrations gave it on the copy", name)
		case there:
			changed[name] = table
		}
	}
	return changed, nil
}

// tableChanges are the reviewable form of userChanges.
func tableChanges(rehearsed facts.Rehearsal) []change.Change {
	var own []string
	for _, m := range rehearsed.Pending {
		if m.Custom {
			own = append(own, m.ID+" "+m.Title)
		}
	}
	var changes []change.Change
	for _, name := range slices.Sorted(maps.Keys(rehearsed.UserChanges)) {
		t := rehearsed.UserChanges[name]
		c := change.Change{
			ID: "table:" + name, Group: "Tables of the project", Title: t.Lines[0], Risk: change.Caution,
			Detail: fmt.Sprintf("Seen on the copy. It comes from the project's own migrations (%s).\n%s",
				strings.Join(own, ", "), strings.Join(t.Lines[1:], "\n")),
			Locked: "it follows from the project's own migrations", Undo: "restoring the backup",
		}
		c.Detail = strings.TrimSpace(c.Detail)
		if name == otherObjects {
			c.ID = "views"
		}
		if t.Gone || t.Fewer {
			c.Risk = change.Destructive
		}
		changes = append(changes, c)
	}
	return changes
}
