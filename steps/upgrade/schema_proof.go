package upgrade

import (
	"context"
	"errors"
	"maps"
	"slices"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// asTried compares the tables of the live database with those of the copy
// after the trial, and returns what they are now.
func (m *models) asTried(ctx context.Context, r *steps.Run) (database.Fingerprint, error) {
	var none database.Fingerprint
	tried, err := Tried.Need(r)
	if err != nil {
		return none, err
	}
	before, err := afterMigration(r)
	if err != nil {
		return none, err
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return none, err
	}
	db, err := m.site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return none, err
	}
	now, err := db.Fingerprint(ctx, nil, r)
	if err := errors.Join(err, db.Close()); err != nil {
		return none, err
	}
	if rehearsed, ok := facts.Rehearsed.Get(r); ok {
		if _, changed := rehearsed.UserChanges[otherObjects]; changed {
			before.Other = now.Other // by migrations of the project's own
		}
	}
	schema := facts.SystemSchema(now, directus.SystemTable)
	for _, table := range slices.Sorted(maps.Keys(tried.System)) {
		if schema[table] != tried.System[table] {
			return none, fault.Newf("table %s is not as the accepted changes left it on the copy", table)
		}
	}
	return now, tried.fits(before, now)
}

// fits compares the project's own tables before and after the accepted
// changes.
func (t Trial) fits(before, now database.Fingerprint) error {
	unexpected := before.Diff(now, func(table string) bool {
		_, touched := t.Tables[table]
		return isUserTable(table) && !touched
	})
	if len(unexpected) > 0 {
		return fault.Newf("the accepted changes have nothing to do with it, and yet: %s", unexpected[0])
	}
	for _, name := range slices.Sorted(maps.Keys(t.Tables)) {
		want := t.Tables[name]
		was, is := before.Tables[name], now.Tables[name]
		_, there := now.Tables[name]
		switch {
		case name == otherObjects:
			if now.Other != want.Schema {
				return fault.New("views or triggers are not as the accepted changes left them on the copy", "")
			}
		case there == want.Gone:
			return fault.Newf("the accepted changes did not do with table %s what they did on the copy", name)
		case there && is.Schema != want.Schema:
			return fault.Newf("table %s has not the schema that the accepted changes gave it on the copy", name)
		case there && !want.New && is.Rows != was.Rows:
			return fault.Newf("table %s has %d rows, and had %d before the accepted changes", name, is.Rows, was.Rows)
		}
	}
	return nil
}

// afterMigration is what every table of the project was when the migrations
// were done.
func afterMigration(r *steps.Run) (database.Fingerprint, error) {
	var f database.Fingerprint
	rehearsed, err := facts.Rehearsed.Need(r)
	if err != nil {
		return f, err
	}
	final, err := facts.FinalBack.Need(r)
	if err != nil {
		return f, err
	}
	manifest, err := backups.Read(final.Dir)
	if err != nil {
		return f, err
	}
	migrated, err := facts.Migrated.Need(r)
	if err != nil {
		return f, err
	}
	f = database.Fingerprint{Tables: maps.Clone(manifest.Fingerprint.Tables), Other: manifest.Fingerprint.Other}
	for name, change := range rehearsed.UserChanges {
		if change.Gone {
			delete(f.Tables, name)
		}
	}
	maps.Copy(f.Tables, migrated.Changed)
	return f, nil
}
