package backup

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// countedSystemTables hold what people make in the Studio; migrations do not
// add rows to them.
var countedSystemTables = []string{
	"directus_collections", "directus_dashboards", "directus_fields", "directus_files", "directus_folders",
	"directus_panels", "directus_presets", "directus_roles", "directus_shares", "directus_translations",
	"directus_users", "directus_versions",
}

// Lost says, one line a table, what putting a backup back would take away: what
// differs between it and the live database, apart from what migrations and a
// running server change by themselves.
func Lost(ctx context.Context, r *steps.Run, s *site.Site, m *backup.Manifest) ([]string, error) {
	p, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	now, err := db.Fingerprint(ctx, nil, r)
	if err != nil {
		return nil, err
	}
	return differences(m.Fingerprint, now), nil
}

func differences(backup, now database.Fingerprint) []string {
	all := map[string]bool{}
	for _, tables := range []map[string]database.TableFingerprint{backup.Tables, now.Tables} {
		for name := range tables {
			all[name] = true
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, was := backup.Tables[name]
		after, is := now.Tables[name]
		switch {
		case directus.SystemTable(name):
			if slices.Contains(countedSystemTables, name) && was && is && before.Rows != after.Rows {
				lines = append(lines, name+": "+more(after.Rows-before.Rows))
			}
		case name == "sqlite_sequence":
		case !was:
			lines = append(lines, fmt.Sprintf("%s: the table is new, with %d rows", name, after.Rows))
		case !is:
			lines = append(lines, name+": the table was dropped and comes back")
		case before.Rows != after.Rows:
			lines = append(lines, name+": "+more(after.Rows-before.Rows))
		case before.Data != after.Data:
			lines = append(lines, name+": rows were changed")
		case before.Schema != after.Schema:
			lines = append(lines, name+": the schema was changed")
		}
	}
	return lines
}

// more writes a difference in rows.
func more(rows int64) string {
	if rows == 1 || rows == -1 {
		return fmt.Sprintf("%+d row", rows)
	}
	return fmt.Sprintf("%+d rows", rows)
}
