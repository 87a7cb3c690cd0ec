package directus

import (
	"context"
	"fmt"
	"time"
)

// What a project without a licence may use (@directus/license 0.4.0,
// dist/index.mjs, CORE_LICENSE; the same in 0.2.0, which 12.0 came with).
const (
	CoreSeats       = 3
	CoreCollections = 25
	CoreFlows       = 5
	// CoreHistory is how far back activity and revisions can be read.
	CoreHistory = 30 * 24 * time.Hour
)

// CoreGrace is how long a project that is over these limits goes on working
// after its upgrade (@directus/api 12.4.0,
// dist/license/utils/get-core-grace-expires-at.js, GRACE_PERIOD_MS).
const CoreGrace = 30 * 24 * time.Hour

// cleanInstall is how much older than its upgrade a project has to be to get
// the time of grace at all (the same file, CLEAN_INSTALL_MS).
const cleanInstall = 24 * time.Hour

// licensing is the migration that starts the time of grace.
const licensing = "20260507A"

// LicenceStatus is how far Directus 12 works without a licence, in its own
// words (GET /license, status).
type LicenceStatus string

// The states.
const (
	LicenceActive LicenceStatus = "active"
	LicenceGrace  LicenceStatus = "grace"
	// LicenceLocked refuses items, files, GraphQL and flows, to admins too, and
	// the login of everybody else.
	LicenceLocked LicenceStatus = "locked"
)

// OverCore names what goes beyond the limits that lock a project: "seats",
// "collections", "flows", "sso_enabled", in Directus' own words. Custom
// permission rules and AI providers are switched off, but never lock
// (@directus/api 12.4.0, dist/license/entitlements/manager.js, checkAll: only
// what has a resolver counts).
func (u Usage) OverCore() []string {
	var over []string
	for _, limit := range []struct {
		key        string
		used, most int
	}{
		{"seats", len(u.Seats), CoreSeats},
		{"collections", len(u.Collections), CoreCollections},
		{"flows", len(u.ActiveFlows), CoreFlows},
		{"sso_enabled", len(u.SSOUsers), 0},
	} {
		if limit.used > limit.most {
			over = append(over, limit.key)
		}
	}
	return over
}

// Grace is the time that a project over the limits has left without a licence.
type Grace struct {
	// Upgraded is when Directus 12 was put on the database; it is the time
	// given to ReadGrace where that has not happened yet.
	Upgraded time.Time
	// Oldest is when the first migration ran, zero where none is recorded.
	Oldest time.Time
	// Given is false for a database that was not a day old when it came to 12:
	// such a project has no time of grace.
	Given bool
	// Ends is the moment from which the project is locked: a time of grace
	// after Upgraded or, if none is given, Upgraded itself.
	Ends time.Time
}

// Status is what 12.4.0 says of a project without a licence at a moment
// (@directus/api 12.4.0, dist/license/utils/compute-license-status.js).
func (g Grace) Status(u Usage, at time.Time) LicenceStatus {
	switch {
	case len(u.OverCore()) == 0:
		return LicenceActive
	case g.Given && at.Before(g.Ends):
		return LicenceGrace
	default:
		return LicenceLocked
	}
}

// ReadGrace tells when the time of grace of a database ends, for an upgrade at
// the given moment where it is not on 12 yet (@directus/api 12.4.0,
// dist/license/utils/get-core-grace-expires-at.js).
func ReadGrace(ctx context.Context, db Database, upgrade time.Time) (Grace, error) {
	grace := Grace{Upgraded: upgrade}
	rows, err := selectRows(ctx, db, "directus_migrations", "version", "timestamp")
	if err != nil {
		return Grace{}, fmt.Errorf("reading directus_migrations: %w", err)
	}
	for _, r := range rows {
		at, ok := r.moment("timestamp")
		if !ok {
			continue
		}
		if grace.Oldest.IsZero() || at.Before(grace.Oldest) {
			grace.Oldest = at
		}
		if r.text("version") == licensing {
			grace.Upgraded = at
		}
	}
	grace.Given = !grace.Oldest.IsZero() && grace.Upgraded.Sub(grace.Oldest) >= cleanInstall
	grace.Ends = grace.Upgraded
	if grace.Given {
		grace.Ends = grace.Upgraded.Add(CoreGrace)
	}
	return grace, nil
}

// OldestActivity tells how far back directus_activity goes; zero where it is
// empty, missing, or holds a time that is not understood.
func OldestActivity(ctx context.Context, db Database) (time.Time, error) {
	tables, err := tableSet(ctx, db)
	if err != nil || !tables["directus_activity"] {
		return time.Time{}, err
	}
	var oldest time.Time
	query := "SELECT MIN(" + db.Quote("timestamp") + ") AS " + db.Quote("oldest") + " FROM " + db.Quote("directus_activity")
	err = queryRows(ctx, db, query, func(r row) error {
		oldest, _ = r.moment("oldest")
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading directus_activity: %w", err)
	}
	return oldest, nil
}

// moments are the forms in which databases give a time as text.
var moments = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
}

// moment is the value as a time; times without a zone are taken as UTC.
func (r row) moment(column string) (time.Time, bool) {
	switch v := r[column].(type) {
	case time.Time:
		return v, true
	case int64: // milliseconds, as JavaScript writes them into SQLite
		return time.UnixMilli(v).UTC(), true
	}
	text := r.text(column)
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
