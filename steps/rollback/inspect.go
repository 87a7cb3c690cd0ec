package rollback

import (
	"context"
	"os"
	"path/filepath"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	backups "bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
)

// inspect finds the upgrade, proves that the old code and its database are
// still whole, and counts what was written since.
type inspect struct {
	site    *site.Site
	options Options
}

// Check is never satisfied: looking again is the proof.
func (i inspect) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do looks.
func (i inspect) Do(ctx context.Context, r *steps.Run) error {
	from, err := find(i.site.Root(), i.options.Run)
	if err != nil {
		return err
	}
	if err := i.whole(ctx, r, from); err != nil {
		return err
	}
	if err := i.service(r, from); err != nil {
		return err
	}
	if err := (site.Inspect{Site: i.site}).Do(ctx, r); err != nil {
		return err
	}
	if from.Lost, err = i.lost(ctx, r, from); err != nil {
		return err
	}
	if err := facts.Chosen.Set(r, facts.Target{From: from.To, To: from.From, Reason: "taking run " + from.Run + " back"}); err != nil {
		return err
	}
	r.Summary("%s → %s", from.To, from.From)
	return TakenBack.Set(r, from)
}

func (i inspect) whole(ctx context.Context, r *steps.Run, from Origin) error {
	m, err := gone(from.Switch)
	if err != nil {
		return err
	}
	if m != nil {
		return fault.Newf("the old %s is not where the upgrade kept it (%s)", filepath.Base(m.Live), m.Kept).
			WithHint("the database's backup is in %s; install Directus %s by hand, then `bunnyhop restore %s`", from.Backup.Dir, from.From, from.Backup.ID)
	}
	if err := backup.Verify(ctx, from.Backup.Dir, r); err != nil {
		return fault.Wrap(backup.Unprove(from.Backup.Dir, err), "the backup that would be restored is not intact", "`bunnyhop backup list` shows the others")
	}
	return nil
}

// service keeps for this run how the server was run before the upgrade, so
// that it is started in that way and with that Node.
func (i inspect) service(r *steps.Run, from Origin) error {
	before, err := site.ReadService(from.Dir)
	if err != nil {
		return err
	}
	if before.Found == nil || before.Found.Kind == server.None {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(from.Dir, "service.json")) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return err
	}
	return site.WritePrivate(r.Path("service.json"), data)
}

// lost says what would be lost: what was written since the upgrade. What it
// changed itself, as it was reviewed, goes back with it and is no loss.
func (i inspect) lost(ctx context.Context, r *steps.Run, from Origin) ([]string, error) {
	manifest, err := backup.Read(from.Backup.Dir)
	if err != nil {
		return nil, err
	}
	manifest.Fingerprint = upgrade.LeftBy(from.lines, manifest.Fingerprint)
	return backups.Lost(ctx, r, i.site, manifest)
}
