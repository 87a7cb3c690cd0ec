package upgrade

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// migrate runs the migrations on the live database: one attempt, which a
// failure ends for good (S3, S13).
type migrate struct {
	site   *site.Site
	models *models
}

// Check proves that the database is where the rehearsal ended.
func (m migrate) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	if _, ok := facts.Migrated.Get(r); !ok {
		return steps.Unproved("the migrations did not come to their end"), nil
	}
	recorded, err := m.again(ctx, r)
	if err != nil {
		if ctx.Err() != nil {
			return steps.Proof{}, ctx.Err()
		}
		return steps.Unproved("%v", err), nil
	}
	return steps.Proved("%d migrations recorded", len(recorded)), nil
}

// again proves the migrations when a later step may have begun to change the
// data model on top of them.
func (m migrate) again(ctx context.Context, r *steps.Run) ([]string, error) {
	on := nothing
	if r.Started("apply") {
		var err error
		if on, err = m.models.state(ctx, r); err != nil {
			return nil, err
		}
	}
	switch on {
	case partly:
		return nil, errors.New("the accepted changes of the data model were made only in part")
	case everything:
		recorded, err := m.recorded(ctx, r)
		if err != nil {
			return nil, err
		}
		_, err = m.models.asTried(ctx, r)
		return recorded, err
	default:
		recorded, _, err := m.prove(ctx, r)
		return recorded, err
	}
}

// recorded reads the recorded ids, which must be those of the rehearsal.
func (m migrate) recorded(ctx context.Context, r *steps.Run) ([]string, error) {
	rehearsed, err := facts.Rehearsed.Need(r)
	if err != nil {
		return nil, err
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	db, err := m.site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(recorded, rehearsed.Recorded) {
		return nil, fault.Newf("%d migrations are recorded; on the copy %d were", len(recorded), len(rehearsed.Recorded))
	}
	return recorded, nil
}

// Do migrates.
func (m migrate) Do(ctx context.Context, r *steps.Run) error {
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return err
	}
	rehearsed, err := facts.Rehearsed.Need(r)
	if err != nil {
		return err
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return err
	}
	cli := directus.CLI{
		Node: stage.Node, Tree: p.Root, Dir: p.Root, Redact: r.Redact,
		Environ: stage.Runtime().Environ(m.site.Environ()),
	}
	began := time.Now()
	if err := cli.MigrateLatest(ctx, applied(r, len(rehearsed.Migrations)), r); err != nil {
		var failed *directus.MigrateError
		if errors.As(err, &failed) {
			return fault.Wrap(err, "", origin(failed, rehearsed.Pending)+"it worked on the copy: look at what is different about the live database, then start anew")
		}
		return err
	}
	seconds := time.Since(began).Seconds()
	recorded, changed, err := m.prove(ctx, r)
	if err != nil {
		return err
	}
	r.Summary("%d migrations in %.1f s", len(rehearsed.Migrations), seconds)
	return facts.Migrated.Set(r, facts.Migration{Applied: rehearsed.Migrations, Recorded: recorded, Seconds: seconds, Changed: changed})
}

// origin says where a failed migration comes from, if it is not Directus' own.
func origin(failed *directus.MigrateError, pending []directus.Migration) string {
	for _, m := range pending {
		if m.Custom && (m.Title == failed.Migration || strings.HasPrefix(failed.File, m.ID+"-")) {
			return "the migration is the project's own, " + m.ID + "-" + m.Name + "; "
		}
	}
	return ""
}

// prove reads the database again: the recorded ids, the schema of the system
// tables and the user tables must be what the rehearsal and the final backup
// say. changed are the user tables that the project's own migrations changed, as
// they are now.
func (m migrate) prove(ctx context.Context, r *steps.Run) (recorded []string, changed map[string]database.TableFingerprint, err error) {
	rehearsed, err := facts.Rehearsed.Need(r)
	if err != nil {
		return nil, nil, err
	}
	final, err := facts.FinalBack.Need(r)
	if err != nil {
		return nil, nil, err
	}
	manifest, err := backups.Read(final.Dir)
	if err != nil {
		return nil, nil, err
	}
	if recorded, err = m.recorded(ctx, r); err != nil {
		return nil, nil, err
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	db, err := m.site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	changed, err = compareWithRehearsal(ctx, r, db, manifest.Fingerprint, rehearsed)
	return recorded, changed, err
}

func compareWithRehearsal(ctx context.Context, r *steps.Run, db database.Database, before database.Fingerprint, rehearsed facts.Rehearsal) (map[string]database.TableFingerprint, error) {
	now, err := db.Fingerprint(ctx, nil, r)
	if err != nil {
		return nil, err
	}
	changed, err := asRehearsed(before, now, rehearsed.UserChanges)
	if err != nil {
		return nil, err
	}
	schema := facts.SystemSchema(now, directus.SystemTable)
	for _, table := range slices.Sorted(maps.Keys(rehearsed.System)) {
		if schema[table] != rehearsed.System[table] {
			return nil, fault.Newf("table %s is not as the rehearsal left it", table).
				WithHint("the live database differs from what the recorded migrations say")
		}
	}
	if slices.Contains(rehearsed.Migrations, policiesMigration) {
		roles := before.Tables["directus_roles"].Rows
		permissions := before.Tables["directus_permissions"].Rows
		if err := directus.CheckPolicies(ctx, db, int(roles), int(permissions)); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// Undo restores the final backup, and with it the data model as it was. Rows
// that the new version has taken since are kept in a backup of their own.
func (m migrate) Undo(ctx context.Context, r *steps.Run) error {
	if _, ok := facts.Migrated.Get(r); ok && m.models.served(r) {
		if err := backup.SaveWritten(ctx, r, m.site); err != nil {
			return err
		}
	}
	return backup.RestoreFinal(ctx, r, m.site)
}

// Manual says how to restore the database by hand.
func (m migrate) Manual(r *steps.Run) []string {
	final, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	return backup.ManualRestore(r, final.Dir)
}
