package directus

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// Recorded lists the ids of the migrations that the database says it has had,
// in order. A database without directus_migrations is an error.
func Recorded(ctx context.Context, db Database) ([]string, error) {
	rows, err := selectRows(ctx, db, "directus_migrations", "version")
	if err != nil {
		return nil, fmt.Errorf("reading the recorded migrations: %w", err)
	}
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.text("version"))
	}
	slices.Sort(ids)
	return ids, nil
}

// Pending lists what migrate:latest would run, in its order: every shipped or
// custom migration that is not recorded, whatever its date
// (@directus/api 12.4.0, dist/database/migrations/run.js).
func Pending(shipped, custom []Migration, recorded []string) []Migration {
	done := make(map[string]bool, len(recorded))
	for _, id := range recorded {
		done[id] = true
	}
	var pending []Migration
	for _, m := range slices.Concat(shipped, custom) {
		if !done[m.ID] {
			pending = append(pending, m)
		}
	}
	sortMigrations(pending)
	return pending
}

// Collisions lists the ids that more than one migration uses, each with the
// names that share it ("20210304A: remove-locked-fields, my-own (custom)").
// With one of these Directus refuses to run any migration.
func Collisions(shipped, custom []Migration) []string {
	names := map[string][]string{}
	var ids []string
	for _, m := range slices.Concat(shipped, custom) {
		if names[m.ID] == nil {
			ids = append(ids, m.ID)
		}
		name := m.Name
		if m.Custom {
			name += " (custom)"
		}
		names[m.ID] = append(names[m.ID], name)
	}
	slices.Sort(ids)
	var collisions []string
	for _, id := range ids {
		if len(names[id]) > 1 {
			collisions = append(collisions, id+": "+strings.Join(names[id], ", "))
		}
	}
	return collisions
}

// CheckCollisions is Collisions as an error for a person, nil if there are
// none.
func CheckCollisions(shipped, custom []Migration) error {
	collisions := Collisions(shipped, custom)
	if len(collisions) == 0 {
		return nil
	}
	return fault.New("two migrations use the same key, so that Directus would run none at all: "+strings.Join(collisions, "; "),
		"rename the project's own file so that the part before its first dash is unique; keep the key of one that already ran")
}

// Between lists the custom migrations among pending that would run before the
// last of Directus' own, and so on a schema that is neither old nor new.
func Between(pending []Migration) []Migration {
	last := -1
	for i, m := range pending {
		if !m.Custom {
			last = i
		}
	}
	var between []Migration
	for i, m := range pending {
		if m.Custom && i < last {
			between = append(between, m)
		}
	}
	return between
}
