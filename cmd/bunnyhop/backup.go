package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/lock"
	"bunnyhop/internal/project"
	"bunnyhop/internal/state"
	making "bunnyhop/steps/backup"
	"bunnyhop/steps/site"
	"bunnyhop/tui"
)

type backupOptions struct {
	app     *app
	without []string
}

func newBackupCommand(a *app) *cobra.Command {
	o := &backupOptions{app: a}
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back the project up and prove the backup",
		Long: `Backs up database, stored files, extensions and configuration while the server
runs, restores the database into a scratch one and compares the two. Storage that
is not on this machine is not copied, and that is said.

Where bunnyhop.yaml names a backup_bucket, the proved backup is then copied to
it: compressed, encrypted to the keys in encrypt_to, and only what is not there
yet. Where it has limits (keep_backups, keep_days, keep_in_bucket,
keep_bucket_days), older backups are removed in the end, as "backup prune" does.`,
		Example: `  bunnyhop backup
  bunnyhop backup --without files --yes
  bunnyhop backup list
  bunnyhop backup verify 20260102-150405-a1b2c3
  bunnyhop backup upload 20260102-150405-a1b2c3
  bunnyhop backup prune --keep 10 --dry-run`,
		Args: unknownSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBackup(cmd.Context(), o) },
	}
	long(cmd, a, flowBackup)
	cmd.Flags().StringSliceVar(&o.without, "without", nil, "a `part` to leave out: "+partNames(optionalParts())+" (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("without", completeParts)
	cmd.AddCommand(newBackupListCommand(a), newBackupVerifyCommand(a), newBackupPruneCommand(a), newBackupUploadCommand(a))
	return cmd
}

// optionalParts are the parts that a backup may lack: one without a database
// would prove nothing.
func optionalParts() []backup.Part {
	return slices.DeleteFunc(slices.Clone(backup.Parts), func(p backup.Part) bool { return p == backup.Database })
}

func runBackup(ctx context.Context, o *backupOptions) error {
	if err := checkParts("--without", o.without, optionalParts()); err != nil {
		return err
	}
	return o.app.runRequest(ctx, request{kind: tui.JobBackup, without: o.without})
}

// backupPlace is where a project's backups are, and what is known of the
// project beside that.
type backupPlace struct {
	site      site.Options
	folder    string
	name      string // of the project
	installed string // its Directus version; "" if not known
	settings  project.Settings
}

// backupPlace finds the backups. A project that cannot be recognised any more
// still has them: then its settings count all the same.
func (a *app) backupPlace() (backupPlace, error) {
	o, err := a.site()
	if err != nil {
		return backupPlace{}, err
	}
	place := backupPlace{site: o, name: filepath.Base(o.Root)}
	file := o.SettingsFile
	if p, err := project.Detect(o.Root); err == nil {
		place.name, place.installed, place.settings = p.Name, p.Installed, p.Settings
	} else if own := filepath.Join(o.Root, project.SettingsFile); file == "" {
		if _, err := os.Stat(own); err == nil {
			file = own
		}
	}
	if file != "" {
		if place.settings, err = project.ReadSettings(file); err != nil {
			return place, err
		}
	}
	o.BackupFolder = place.settings.BackupFolder
	place.folder, err = site.New(o).BackupFolder(nil)
	return place, err
}

// bucket opens the bucket that the settings name; nil means that they name none.
func (p backupPlace) bucket() (*making.Bucket, error) { return making.OpenBucket(p.site, p.settings) }

func (a *app) backupFolder() (string, error) {
	place, err := a.backupPlace()
	return place.folder, err
}

// lockProject keeps runs on the project away, for work that is no run.
func (a *app) lockProject(root, work string) (release func(), err error) {
	dir, err := state.ProjectDir(root)
	if err != nil {
		return nil, err
	}
	held, err := lock.Acquire(dir, work)
	if err != nil {
		return nil, err
	}
	return func() {
		if err := held.Release(); err != nil {
			a.warnln("bunnyhop: giving the project's lock up: " + a.clean(err.Error()))
		}
	}, nil
}
