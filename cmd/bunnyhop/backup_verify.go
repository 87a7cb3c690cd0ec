package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	proving "bunnyhop/steps/backup"
	"bunnyhop/steps/site"
)

func newBackupVerifyCommand(a *app) *cobra.Command {
	o := verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify BACKUP",
		Short: "Read a backup again and compare it with its manifest",
		Long: `Reads every file of a backup and compares it with the digests in the manifest.
BACKUP is an ID from "bunnyhop backup list", or the backup's folder.

With --restore the database is also restored into a scratch one, compared with
what was backed up, and dropped again; "bunnyhop backup list" then shows the
result. SQLite needs no project for that; a server is taken from the project's
configuration.

A backup that is found to be damaged loses the proof that is on record for it:
neither prune nor rollback relies on it any more.

A backup that is only in the bucket is read there, and so is one with --bucket:
every object is compared with the digest that is stored with it, for which no
private key is needed. With the key (--identity, or identity_file in bunnyhop.yaml)
the contents are opened and compared too. --restore fetches it first.`,
		Example: `  bunnyhop backup verify 20260102-150405-a1b2c3
  bunnyhop backup verify 20260102-150405-a1b2c3 --restore
  bunnyhop backup verify 20260102-150405-a1b2c3 --bucket --identity /media/usb/blog.key
  bunnyhop backup verify /backups/blog/20260102-150405-a1b2c3 --json`,
		Args:              oneArg("BACKUP"),
		ValidArgsFunction: a.completeBackups,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackupVerify(cmd.Context(), a, args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.restore, "restore", false, "also restore the database into a scratch one and compare")
	cmd.Flags().BoolVar(&o.bucket, "bucket", false, "read the copy in the bucket, also if the backup is here")
	addIdentity(cmd, &o.identity)
	return cmd
}

type verifyOptions struct {
	restore, bucket bool
	identity        string // file
}

func addIdentity(cmd *cobra.Command, identity *string) {
	cmd.Flags().StringVar(identity, "identity", "", "`file` with the private key that opens backups of the bucket (default: identity_file in bunnyhop.yaml)")
	_ = cmd.MarkFlagFilename("identity")
}

func runBackupVerify(ctx context.Context, a *app, name string, o verifyOptions) error {
	place, err := a.backupPlace()
	if err != nil {
		return err
	}
	report := a.progress()
	begin := time.Now()
	dir, err := a.backupDir(name)
	if o.bucket || err != nil && place.settings.Bucket != nil && !strings.ContainsRune(name, filepath.Separator) {
		fetched := ""
		if fetched, err = a.verifyCopy(ctx, place, name, o, err != nil, report); err != nil || fetched == "" {
			return err
		}
		dir = fetched
	}
	if err != nil {
		return err
	}
	proof, err := a.verifyBackup(ctx, place.site, dir, o.restore, report)
	if err != nil {
		return err
	}
	manifest, err := backup.Read(dir)
	if err != nil {
		return err
	}
	row := newBackupRow(manifest)
	if a.flags.json {
		fields := map[string]any{"backup": row, "seconds": time.Since(begin).Seconds()}
		if proof != nil {
			fields["proof"] = proof
		}
		a.writeJSON(document{"backup_verified", fields})
		return nil
	}
	a.printf("Backup %s is whole: %s read again, every digest is right (%s)\n",
		row.ID, bytesText(row.Bytes), seconds(time.Since(begin)))
	if proof != nil {
		a.printf("Its database was restored and compared: %d tables, %d rows equal\n", proof.Tables, proof.Rows)
		if n := len(proof.ForeignKeys); n > 0 {
			a.printf("%d or more references lead nowhere in it, as they did in the original\n", n)
		}
	}
	return nil
}

// verifyBackup reads every byte of a backup. With restore it also restores its
// database, and records in the backup what that has shown. Damage takes an
// earlier proof back in any case.
func (a *app) verifyBackup(ctx context.Context, place site.Options, dir string, restore bool, report progress.Reporter) (*backup.Verification, error) {
	if !restore {
		err := backup.Verify(ctx, dir, report)
		if err == nil || ctx.Err() != nil || !backup.Proved(dir) {
			return nil, err
		}
		// Reading disturbs nobody; writing into a backup that a run may be at
		// work on does.
		release, busy := a.lockProject(place.Root, "backup-verify")
		if busy != nil {
			return nil, backup.StillRecorded(dir, err, "another run is at work on the project")
		}
		defer release()
		return nil, backup.Unprove(dir, err)
	}
	// The result is written into a backup that a run may be at work on.
	release, err := a.lockProject(place.Root, "backup-verify")
	if err != nil {
		return nil, err
	}
	defer release()
	if err := backup.Verify(ctx, dir, report); err != nil {
		return nil, backup.Unprove(dir, err)
	}
	return proving.ProveAgain(ctx, site.New(place), dir, report)
}

// backupDir is the folder of a backup that a person names by its ID or folder.
func (a *app) backupDir(name string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return filepath.Abs(name)
		}
	} else {
		folder, err := a.backupFolder()
		if err != nil {
			return "", err
		}
		dir := filepath.Join(folder, name)
		if info, err := os.Stat(dir); err == nil && info.IsDir() && name != "." && name != ".." {
			return dir, nil
		}
	}
	return "", fault.Newf("there is no backup %q", name).WithHint("`bunnyhop backup list` lists them").WithCode(fault.Usage)
}

// progress tells how far work is that is no run; --json has no lines for it.
func (a *app) progress() progress.Reporter {
	if a.flags.json {
		return progress.Discard
	}
	return &progressLines{app: a}
}

// progressLines prints the progress of work that is no run.
type progressLines struct {
	app *app

	mu      sync.Mutex
	meter   meter
	printed time.Time
}

// Progress implements progress.Reporter.
func (p *progressLines) Progress(label string, unit progress.Unit, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.meter.update(steps.Progress{Label: label, Unit: unit, Done: done, Total: total}, now)
	if p.printed.IsZero() {
		p.printed = now
	}
	if now.Sub(p.printed) >= progressEvery {
		p.printed = now
		p.app.println(indent + p.app.oneLine(p.meter.String()))
	}
}

// Output implements progress.Reporter.
func (p *progressLines) Output(line string) {
	if p.app.flags.verbose {
		p.app.println(indent + "| " + p.app.oneLine(line))
	}
}
