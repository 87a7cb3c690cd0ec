package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
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
	bucket, err := place.bucket()
	if err != nil {
		return err
	}
	if bucket == nil {
		return noBucket()
	}
	dir, err := a.backupDir(name)
	if err != nil {
		return err
	}
	// A prune must not remove it meanwhile.
	release, err := a.lockProject(place.site.Root, "backup-upload")
	if err != nil {
		return err
	}
	defer release()
	report := a.progress()
	bucket.Options.Reread = reread
	begin := time.Now()
	copied, err := bucket.Push(ctx, dir, report)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failure := fault.Wrap(err, "the backup could not be copied to the bucket", fault.HintOf(err)).WithCode(fault.CodeOf(err))
		failure.State = "the backup here is as it was; what was sent stays, and the next try goes on with it"
		return failure
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
	bucket, err := place.bucket()
	if err != nil {
		return "", err
	}
	if bucket == nil {
		return "", noBucket()
	}
	if o.restore {
		if !absent {
			return "", fault.New("--restore restores the backup that is here", "leave --bucket out").WithCode(fault.Usage)
		}
		if err := bucket.Fetch(ctx, id, o.identity, report); err != nil {
			return "", err
		}
		return filepath.Join(place.folder, id), nil
	}
	identities, err := bucket.Identities(o.identity)
	if err != nil {
		return "", err
	}
	begin := time.Now()
	checked, err := remote.Verify(ctx, bucket, id, identities, report)
	if err != nil {
		return "", remote.Unprove(ctx, bucket, id, err)
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
	if checked.Opened {
		a.println("Its contents were opened and compared with its manifest.")
	} else {
		a.println("It is encrypted, and was compared as it is stored; with --identity FILE its contents are compared too.")
	}
	return "", nil
}
