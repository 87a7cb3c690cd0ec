package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/steps/prune"
)

// show prints what the plan is.
func (o *pruneOptions) show(request prune.Request, plan *prune.Plan) {
	a := o.app
	if a.flags.json {
		a.writeJSON(o.document(request, plan, nil))
		return
	}
	if len(plan.Verdicts) == 0 {
		a.printf("No backups in %s\n", plan.Folder)
		return
	}
	t := newTable("", "ID", "AGE", "DIRECTUS", "SIZE", "STATE", "WHY")
	for _, v := range plan.Verdicts {
		word := "keep"
		if v.Remove {
			word = "remove"
		}
		row := newPruneRow(plan, v)
		t.add(word, row.ID, ageText(plan.Age(v.Backup)), row.Directus, bytesText(row.Bytes), row.shortState(), v.Why)
	}
	t.print(a)
	a.printf("\nIn %s\n", plan.Folder)
	going := len(plan.Going())
	switch {
	case going > 0:
		a.printf("%d of %s to be removed, %s come back\n", going, backups(len(plan.Verdicts)), bytesText(plan.Frees))
	case len(request.Names) == 0 && request.Limits.None():
		a.println("Nothing is removed: no limit is set. Choose with --keep N, --older-than AGE or by name,\n" +
			"or set keep_backups and keep_days in bunnyhop.yaml.")
	default:
		a.printf("Nothing is to be removed; what may stay: %s\n", request.Limits)
	}
}

func backups(n int) string {
	if n == 1 {
		return "1 backup"
	}
	return fmt.Sprintf("%d backups", n)
}

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

func newPruneRow(plan *prune.Plan, v backup.Verdict) pruneRow {
	row := pruneRow{
		backupRow: newBackupRow(v.Backup), AgeSeconds: plan.Age(v.Backup).Seconds(),
		Remove: v.Remove, Why: v.Why, Held: v.Held,
	}
	if row.Problem != "" {
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

func (o *pruneOptions) document(request prune.Request, plan *prune.Plan, gone []string) document {
	rows := make([]pruneRow, 0, len(plan.Verdicts))
	for _, v := range plan.Verdicts {
		row := newPruneRow(plan, v)
		row.Removed = slices.Contains(gone, v.Backup.Dir)
		rows = append(rows, row)
	}
	return document{"backup_prune", map[string]any{
		"folder": plan.Folder, "dry_run": o.dryRun, "backups": rows, "frees_bytes": plan.Frees,
		"limits": map[string]any{"keep": request.Limits.Keep, "older_than": request.Limits.Age.Seconds()},
	}}
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
