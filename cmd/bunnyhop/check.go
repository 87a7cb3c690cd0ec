package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/upgrade"
)

type checkOptions struct {
	app      *app
	to       string
	all      bool
	markdown bool
}

func newCheckCommand(a *app) *cobra.Command {
	o := &checkOptions{app: a}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell what a version would break in this project",
		Long: `Looks at the project and at the version and lists what applies to this project
between the two, with what was seen and what to do about it: blockers, warnings,
notes. Nothing is changed and no run is begun. Without --to it is the version that
an upgrade would suggest; --to latest is the newest release. Of the installed
version itself it says what holds without any upgrade.

It ends with 3 when there is a blocker.`,
		Example: `  bunnyhop check
  bunnyhop check --to 12.4.0
  bunnyhop check --to latest --markdown > upgrade.md
  bunnyhop check --to 11.17.4 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.to, "to", "", "the target `version`, such as 11.17.4, or latest")
	cmd.Flags().BoolVar(&o.all, "all", false, "also list what was looked at and does not apply")
	cmd.Flags().BoolVar(&o.markdown, "markdown", false, "print Markdown")
	return cmd
}

// checked is what a check found.
type checked struct {
	Project       string             `json:"project"`
	Root          string             `json:"root"`
	Vendor        string             `json:"vendor"`
	ServerVersion string             `json:"server_version"`
	From          string             `json:"from"`
	To            string             `json:"to"`
	Reason        string             `json:"reason,omitempty"` // why this version
	NodeMajors    []int              `json:"node_majors"`
	Findings      []advisory.Finding `json:"findings"`
	Cleared       []facts.Cleared    `json:"cleared"`
	// Migrations are those that will run; MigrationSeconds is how long they take
	// together, and MigrationsMeasured says that this was measured on a copy.
	Migrations         []facts.PendingMigration `json:"migrations"`
	MigrationSeconds   float64                  `json:"migration_seconds"`
	MigrationsMeasured bool                     `json:"migrations_measured"`
	Extensions         []facts.CheckedExtension `json:"extensions"`
	// HalfDone are the migrations that stopped half-way.
	HalfDone []advisory.HalfDoneMigration `json:"half_done,omitempty"`
	// NothingToCross is set when the target is what is installed.
	NothingToCross bool `json:"nothing_to_cross,omitempty"`
}

func runCheck(ctx context.Context, o *checkOptions) error {
	a := o.app
	if o.markdown && a.flags.json {
		return fault.New("--markdown and --json exclude each other", "name one of them").WithCode(fault.Usage)
	}
	place, err := a.site()
	if err != nil {
		return err
	}
	// Only the version is asked for, and the suggested one is meant.
	run, err := a.look(ctx, upgrade.Check(place, upgrade.Options{To: o.to}), place.Root, Policy{Yes: true})
	if err != nil {
		return err
	}
	found, err := gatherChecked(run)
	if err != nil {
		return err
	}
	blockers := advisory.Count(found.Findings, advisory.Blocker)
	switch {
	case a.flags.json:
		fields := asMap(found)
		fields["exit_code"] = fault.Done
		if blockers > 0 {
			fields["exit_code"] = fault.Blocked
		}
		a.writeJSON(document{"check", fields})
		return resultExit(steps.Result{Code: fields["exit_code"].(fault.Code)})
	case o.markdown:
		a.printf("%s", a.clean(found.markdown(o.all)))
	default:
		a.printf("%s", a.clean(found.text(o.all)))
	}
	if blockers > 0 {
		if found.NothingToCross {
			return fault.Newf("%s", countText(blockers, "finding has to be mended first", "findings have to be mended first")).
				WithHint("do what stands beside each and check again").WithCode(fault.Blocked)
		}
		return fault.Newf("%s in the way of %s", countText(blockers, "finding stands", "findings stand"), found.To).
			WithHint("do what stands beside each and check again; `bunnyhop upgrade --override ID` passes one that you accept").
			WithCode(fault.Blocked)
	}
	return nil
}

func gatherChecked(r *steps.Run) (checked, error) {
	var c checked
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return c, err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return c, err
	}
	found, err := facts.Checked.Need(r)
	if err != nil {
		return c, err
	}
	c = checked{
		Project: seen.Name, Root: seen.Root, Vendor: seen.Vendor, ServerVersion: seen.ServerVersion,
		From: target.From, To: target.To, Reason: target.Reason, NodeMajors: target.NodeMajor,
		Findings: found.Findings, Cleared: found.Cleared, Migrations: found.Migrations, Extensions: found.Extensions,
		HalfDone: seen.HalfDone, NothingToCross: target.From == target.To,
	}
	if c.Findings == nil {
		c.Findings = []advisory.Finding{}
	}
	if c.Cleared == nil {
		c.Cleared = []facts.Cleared{}
	}
	if c.Migrations == nil {
		c.Migrations = []facts.PendingMigration{}
	}
	if c.Extensions == nil {
		c.Extensions = []facts.CheckedExtension{}
	}
	c.MigrationSeconds, c.MigrationsMeasured, _ = facts.TotalTime(c.Migrations)
	return c, nil
}

// countText is a number with its word.
func countText(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}
