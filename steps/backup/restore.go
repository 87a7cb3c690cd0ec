package backup

import (
	"context"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Restore is the step that puts the database of a backup in the place of the
// live one. The Final step before it saved the present state.
type Restore struct {
	Site *site.Site
	// From returns the backup's folder; empty means that no database is to be
	// put back.
	From func(*steps.Run) (dir string, err error)
}

// Check proves by fingerprint that every table is as in the backup.
func (s Restore) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	dir, err := s.From(r)
	if err != nil {
		return steps.Proof{}, err
	}
	if dir == "" {
		return steps.Proved("not asked for"), nil
	}
	return EqualsBackup(ctx, r, s.Site, dir)
}

// Do restores.
func (s Restore) Do(ctx context.Context, r *steps.Run) error {
	dir, err := s.From(r)
	if err != nil {
		return err
	}
	if dir == "" {
		r.Summary("not asked for")
		return nil
	}
	if err := RestoreDatabase(ctx, r, s.Site, dir); err != nil {
		return err
	}
	r.Summary("every table equals the backup")
	return nil
}

// Undo restores the state that was saved before.
func (s Restore) Undo(ctx context.Context, r *steps.Run) error {
	dir, err := s.From(r)
	if err != nil || dir == "" {
		return err
	}
	return RestoreFinal(ctx, r, s.Site)
}

// Manual says how to restore the saved state by hand.
func (s Restore) Manual(r *steps.Run) []string {
	saved, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	return ManualRestore(r, saved.Dir)
}
