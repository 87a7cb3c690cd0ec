package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/steps/overview"
)

func newBackupListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the backups of this project",
		Example: `  bunnyhop backup list
  bunnyhop backup list --project /srv/blog --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBackupList(cmd.Context(), a) },
	}
}

// backupRow is a backup in `backup list --json`.
type backupRow struct {
	ID       string    `json:"id"`
	Dir      string    `json:"dir"`
	Kind     string    `json:"kind"`
	Created  time.Time `json:"created"`
	Directus string    `json:"directus"`
	Bytes    int64     `json:"bytes"`
	Parts    []string  `json:"parts"`
	Verified bool      `json:"verified"`
	Run      string    `json:"run,omitempty"`
	// Problem says why the backup cannot be used.
	Problem string `json:"problem,omitempty"`
}

// state says in a few words what the backup is worth.
func (r backupRow) state() string {
	switch {
	case r.Problem != "":
		return r.Problem
	case r.Verified:
		return "proved"
	}
	return "not proved"
}

func runBackupList(_ context.Context, a *app) error {
	folder, err := a.backupFolder()
	if err != nil {
		return err
	}
	all, err := overview.Backups(folder)
	if err != nil {
		return err
	}
	rows := make([]backupRow, 0, len(all))
	for _, m := range all {
		rows = append(rows, newBackupRow(m))
	}
	if a.flags.json {
		a.writeJSON(document{"backups", map[string]any{"folder": folder, "backups": rows}})
		return nil
	}
	if len(rows) == 0 {
		a.printf("No backups in %s yet; make one with: bunnyhop backup%s\n", folder, a.projectFlag())
		return nil
	}
	t := newTable("ID", "CREATED", "DIRECTUS", "KIND", "SIZE", "STATE")
	for _, r := range rows {
		t.add(r.ID, when(r.Created), r.Directus, r.Kind, bytesText(r.Bytes), r.state())
	}
	t.print(a)
	a.printf("\nIn %s\n", folder)
	return nil
}

func newBackupRow(m *backup.Manifest) backupRow {
	r := backupRow{
		ID: m.ID, Dir: m.Dir, Kind: m.Kind, Created: m.Created, Directus: m.Directus, Bytes: m.Bytes(),
		Parts: []string{}, Verified: m.Verified != nil, Run: m.Run,
	}
	for _, p := range m.Parts {
		if p.Included {
			r.Parts = append(r.Parts, string(p.Name))
		}
	}
	switch {
	case m.Damaged != nil:
		r.Problem = "damaged: " + m.Damaged.Error()
	case m.Removing:
		r.Problem = "being removed"
	case m.Partial:
		r.Problem = "unfinished"
	}
	return r
}
