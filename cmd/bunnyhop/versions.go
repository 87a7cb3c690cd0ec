package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

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
one on: date, the Node that each needs, whether it can be installed, and the one
that an upgrade would suggest. Without the network it is the list as last seen.`,
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
	rows, stale, err := overview.Versions(ctx, place, o.all)
	if err != nil {
		return err
	}
	if a.flags.json {
		if rows == nil {
			rows = []overview.VersionRow{}
		}
		a.writeJSON(document{"versions", map[string]any{"versions": rows, "stale": stale}})
		return nil
	}
	if stale != nil {
		a.printf("The registry does not answer; this list is of %s.\n\n", when(*stale))
	}
	t := newTable("VERSION", "DATE", "NODE", "INSTALLABLE", "NOTE")
	for _, r := range rows {
		t.add(r.Version, day(r), nodes(r), r.Installable, versionNote(r))
	}
	t.print(a)
	for _, r := range rows {
		if r.Recommended {
			a.printf("\n%s is recommended: %s.\n", r.Version, a.oneLine(r.Note))
		}
	}
	return nil
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
