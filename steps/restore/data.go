package restore

import (
	"context"

	backups "bunnyhop/internal/backup"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// data puts the database back.
type data struct{ site *site.Site }

// Check proves by fingerprint that every table is as in the backup.
func (d data) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	from, err := source.Need(r)
	if err != nil {
		return steps.Proof{}, err
	}
	if !from.has(backups.Database) {
		return steps.Proved("not asked for"), nil
	}
	return backup.EqualsBackup(ctx, r, d.site, from.Dir)
}

// Do restores.
func (d data) Do(ctx context.Context, r *steps.Run) error {
	from, err := source.Need(r)
	if err != nil {
		return err
	}
	if !from.has(backups.Database) {
		r.Summary("not asked for")
		return nil
	}
	if err := backup.RestoreDatabase(ctx, r, d.site, from.Dir); err != nil {
		return err
	}
	r.Summary("every table equals the backup")
	return nil
}

// Undo restores the state that was saved before.
func (d data) Undo(ctx context.Context, r *steps.Run) error {
	from, ok := source.Get(r)
	if !ok || !from.has(backups.Database) {
		return nil
	}
	return backup.RestoreFinal(ctx, r, d.site)
}

// Manual says how to restore by hand.
func (d data) Manual(r *steps.Run) []string {
	saved, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	return backup.ManualRestore(r, saved.Dir)
}
