package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/site"
)

// runRestoreAs restores the database of a backup into another one than the
// project's own.
func runRestoreAs(ctx context.Context, o *restoreOptions) error {
	a := o.app
	for _, part := range o.parts {
		if part != string(backup.Database) {
			return fault.Newf("--as restores the database only, and --part names %s", part).
				WithHint("restore the other parts without --as").WithCode(fault.Usage)
		}
	}
	place, err := a.backupPlace()
	if err != nil {
		return err
	}
	target, err := project.DatabaseURL(o.as, place.site.Root)
	if err != nil {
		return err
	}
	target.Password = a.passwordFor(target)
	// The backup must not go meanwhile.
	release, err := a.lockProject(place.site.Root, "restore-as")
	if err != nil {
		return err
	}
	defer release()
	report := a.progress()
	dir, err := a.backupHere(ctx, place, o, report)
	if err != nil {
		return err
	}
	e, err := restore.LookElsewhere(ctx, site.New(place.site), dir, target, report)
	if err != nil {
		return err
	}
	if e.Tables > 0 {
		err := a.confirm(ctx, steps.Gate{
			ID: "restore-as", Kind: steps.GateConfirm, Title: "What " + target.Place() + " holds will be replaced",
			Text: fmt.Sprintf("It has %d tables. They are not saved first.", e.Tables),
			Flag: "--confirm " + shellQuote(confirmName(target)), Confirm: confirmName(target), Destructive: true,
		})
		if err != nil {
			return err
		}
	}
	if err := e.Restore(ctx, report); err != nil {
		return err
	}
	a.showElsewhere(e)
	return nil
}

// backupHere is the folder of the backup; one that is only in the bucket is
// fetched.
func (a *app) backupHere(ctx context.Context, place backupPlace, o *restoreOptions, report progress.Reporter) (string, error) {
	dir, missing := a.backupDir(o.backup)
	if missing == nil || place.settings.Bucket == nil || strings.ContainsRune(o.backup, filepath.Separator) {
		return dir, missing
	}
	bucket, err := place.bucket()
	if err != nil || bucket == nil {
		return "", errors.Join(missing, err)
	}
	if err := bucket.Fetch(ctx, o.backup, o.identity, report); err != nil {
		return "", err
	}
	return filepath.Join(place.folder, o.backup), nil
}

// confirmName is what has to be typed: the database's name, or that of the
// file.
func confirmName(c database.Config) string {
	if c.Filename != "" {
		return filepath.Base(c.Filename)
	}
	return c.Name
}

// passwordFor is the password in the environment, under the name that the
// vendor's own programs use.
func (a *app) passwordFor(c database.Config) string {
	switch vendor, _ := c.Vendor(); vendor {
	case database.Postgres:
		return a.environment("PGPASSWORD")
	case database.MySQL:
		return a.environment("MYSQL_PWD")
	default:
		return ""
	}
}

func (a *app) showElsewhere(e *restore.Elsewhere) {
	if a.flags.json {
		a.writeJSON(document{"restored_as", map[string]any{
			"backup": e.Backup.ID, "directus": e.Backup.Directus, "database": e.Target.Place(), "environment": e.Lines(),
		}})
		return
	}
	a.printf("The database of backup %s is restored into %s, and every table equals the backup\n", e.Backup.ID, a.oneLine(e.Target.Place()))
	a.println("The project was not touched. To use this database, with Directus " + e.Backup.Directus + ", set in its configuration:")
	for _, line := range e.Lines() {
		a.println("  " + a.oneLine(line))
	}
	a.println("and take DB_CONNECTION_STRING out, if it is there. Stored files are put back by `bunnyhop restore --part files`.")
}
