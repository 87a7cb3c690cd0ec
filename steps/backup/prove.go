package backup

import (
	"context"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Prove is the step that restores the backup into a scratch database and
// compares the two.
type Prove struct{ Site *site.Site }

// Check takes the recorded comparison for a proof as long as the backup step,
// whose Check has just read the digests, is proved.
func (p Prove) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	made, ok := facts.BackedUp.Get(r)
	proof, done := facts.ProvedBy.Get(r)
	if !ok || !done || proof.Backup != made.ID {
		return steps.Unproved("this backup was not restored yet"), nil
	}
	return steps.Proved("%d tables, %d rows equal", proof.Tables, proof.Rows), nil
}

// Do restores and compares.
func (p Prove) Do(ctx context.Context, r *steps.Run) error {
	opened, err := p.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return err
	}
	if err := p.Site.DropLeft(ctx, opened, r); err != nil {
		return err
	}
	scratch, err := p.Site.Scratch(opened, r, "prove")
	if err != nil {
		return err
	}
	if err := p.Site.RoomForCopy(ctx, r, scratch); err != nil {
		return err
	}
	if _, err := backup.Prove(ctx, made.Dir, scratch, r); err != nil {
		return err
	}
	manifest, err := backup.Read(made.Dir)
	if err != nil {
		return err
	}
	proof := facts.BackupProof{
		Backup: made.ID, At: time.Now().UTC(),
		Tables: len(manifest.Fingerprint.Tables), Rows: manifest.Fingerprint.Rows(),
	}
	r.Summary("%d tables, %d rows equal", proof.Tables, proof.Rows)
	return facts.ProvedBy.Set(r, proof)
}

// Clean drops what the run restored and rehearsed.
func (p Prove) Clean(ctx context.Context, r *steps.Run) error {
	opened, err := p.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	r.Progress("removing the scratch copies of the database", progress.Steps, 0, 0)
	return p.Site.DropScratches(ctx, opened, r)
}
