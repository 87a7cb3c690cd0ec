package main

import (
	"context"

	"github.com/spf13/cobra"

	"bunnyhop/tui"
)

type upgradeOptions struct {
	app    *app
	to     string
	dryRun bool
}

func newUpgradeCommand(a *app) *cobra.Command {
	o := &upgradeOptions{app: a}
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the project to another Directus version",
		Long: `Upgrades the project: look, choose, check, back up, prove the backup, install
beside, rehearse on the copy, review; then stop, final backup, switch, migrate,
apply, start, verify, report. Nothing of the live project changes before the
review is answered. What fails after that is put back.

Without --to it asks for the version; --yes takes the recommended one, which is
the newest on which nothing this project uses is lost.

Questions and the flags that answer them without a terminal:
  version    --to VERSION, or --yes for the recommended one
  findings   --yes acknowledges warnings; --override ID passes a blocker
  review     --decisions FILE; --yes accepts what is recommended of the rest
  a failure in the cutover is always rolled back`,
		Example: `  bunnyhop upgrade
  bunnyhop upgrade --to 11.17.4
  bunnyhop upgrade --to 11.17.4 --dry-run
  bunnyhop upgrade --to 12.4.0 --yes --override 12.0-custom-permissions --json
  bunnyhop upgrade --project /srv/blog --yes --decisions decisions.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUpgrade(cmd.Context(), o) },
	}
	long(cmd, a, flowUpgrade)
	cmd.Flags().StringVar(&o.to, "to", "", "the target `version`, such as 11.17.4")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false,
		"do everything up to and with the rehearsal, print what would be reviewed, and stop; asks nothing")
	return cmd
}

func runUpgrade(ctx context.Context, o *upgradeOptions) error {
	if o.dryRun {
		o.app.long = flowDryRun
	}
	return o.app.runRequest(ctx, request{kind: tui.JobUpgrade, to: o.to, dryRun: o.dryRun})
}

// long marks a command whose --json output is one object a line, the last of
// which is a result of the flow.
func long(cmd *cobra.Command, a *app, flow string) {
	check := cmd.Args
	// Wrong arguments are refused before PreRun.
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		a.long = flow
		return check(cmd, args)
	}
}
