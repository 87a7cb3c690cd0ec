package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
)

// show prints what the plans are.
func (o *pruneOptions) show(plans prunePlans) {
	a := o.app
	if a.flags.json {
		a.writeJSON(o.document(plans, removed{}))
		return
	}
	if plan := plans.here; plan != nil {
		o.showPlace("In "+plan.Folder, plan.Verdicts, plan.Age, plan.Frees, plans.hereLimits, "keep_backups and keep_days", plans.named)
	}
	if plan := plans.bucket; plan != nil {
		if plans.here != nil {
			a.println("")
		}
		o.showPlace("In the bucket "+plan.Place, plan.Verdicts, plan.Age, plan.Frees, plans.bucketLimits, "keep_in_bucket and keep_bucket_days", plans.named)
	}
}

func (o *pruneOptions) showPlace(
	where string, verdicts []backup.Verdict, age func(*backup.Manifest) time.Duration, frees int64,
	limits backup.Retention, settings string, named bool,
) {
	a := o.app
	if len(verdicts) == 0 {
		a.println(a.oneLine("No backups " + strings.ToLower(where[:1]) + where[1:]))
		return
	}
	t := newTable("", "ID", "AGE", "DIRECTUS", "SIZE", "STATE", "WHY")
	going := 0
	for _, v := range verdicts {
		word := "keep"
		if v.Remove {
			word = "remove"
			going++
		}
		row := newPruneRow(age, v)
		t.add(word, row.ID, ageText(age(v.Backup)), row.Directus, bytesText(row.Bytes), row.shortState(), v.Why)
	}
	t.print(a)
	a.println("\n" + a.oneLine(where))
	switch {
	case going > 0:
		a.printf("%d of %s to be removed, %s come back\n", going, backups(len(verdicts)), bytesText(frees))
	case !named && limits.None():
		a.println("Nothing is removed: no limit is set. Choose with --keep N, --older-than AGE or by name,\n" +
			"or set " + settings + " in bunnyhop.yaml.")
	default:
		a.printf("Nothing is to be removed; what may stay: %s\n", limits)
	}
}

func backups(n int) string { return countText(n, "backup", "backups") }

// ageText is an age in days, as limits are, or in smaller units before that.
func ageText(age time.Duration) string {
	switch hours := int(age.Hours()); {
	case hours < 1:
		return fmt.Sprintf("%d min", max(0, int(age.Minutes())))
	case hours < 48:
		return fmt.Sprintf("%d h", hours)
	default:
		return fmt.Sprintf("%d days", hours/24)
	}
}

// pruneRow is a backup in `backup prune --json`.
type pruneRow struct {
	backupRow
	AgeSeconds float64 `json:"age_seconds"`
	Remove     bool    `json:"remove"`
	Why        string  `json:"why"`
	Held       bool    `json:"held"`
	Removed    bool    `json:"removed"`
}

func newPruneRow(age func(*backup.Manifest) time.Duration, v backup.Verdict) pruneRow {
	row := pruneRow{
		backupRow: newBackupRow(v.Backup), AgeSeconds: age(v.Backup).Seconds(),
		Remove: v.Remove, Why: v.Why, Held: v.Held,
	}
	if row.Problem != "" && filepath.IsAbs(v.Backup.Dir) { // one in the bucket has none
		// No manifest says how large it is.
		row.Bytes, _ = backup.Freed(v.Backup.Dir)
	}
	return row
}

// shortState leaves out of a damaged backup's state what is wrong with it:
// `backup list` says that.
func (r pruneRow) shortState() string {
	word, _, _ := strings.Cut(r.state(), ":")
	return word
}

func (o *pruneOptions) document(plans prunePlans, gone removed) document {
	fields := map[string]any{"dry_run": o.dryRun}
	if plan := plans.here; plan != nil {
		rows := make([]pruneRow, 0, len(plan.Verdicts))
		for _, v := range plan.Verdicts {
			row := newPruneRow(plan.Age, v)
			row.Removed = slices.Contains(gone.dirs, v.Backup.Dir)
			rows = append(rows, row)
		}
		fields["folder"], fields["backups"], fields["frees_bytes"], fields["limits"] = plan.Folder, rows, plan.Frees, limitFields(plans.hereLimits)
	}
	if plan := plans.bucket; plan != nil {
		rows := make([]pruneRow, 0, len(plan.Verdicts))
		for _, v := range plan.Verdicts {
			row := newPruneRow(plan.Age, v)
			row.Dir, row.Where = "", inBucket
			row.Removed = slices.Contains(gone.ids, v.Backup.ID)
			rows = append(rows, row)
		}
		fields["in_bucket"] = map[string]any{
			"bucket": plan.Place, "backups": rows, "frees_bytes": plan.Frees, "limits": limitFields(plans.bucketLimits),
			"removed_objects": gone.collected.Objects, "removed_bytes": gone.collected.Bytes,
			"young_objects": gone.collected.Young, "busy": gone.collected.Busy,
		}
	}
	return document{"backup_prune", fields}
}

func limitFields(limits backup.Retention) map[string]any {
	return map[string]any{"keep": limits.Keep, "older_than": limits.Age.Seconds()}
}

// completePrunable completes backups that are not named yet, also those that
// are good for nothing else.
func (a *app) completePrunable(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	folder, err := a.backupFolder()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := backup.List(folder)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []cobra.Completion
	for _, m := range all {
		if row := newBackupRow(m); !slices.Contains(args, m.ID) {
			words = append(words, cobra.CompletionWithDesc(m.ID, strings.TrimSpace(row.Directus+" "+when(m.Created)+" "+pruneRow{backupRow: row}.shortState())))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
