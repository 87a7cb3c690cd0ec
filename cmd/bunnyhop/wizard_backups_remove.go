package main

import (
	"context"
	"slices"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/tui"
)

// LookRemove implements tui.Backups.
func (w wizardBackups) LookRemove(ctx context.Context, dir string) (tui.BackupRemoval, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return tui.BackupRemoval{}, err
	}
	_, removal, err := w.lookRemove(ctx, place, dir, here)
	return removal, err
}

// LookRemoveCopy implements tui.Backups.
func (w wizardBackups) LookRemoveCopy(ctx context.Context, id string) (tui.BackupRemoval, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return tui.BackupRemoval{}, err
	}
	_, removal, err := w.lookRemove(ctx, place, id, inBucket)
	return removal, err
}

// lookRemove looks at one place as `backup prune NAME --only PLACE` does.
func (w wizardBackups) lookRemove(ctx context.Context, place backupPlace, name, only string) (prunePlans, tui.BackupRemoval, error) {
	removal := tui.BackupRemoval{ID: lastElement(name)}
	if only == here {
		removal.Dir = name
	}
	o := &pruneOptions{app: w.app, names: []string{name}, only: only}
	look, err := o.looker(place)
	if err != nil {
		return prunePlans{}, removal, err
	}
	plans, err := look(ctx)
	if err != nil {
		return plans, removal, err
	}
	var going []*backup.Manifest
	var stays *backup.Manifest
	if plan := plans.here; plan != nil {
		going, stays, removal.Frees = plan.Going(), plan.Relied(), plan.Frees
	}
	if plan := plans.bucket; plan != nil {
		going, stays, removal.Frees = plan.Going(), plan.Relied(), plan.Frees
	}
	for _, m := range going {
		removal.Going = append(removal.Going, m.ID)
	}
	if stays != nil {
		removal.Stays = stays.ID
	}
	if plans.asked() > 0 {
		removal.Confirm = place.name
	}
	return plans, removal, nil
}

// Remove implements tui.Backups.
func (w wizardBackups) Remove(ctx context.Context, shown tui.BackupRemoval, report progress.Reporter) (string, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return "", err
	}
	release, err := w.app.lockProject(place.site.Root, "backup-prune")
	if err != nil {
		return "", err
	}
	defer release()
	places := []tui.BackupRemoval{shown}
	if shown.Copy != nil {
		places = append(places, *shown.Copy)
	}
	var plans prunePlans
	for _, was := range places {
		name, only := was.Dir, here
		if name == "" {
			name, only = was.ID, inBucket
		}
		at, now, err := w.lookRemove(ctx, place, name, only)
		if err != nil {
			return "", err
		}
		if now.Confirm != was.Confirm || now.Stays != was.Stays || !slices.Equal(now.Going, was.Going) {
			failure := fault.New("the backups are not as they were when you were asked", "look at them again, and then remove it")
			failure.State = "nothing was removed"
			return "", failure
		}
		if only == here {
			plans.here = at.here
		} else {
			plans.bucket = at.bucket
		}
	}
	gone, err := plans.remove(ctx, report, func(*backup.Manifest, string) {})
	switch {
	case err != nil && plans.bucket != nil && len(gone.dirs) > 0 && ctx.Err() == nil:
		failure := fault.Wrap(err, "", fault.HintOf(err)).WithCode(fault.CodeOf(err))
		failure.State = "it is removed here; " + fault.StateOf(err)
		return "", failure
	case err != nil:
		return "", err
	case plans.bucket == nil:
		return "", nil
	}
	return leftText(gone.collected), nil
}

// leftText says what became of the contents that only the removed backup used.
func leftText(c remote.Collected) string {
	switch {
	case c.Busy, c.Objects > 0:
		return collectedText(c)
	case c.Young > 0:
		return "what only it used goes in two days"
	}
	return ""
}
