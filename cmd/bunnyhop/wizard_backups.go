package main

import (
	"context"
	"errors"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/site"
	"bunnyhop/tui"
)

// wizardBackups does for the screens what the backup commands do.
type wizardBackups struct{ app *app }

var _ tui.Backups = wizardBackups{}

// List implements tui.Backups.
func (w wizardBackups) List(context.Context) (tui.BackupList, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return tui.BackupList{}, err
	}
	all, err := overview.Backups(place.folder)
	if err != nil {
		return tui.BackupList{}, err
	}
	list := tui.BackupList{Folder: place.folder, HasKey: place.settings.IdentityFile != ""}
	if bucket := place.settings.Bucket; bucket != nil {
		list.Bucket = bucket.String()
	}
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
