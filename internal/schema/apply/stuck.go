package apply

import (
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// stuck refuses to take a foreign key away from a column that stays, on
// SQLite: there keys have no names, and Directus, which drops them by name,
// deletes only its own row about the relation (@directus/api 12.4.0,
// dist/services/relations.js, deleteOne). From 11.10 on it then does not even
// show the key any more, which may lead to a table that is gone.
func stuck(before, after *snapshot.Snapshot) error {
	if before.Vendor != string(database.SQLite) {
		return nil
	}
	apart, left := relationsApart(before, after), stateOf(after)
	var keys []string
	for _, r := range before.Relations {
		field := left[thing{compare.Field, r.Collection, r.Field}]
		if apart[thing{compare.Relation, r.Collection, r.Field}] && r.Schema != nil && field != nil && field["schema"] != nil {
			keys = append(keys, r.Collection+"."+r.Field+" → "+r.Related)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return &fault.Error{
		What:  "on SQLite, Directus cannot take a foreign key away from a column that stays: " + shorten(keys),
		State: "nothing was changed",
		Hint:  "reject the change of the relation, or delete the field with it",
		Code:  fault.Blocked,
	}
}
