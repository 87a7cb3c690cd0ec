package main

import (
	"context"

	"github.com/spf13/cobra"

	"bunnyhop/tui"
)

func newRollbackCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback [RUN]",
		Short: "Take an upgrade back",
		Long: `Takes back the unfinished run that has begun to change the project; without one,
the newest finished upgrade. Code, configuration and database go back together, and
the present state is saved first. What was written to the project's own tables
since a finished upgrade goes away with it: then the question names it, and is
answered with --confirm NAME, never with --yes.`,
		Example: `  bunnyhop rollback
  bunnyhop rollback 20260102-150405-upgrade-a1b2c3
  bunnyhop rollback --project /srv/blog --yes
  bunnyhop rollback --project /srv/blog --yes --confirm blog`,
		Args:              maxArgs(1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRollback(cmd.Context(), a, first(args))
		},
	}
	long(cmd, a, flowRollback)
	return cmd
}

func runRollback(ctx context.Context, a *app, run string) error {
	return a.runRequest(ctx, request{kind: tui.JobRollback, run: run})
}
