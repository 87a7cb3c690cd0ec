package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	making "bunnyhop/steps/backup"
)

func newBackupUploadCommand(a *app) *cobra.Command {
	reread := false
	cmd := &cobra.Command{
		Use:   "upload BACKUP",
		Short: "Copy a backup that is here to the bucket",
		Long: `Copies a finished backup to the bucket that bunnyhop.yaml names as backup_bucket.
"bunnyhop backup" and "bunnyhop upgrade" do that by themselves; this is for when the
bucket could not be reached then. What is there already is not sent again, also
from an upload that was killed.

With --reread what is there already is read first, and replaced where it is
damaged.`,
		Example: `  bunnyhop backup upload 20260102-150405-a1b2c3
  bunnyhop backup upload 20260102-150405-a1b2c3 --reread --json`,
		Args:              oneArg("BACKUP"),
		ValidArgsFunction: a.completeBackups,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackupUpload(cmd.Context(), a, args[0], reread)
		},
	}
	cmd.Flags().BoolVar(&reread, "reread", false, "read what is in the bucket already, and replace what is damaged")
	return cmd
}

func runBackupUpload(ctx context.Context, a *app, name string, reread bool) error {
	place, err := a.backupPlace()
	if err != nil {
		return err
	}
	bucket, err := place.needBucket()
	if err != nil {
		return err
	}
	dir, err := a.backupDir(name)
	if err != nil {
		return err
	}
	begin := time.Now()
	copied, err := a.sendCopy(ctx, place, bucket, dir, reread, a.progress())
	if err != nil {
		return err
	}
	if a.flags.json {
		a.writeJSON(document{"backup_uploaded", map[string]any{"copy": copied, "seconds": time.Since(begin).Seconds()}})
		return nil
	}
	a.printf("Backup %s is in %s: %s stored, %s of it sent now (%s)\n",
		copied.Backup, a.oneLine(copied.Bucket), bytesText(copied.Bytes), bytesText(copied.Sent), seconds(time.Since(begin)))
	for _, line := range keyLines(copied.Encrypted, copied.Keys) {
		a.println(line)
	}
	return nil
}

// sendCopy copies a backup to the bucket.
func (a *app) sendCopy(ctx context.Context, place backupPlace, bucket *making.Bucket, dir string, reread bool, report progress.Reporter) (making.Copy, error) {
	// A prune must not remove it meanwhile.
	release, err := a.lockProject(place.site.Root, "backup-upload")
	if err != nil {
		return making.Copy{}, err
	}
	defer release()
	return bucket.Send(ctx, dir, reread, report)
}

// fetchCopy brings a backup here from the bucket, and returns its folder.
func (a *app) fetchCopy(ctx context.Context, place backupPlace, bucket *making.Bucket, id, identity string, report progress.Reporter) (string, error) {
	// A prune would remove what is not whole yet.
	release, err := a.lockProject(place.site.Root, "backup-fetch")
	if err != nil {
		return "", err
	}
	defer release()
	return filepath.Join(place.folder, id), bucket.Fetch(ctx, id, identity, report)
}

// needBucket is bucket where nothing can be done without one.
func (p backupPlace) needBucket() (*making.Bucket, error) {
	bucket, err := p.bucket()
	if err == nil && bucket == nil {
		return nil, noBucket()
	}
	return bucket, err
}

func noBucket() error {
	return fault.New("bunnyhop.yaml names no backup_bucket", "name one, with endpoint, bucket and encrypt_to; docs and README show how").WithCode(fault.Usage)
}

// keyLines say who can read a copy.
func keyLines(encrypted bool, recipients []string) []string {
	if !encrypted {
		return []string{"It is not encrypted: whoever can read the bucket can read it, .env included."}
	}
	lines := []string{"It can be read only with the private key of"}
	for _, r := range recipients {
		lines = append(lines, "  "+r)
	}
	return append(lines, "Keep that key where this machine cannot lose it: without it the copy is lost.")
}

// verifyCopy reads a backup in the bucket. Where it is to be restored it is
// fetched instead, and the result is its folder here.
func (a *app) verifyCopy(ctx context.Context, place backupPlace, id string, o verifyOptions, absent bool, report progress.Reporter) (dir string, err error) {
	bucket, err := place.needBucket()
	if err != nil {
		return "", err
	}
	if o.restore {
		if !absent {
			return "", fault.New("--restore restores the backup that is here", "leave --bucket out").WithCode(fault.Usage)
		}
		return a.fetchCopy(ctx, place, bucket, id, o.identity, report)
	}
	begin := time.Now()
	checked, err := bucket.Verify(ctx, id, o.identity, report)
	if err != nil {
		return "", err
	}
	took := time.Since(begin)
	if a.flags.json {
		row := withCopies(nil, []*remote.Summary{checked.Summary})[0]
		a.writeJSON(document{"backup_verified", map[string]any{
			"backup": row, "seconds": took.Seconds(), "objects": checked.Objects, "read_bytes": checked.Bytes, "opened": checked.Opened,
		}})
		return "", nil
	}
	a.printf("Backup %s in %s is whole: %d objects, %s read again, every digest is right (%s)\n",
		id, a.oneLine(bucket.Place), checked.Objects, bytesText(checked.Bytes), seconds(took))
	a.println(openedText(checked, "--identity FILE"))
	return "", nil
}

// openedText says how deep the look at a copy went, and with what it goes deeper.
func openedText(checked *remote.Checked, key string) string {
	if checked.Opened {
		return "Its contents were opened and compared with its manifest."
	}
	return "It is encrypted, and was compared as it is stored; with " + key + " its contents are compared too."
}
