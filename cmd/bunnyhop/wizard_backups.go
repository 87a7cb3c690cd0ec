package main

import (
	"context"
	"errors"
	"slices"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/site"
	"bunnyhop/tui"
)

// wizardBackups does for the screens what the backup commands do.
type wizardBackups struct{ app *app }

var _ tui.Backups = wizardBackups{}

// List implements tui.Backups.
func (w wizardBackups) List(context.Context) (tui.BackupList, error) {
	folder, err := w.app.backupFolder()
	if err != nil {
		return tui.BackupList{}, err
	}
	all, err := overview.Backups(folder)
	if err != nil {
		return tui.BackupList{}, err
	}
	list := tui.BackupList{Folder: folder}
	for _, m := range all {
		list.Backups = append(list.Backups, shownBackup(m))
	}
	return list, nil
}

func shownBackup(m *backup.Manifest) tui.Backup {
	b := tui.Backup{
		ID: m.ID, Dir: m.Dir, Created: m.Created, Project: m.Root, Directus: m.Directus, Full: m.Kind == backup.Full,
		Bytes: m.Bytes(), Tool: m.DumpTool, Run: m.Run,
	}
	if m.Vendor != "" {
		b.Database = site.VendorTitle(m.Vendor, m.ServerVersion)
	}
	for _, p := range m.Parts {
		b.Shared += p.Linked
		b.Parts = append(b.Parts, facts.BackupPart{Name: string(p.Name), Included: p.Included, Reason: p.Reason, Files: p.Files, Bytes: p.Bytes})
		for _, s := range p.Skipped {
			b.Skipped = append(b.Skipped, s.Path+": "+s.Reason)
		}
	}
	for _, e := range m.External {
		text := e.Location + " (" + e.Driver + ")"
		if e.Reason != "" {
			text += ": " + e.Reason
		}
		b.External = append(b.External, text)
	}
	if m.Verified != nil {
		b.Proof = shownProof(m.Verified)
	}
	switch {
	case m.Damaged != nil:
		b.State, b.Problem, b.Hint = tui.BackupDamaged, m.Damaged.Error(), fault.HintOf(m.Damaged)
	case m.Removing:
		b.State, b.Problem, b.Hint = tui.BackupRemoving, "its removal was begun and did not come to its end", "remove it again"
	case m.Partial:
		b.State, b.Problem, b.Hint = tui.BackupUnfinished, "it was not written to its end", "make another one, and remove this one"
	}
	return b
}

func shownProof(v *backup.Verification) *tui.BackupProof {
	return &tui.BackupProof{At: v.Time, Tables: v.Tables, Rows: v.Rows, ForeignKeys: len(v.ForeignKeys)}
}

// Verify implements tui.Backups.
func (w wizardBackups) Verify(ctx context.Context, dir string, restore bool, report progress.Reporter) (tui.BackupCheck, error) {
	place, err := w.app.site()
	if err != nil {
		return tui.BackupCheck{}, err
	}
	proof, err := w.app.verifyBackup(ctx, place, dir, restore, report)
	if err != nil {
		return tui.BackupCheck{Bad: isBad(err)}, err
	}
	m, err := backup.Read(dir)
	if err != nil {
		return tui.BackupCheck{}, err
	}
	check := tui.BackupCheck{Bytes: m.Bytes()}
	if proof != nil {
		check.Proof = shownProof(proof)
	}
	return check, nil
}

// isBad reports whether an error is about what is in a backup, and not about
// why it could not be looked at.
func isBad(err error) bool {
	var damage *backup.DamageError
	var mismatch *backup.MismatchError
	var integrity *database.IntegrityError
	return errors.As(err, &damage) || errors.As(err, &mismatch) || errors.As(err, &integrity)
}

// LookRemove implements tui.Backups.
func (w wizardBackups) LookRemove(_ context.Context, dir string) (tui.BackupRemoval, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return tui.BackupRemoval{}, err
	}
	_, removal, err := lookRemove(place, dir)
	return removal, err
}

func lookRemove(place backupPlace, dir string) (*prune.Plan, tui.BackupRemoval, error) {
	removal := tui.BackupRemoval{Dir: dir}
	names, err := appendName(nil, dir, place.folder)
	if err != nil {
		return nil, removal, err
	}
	plan, err := prune.Look(prune.Request{Root: place.site.Root, Installed: place.installed, Folder: place.folder, Names: names})
	if err != nil {
		return nil, removal, err
	}
	for _, m := range plan.Going() {
		removal.Going = append(removal.Going, m.ID)
	}
	removal.Frees = plan.Frees
	if stays := plan.Relied(); stays != nil {
		removal.Stays = stays.ID
	}
	if len(plan.Asked()) > 0 {
		removal.Confirm = place.name
	}
	return plan, removal, nil
}

// Remove implements tui.Backups.
func (w wizardBackups) Remove(ctx context.Context, shown tui.BackupRemoval, report progress.Reporter) error {
	place, err := w.app.backupPlace()
	if err != nil {
		return err
	}
	release, err := w.app.lockProject(place.site.Root, "backup-prune")
	if err != nil {
		return err
	}
	defer release()
	plan, now, err := lookRemove(place, shown.Dir)
	if err != nil {
		return err
	}
	if now.Confirm != shown.Confirm || now.Stays != shown.Stays || !slices.Equal(now.Going, shown.Going) {
		failure := fault.New("the backups are not as they were when you were asked", "look at them again, and then remove it")
		failure.State = "nothing was removed"
		return failure
	}
	return plan.Remove(ctx, report, func(*backup.Manifest) {})
}
