package main

import (
	"context"

	"github.com/spf13/cobra"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/model"
	"bunnyhop/tui"
)

type upgradeOptions struct {
	app    *app
	to     string
	young  bool
	report string
	schema string
	rules  acceptance
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
the newest on which nothing this project uses is lost. A release that came out a
few days ago (minimum_release_age in bunnyhop.yaml, 7 days) is not recommended,
and asked about when it is chosen; one that is known to be bad is a blocker.

With --schema a data model is brought in, too: the file of a snapshot (JSON or
YAML), a folder of directus-sync, another project's folder or a server's address,
of any version of Directus and on any database. What the project lacks of it and
what is otherwise there is reviewed, change by change. What is accepted is first
made on the copy, and then in the cutover, after the migrations; it goes back with
a rollback. Nothing is deleted.

Questions and the flags that answer them without a terminal:
  version    --to VERSION, or --yes for the recommended one
  young one  --allow-young takes a release that came out a few days ago
  findings   --yes acknowledges warnings; --override ID passes a blocker
  review     --decisions FILE; of a data model that is brought in --accept, --accept-loss
             and --reject; --yes accepts what is recommended of the rest
  a failure in the cutover is always rolled back`,
		Example: `  bunnyhop upgrade
  bunnyhop upgrade --to 11.17.4
  bunnyhop upgrade --to 11.17.4 --dry-run
  bunnyhop upgrade --to 12.4.0 --yes --override 12.0-custom-permissions --json
  bunnyhop upgrade --to 11.17.4 --schema schema.yaml
  bunnyhop upgrade --to 11.17.4 --schema schema.yaml --yes --accept all --reject 'posts.*'
  bunnyhop upgrade --project /srv/blog --yes --decisions decisions.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUpgrade(cmd.Context(), o) },
	}
	long(cmd, a, flowUpgrade)
	cmd.Flags().StringVar(&o.to, "to", "", "the target `version`, such as 11.17.4")
	cmd.Flags().BoolVar(&o.young, "allow-young", false, "take a release that came out a few days ago without a question")
	cmd.Flags().StringVar(&o.schema, "schema", "", "bring the data model of this snapshot in, too: `file` or folder; every change is reviewed")
	addRules(cmd, &o.rules)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false,
		"do everything up to and with the rehearsal, print what would be reviewed, and stop; asks nothing")
	addReport(cmd, &o.report)
	return cmd
}

func runUpgrade(ctx context.Context, o *upgradeOptions) error {
	if o.dryRun {
		o.app.long = flowDryRun
	}
	req := request{kind: tui.JobUpgrade, to: o.to, young: o.young, dryRun: o.dryRun, report: o.report}
	if o.schema != "" {
		from, err := model.Find(o.schema)
		if err != nil {
			return err
		}
		req.schema = &from
	}
	if err := o.rules.check(); err != nil {
		return err
	}
	if !o.rules.empty() && o.schema == "" {
		return fault.New("--accept, --accept-loss and --reject are about a data model, and none is brought in",
			"name one with --schema, or decide about the upgrade itself with --decisions").WithCode(fault.Usage)
	}
	o.app.rules = o.rules
	return o.app.runRequest(ctx, req)
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
