package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	making "bunnyhop/steps/backup"
	"bunnyhop/tui"
)

// bucket is where the project's backups are, and the bucket that has the
// copies of them.
func (w wizardBackups) bucket() (backupPlace, *making.Bucket, error) {
	place, err := w.app.backupPlace()
	if err != nil {
		return backupPlace{}, nil, err
	}
	bucket, err := place.needBucket()
	return place, bucket, err
}

// ListBucket implements tui.Backups.
func (w wizardBackups) ListBucket(ctx context.Context) ([]tui.Backup, error) {
	_, bucket, err := w.bucket()
	if err != nil {
		return nil, err
	}
	copies, err := remote.List(ctx, bucket)
	if err != nil {
		return nil, err
	}
	var all []tui.Backup
	for _, s := range copies {
		b := shownBackup(s.Described())
		b.Dir, b.Copy = "", shownCopy(s, bucket.Options.Host)
		all = append(all, b)
	}
	return all, nil
}

func shownCopy(s *remote.Summary, host string) *tui.BackupCopy {
	c := &tui.BackupCopy{
		Uploaded: s.Uploaded, Stored: s.StoredBytes, Encrypted: s.Encrypted, Keys: s.Recipients, Proved: s.Verified != nil,
	}
	switch {
	case s.Damaged != nil:
		c.Problem, c.Hint = s.Damaged.Error(), fault.HintOf(s.Damaged)
	case s.Host != host:
		c.Host = s.Host
	}
	return c
}

// VerifyCopy implements tui.Backups.
func (w wizardBackups) VerifyCopy(ctx context.Context, id string, report progress.Reporter) (tui.BackupCheck, error) {
	_, bucket, err := w.bucket()
	if err != nil {
		return tui.BackupCheck{}, err
	}
	checked, err := bucket.Verify(ctx, id, "", report)
	if err != nil {
		return tui.BackupCheck{Bad: isBad(err)}, err
	}
	return tui.BackupCheck{Bytes: checked.Bytes, Notes: []string{openedText(checked, "identity_file in bunnyhop.yaml")}}, nil
}

// Send implements tui.Backups.
func (w wizardBackups) Send(ctx context.Context, dir string, reread bool, report progress.Reporter) (tui.BackupSent, error) {
	place, bucket, err := w.bucket()
	if err != nil {
		return tui.BackupSent{}, err
	}
	copied, err := w.app.sendCopy(ctx, place, bucket, dir, reread, report)
	if err != nil {
		return tui.BackupSent{}, err
	}
	return tui.BackupSent{Stored: copied.Bytes, Sent: copied.Sent, Notes: keyLines(copied.Encrypted, copied.Keys)}, nil
}

// Fetch implements tui.Backups.
func (w wizardBackups) Fetch(ctx context.Context, id, key string, report progress.Reporter) (tui.BackupFetched, error) {
	place, bucket, err := w.bucket()
	if err != nil {
		return tui.BackupFetched{}, err
	}
	key, err = typedPath(key)
	if err != nil {
		return tui.BackupFetched{}, err
	}
	dir, err := w.app.fetchCopy(ctx, place, bucket, id, key, report)
	if err != nil {
		return tui.BackupFetched{WrongKey: ctx.Err() == nil && bucket.WrongKey(err, key)}, err
	}
	m, err := backup.Read(dir)
	if err != nil {
		return tui.BackupFetched{}, err
	}
	return tui.BackupFetched{Dir: dir, Bytes: m.Bytes()}, nil
}

// typedPath is a path that was typed where no shell reads it.
func typedPath(path string) (string, error) {
	rest, found := strings.CutPrefix(path, "~/")
	if !found {
		return path, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, rest), err
}
