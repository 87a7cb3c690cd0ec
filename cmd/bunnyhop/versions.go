package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps/overview"
)

type versionsOptions struct {
	app *app
	all bool
}

func newVersionsCommand(a *app) *cobra.Command {
	o := &versionsOptions{app: a}
	cmd := &cobra.Command{
		Use:   "versions",
		Short: "List the Directus versions that can be upgraded to",
		Long: `Lists the versions that the npm registry of this project has, from the installed
one on: date, the Node that each needs, whether it can be installed, how many
blockers and warnings a check of it would find in this project, and the one that
an upgrade would suggest. Releases that are known to be bad, or came out a few
days ago, are marked and never suggested. Without the network it is the list as last
seen, or the one of when bunnyhop was made.`,
		Example: `  bunnyhop versions
  bunnyhop versions --all --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runVersions(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "older versions and pre-releases too")
	return cmd
}

func runVersions(ctx context.Context, o *versionsOptions) error {
	a := o.app
	place, err := a.site()
	if err != nil {
		return err
	}
	list, err := overview.Versions(ctx, place, o.all, true)
	if err != nil {
		return err
	}
	if a.flags.json {
		a.writeJSON(document{"versions", asMap(list)})
		return nil
	}
	if list.Stale != nil {
		a.printf("The registry does not answer; this list is of %s.\n\n", when(*list.Stale))
	}
	for _, half := range list.HalfDone {
		a.printf("%s\n", a.clean(strings.Join(halfDoneLines(half), "\n")))
	}
	if len(list.HalfDone) > 0 {
		a.printf("No version can be upgraded to until that is mended.\n\n")
	}
	t := newTable("VERSION", "DATE", "NODE", "INSTALLABLE", "BLOCKERS", "WARNINGS", "NOTE")
	for _, r := range list.Rows {
		blockers, warnings := "", ""
		if f := r.Findings; f != nil {
			blockers, warnings = strconv.Itoa(f.Blockers), strconv.Itoa(f.Warnings)
		}
		t.add(r.Version, day(r), nodes(r), r.Installable, blockers, warnings, versionNote(r))
	}
	t.print(a)
	recommended := false
	for _, r := range list.Rows {
		if r.Recommended {
			recommended = true
			a.printf("\n%s is recommended: %s.\n", r.Version, a.oneLine(list.Reason))
		}
	}
	if !recommended && list.Reason != "" {
		a.printf("\nNone is recommended: %s.\n", a.oneLine(list.Reason))
	}
	return nil
}

// halfDoneLines say of a half-done migration how it stands and what leads out.
func halfDoneLines(h advisory.HalfDoneMigration) []string {
	lines := []string{"Half-done: " + h.What + ".", "  way out: " + h.WayOut}
	for _, statement := range h.Repair {
		lines = append(lines, "  known repair, while no server runs and after a backup: "+statement)
	}
	return lines
}

func day(r overview.VersionRow) string {
	if r.Date.IsZero() {
		return "-"
	}
	return r.Date.Format("2006-01-02")
}

func nodes(r overview.VersionRow) string {
	if len(r.Node) == 0 {
		return "?"
	}
	majors := make([]string, len(r.Node))
	for i, m := range r.Node {
		majors[i] = strconv.Itoa(m)
	}
	text := strings.Join(majors, ", ")
	if r.NeedsNode {
		text += " (another than now)"
	}
	return text
}

func versionNote(r overview.VersionRow) string {
	var notes []string
	if r.Current {
		notes = append(notes, "installed")
	}
	switch {
	case r.Recommended:
		notes = append(notes, "recommended")
	case r.Note != "":
		notes = append(notes, r.Note)
	}
	return strings.Join(notes, "; ")
}
