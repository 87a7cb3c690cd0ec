package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/steps/overview"
)

type statusOptions struct{ app *app }

func newStatusCommand(a *app) *cobra.Command {
	o := &statusOptions{app: a}
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the project stands",
		Long: `Looks at the project without changing anything: versions, database, server, last
backup, and whether a run is unfinished.`,
		Example: `  bunnyhop status
  bunnyhop status --project /srv/blog --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), o) },
	}
}

func runStatus(ctx context.Context, o *statusOptions) error {
	a := o.app
	place, err := a.site()
	if err != nil {
		return err
	}
	seen, err := overview.Look(ctx, place)
	if err != nil && seen.Unfinished != nil && seen.Unfinished.Touched {
		// A run that was killed in its cutover may have left something that is
		// hard to recognise; what counts then is that run.
		a.warnln("bunnyhop: " + a.oneLine(err.Error()))
		err = nil
	}
	switch {
	case a.flags.json && err == nil:
		a.writeJSON(document{"status", asMap(seen)})
	case !a.flags.json && (err == nil || seen.Project != ""):
		for _, line := range statusLines(a, seen, time.Now()) {
			a.println(a.clean(line))
		}
	}
	return err
}

// asMap gives a document the fields of a struct.
func asMap(v any) map[string]any {
	fields := map[string]any{}
	_ = json.Unmarshal(encodeJSON(v, ""), &fields)
	return fields
}

func statusLines(a *app, s overview.Overview, now time.Time) []string {
	var lines []string
	add := func(name, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-10s ", name)+fmt.Sprintf(format, args...))
	}
	add("Project", "%s in %s", orUnknown(s.Project, "?"), s.Root)
	if s.Manager != "" {
		installed := orUnknown(s.Installed, "not installed")
		if s.Running != "" {
			installed += ", running"
		}
		add("Directus", "%s (declared %s, %s)", installed, s.Declared, s.Manager)
	}
	if s.Vendor != "" {
		size := ""
		if s.DatabaseFault == "" {
			size = fmt.Sprintf(" %s, %s,", s.ServerVersion, bytesText(s.DatabaseBytes))
		}
		add("Database", "%s%s %s", s.Vendor, size, s.Database)
	}
	if s.DatabaseFault != "" {
		add("", "problem: %s", s.DatabaseFault)
	}
	for _, half := range s.HalfDone {
		add("", "half-done: %s", half.What)
		add("", "way out: %s", half.WayOut)
		for _, statement := range half.Repair {
			add("", "known repair, while no server runs and after a backup: %s", statement)
		}
	}
	if s.Server.Kind != "" {
		state := "not running"
		if s.Server.Running {
			state = "running"
		}
		if s.Node != "" {
			state += ", Node " + s.Node
		}
		if s.Server.Kind != "none" {
			state = fmt.Sprintf("%s (%s)", orUnknown(s.Server.Description, s.Server.Kind), state)
		}
		add("Server", "%s", state)
	}
	if s.ServerFault != "" {
		add("", "problem: %s", s.ServerFault)
	}
	switch {
	case s.BackupsFault != "":
		add("Backup", "problem: %s", s.BackupsFault)
	case s.LastBackup == nil:
		add("Backup", "none yet")
	default:
		add("Backup", "%s (%s)", s.LastBackup.ID, backupAge(*s.LastBackup, now))
	}
	if s.Busy != nil {
		add("Busy", "run %s works on it (pid %d on %s)", s.Busy.Run, s.Busy.PID, s.Busy.Host)
	}
	if u := s.Unfinished; u != nil && s.Busy == nil {
		state := "it has changed nothing"
		if u.Touched {
			state = "it has begun to change the project"
		}
		add("Unfinished", "%s, %s at %q; %s", u.ID, u.Status, u.Step, state)
		add("", "go on with: bunnyhop resume%s", a.projectFlag())
		if u.Touched {
			add("", "go back with: bunnyhop rollback%s", a.projectFlag())
		}
	}
	if c := s.CanRollBack; c != nil {
		add("Last", "upgrade %s → %s on %s", c.From, c.To, when(c.Started))
		if s.Unfinished == nil || !s.Unfinished.Touched {
			add("", "take it back with: bunnyhop rollback%s", a.projectFlag())
		}
	}
	return lines
}
