package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

type pruneOptions struct {
	app       *app
	names     []string
	keep      int
	olderThan string
	dryRun    bool
	limited   bool // a flag sets a limit
	aged      bool // that flag is, or is also, --older-than
	only      string
}

func newBackupPruneCommand(a *app) *cobra.Command {
	o := &pruneOptions{app: a}
	cmd := &cobra.Command{
		Use:   "prune [BACKUP...]",
		Short: "Remove backups that are no longer wanted",
		Long: `Shows every backup, and which of them go and why: those beyond --keep or
--older-than (with both, beyond either), or just the named ones. Without flags
keep_backups and keep_days in bunnyhop.yaml count; without those nothing goes.
Every whole backup counts, the database-only ones of a cutover too.

Where bunnyhop.yaml names a backup_bucket, the backups in it are looked at too: by
the flags, or by keep_in_bucket and keep_bucket_days. Each place is judged by
itself, so whatever goes in one, the other keeps what one relies on. --only here and
--only bucket leave the other place alone. Contents in the bucket that no backup
uses any more go with them, once they are two days old.

Some are never removed: the newest one, the newest full one, the newest proved
one of the installed version, the one that "bunnyhop rollback" needs, and what an
unfinished run uses. One whose manifest is damaged goes only when it is named.

Before anything is removed, the proved backup that stays is read again. The
question is answered by typing the project's name, or with --confirm NAME, never
with --yes.`,
		Example: `  bunnyhop backup prune
  bunnyhop backup prune --keep 10 --dry-run
  bunnyhop backup prune --older-than 90d --confirm blog
  bunnyhop backup prune --only bucket --keep 30
  bunnyhop backup prune 20260102-150405-a1b2c3`,
		ValidArgsFunction: a.completePrunable,
		RunE: func(cmd *cobra.Command, args []string) error {
			kept := cmd.Flags().Changed("keep")
			o.names, o.aged = args, cmd.Flags().Changed("older-than")
			o.limited = kept || o.aged
			if kept && o.keep < 1 {
				return usage(cmd, fmt.Errorf("--keep %d would keep none", o.keep))
			}
			if o.only != "" && o.only != here && o.only != inBucket {
				return usage(cmd, fmt.Errorf("--only %q is no place; the places are %s and %s", o.only, here, inBucket))
			}
			if o.limited && len(args) > 0 {
				return usage(cmd, fmt.Errorf("--keep and --older-than choose, and so do names such as %q: give one or the other", args[0]))
			}
			return runBackupPrune(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.keep, "keep", 0, "remove all but the newest `N`")
	cmd.Flags().StringVar(&o.olderThan, "older-than", "", "remove what is older than this `age`, such as 36h, 30d, 12w or 1y")
	cmd.Flags().StringVar(&o.only, "only", "", "only look at this `place`: here or bucket")
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions([]cobra.Completion{here, inBucket}, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show what would be removed")
	return cmd
}

func runBackupPrune(ctx context.Context, o *pruneOptions) error {
	a := o.app
	place, err := a.backupPlace()
	if err != nil {
		return err
	}
	look, err := o.looker(place)
	if err != nil {
		return err
	}
	plans, err := look(ctx)
	if err != nil {
		return err
	}
	if plans.nothing() || o.dryRun {
		o.show(plans)
		return nil
	}
	release, err := a.lockProject(place.site.Root, "backup-prune")
	if err != nil {
		return err
	}
	defer release()
	// What was seen before the lock may have changed.
	if plans, err = look(ctx); err != nil {
		return err
	}
	if !a.flags.json {
		o.show(plans)
	}
	if n := plans.asked(); n > 0 {
		err := a.confirm(ctx, steps.Gate{
			ID: "prune", Kind: steps.GateConfirm, Title: fmt.Sprintf("%s will be removed for good", backups(n)),
			Flag: "--confirm " + shellQuote(place.name), Confirm: place.name, Destructive: true,
		})
		if err != nil {
			return err
		}
	}
	return o.remove(ctx, plans)
}

// remove carries the plans out and says so.
func (o *pruneOptions) remove(ctx context.Context, plans prunePlans) error {
	a := o.app
	if !a.flags.json && plans.here != nil && len(plans.here.Going()) > 0 {
		if stays := plans.here.Relied(); stays != nil {
			a.println("Reading " + a.oneLine(stays.ID) + " again, which stays")
		}
	}
	gone, err := plans.remove(ctx, a.progress(), func(m *backup.Manifest, place string) {
		if !a.flags.json {
			a.println("Removed " + a.oneLine(m.ID) + place)
		}
	})
	if err != nil {
		return err
	}
	if a.flags.json {
		a.writeJSON(o.document(plans, gone))
		return nil
	}
	if len(gone.dirs) > 0 {
		a.printf("%s removed, %s came back\n", backups(len(gone.dirs)), bytesText(plans.here.Frees))
	}
	if plans.bucket != nil {
		a.printf("%s removed from the bucket; %s\n", backups(len(gone.ids)), collectedText(gone.collected))
	}
	return nil
}

// limits are those of the flags, or else those of the settings.
func (o *pruneOptions) limits(settings backup.Retention) (backup.Retention, error) {
	if len(o.names) > 0 {
		return backup.Retention{}, nil
	}
	if !o.limited {
		return settings, nil
	}
	limits := backup.Retention{Keep: o.keep}
	var err error
	if o.aged {
		limits.Age, err = parseAge(o.olderThan)
	}
	return limits, err
}

var ageForm = regexp.MustCompile(`^([1-9][0-9]{0,6})([hdwy])$`)

// parseAge reads an age in hours, days, weeks or years of 365 days.
func parseAge(text string) (time.Duration, error) {
	const day, most = 24, 100_000 * 24 // hours; more is no time.Duration
	if found := ageForm.FindStringSubmatch(text); found != nil {
		n, _ := strconv.Atoi(found[1]) // the form lets only numbers through
		hours := n * map[string]int{"h": 1, "d": day, "w": 7 * day, "y": 365 * day}[found[2]]
		if hours <= most {
			return time.Duration(hours) * time.Hour, nil
		}
	}
	return 0, fault.Newf("--older-than %q is not an age", text).WithHint("write 36h, 30d, 12w or 1y").WithCode(fault.Usage)
}

// appendName takes a backup's name, or its folder.
func appendName(names []string, name, folder string) ([]string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		dir, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		if filepath.Dir(dir) != filepath.Clean(folder) {
			return nil, fault.Newf("%s does not lie in %s, where the backups of this project are", name, folder).WithCode(fault.Usage)
		}
		name = filepath.Base(dir)
	}
	return append(names, name), nil
}
