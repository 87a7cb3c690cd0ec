package rollback

import (
	"context"

	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// restore puts the database back as it was before the upgrade's migrations.
type restore struct{ site *site.Site }

// Check proves by fingerprint that every table is as in the backup.
func (d restore) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	from, err := TakenBack.Need(r)
	if err != nil {
		return steps.Proof{}, err
	}
	return backup.EqualsBackup(ctx, r, d.site, from.Backup.Dir)
}

// Do restores.
func (d restore) Do(ctx context.Context, r *steps.Run) error {
	from, err := TakenBack.Need(r)
	if err != nil {
		return err
	}
	if err := backup.RestoreDatabase(ctx, r, d.site, from.Backup.Dir); err != nil {
		return err
	}
	r.Summary("every table equals the backup")
	return nil
}

// Undo restores the state that was saved before.
func (d restore) Undo(ctx context.Context, r *steps.Run) error {
	return backup.RestoreFinal(ctx, r, d.site)
}

// Manual says how to restore by hand.
func (d restore) Manual(r *steps.Run) []string {
	saved, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	return backup.ManualRestore(r, saved.Dir)
}
