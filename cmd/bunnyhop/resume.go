package main

import (
	"context"

	"github.com/spf13/cobra"

	"bunnyhop/tui"
)

func newResumeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with the unfinished run",
		Long: `Goes on with the run that was interrupted or killed, whatever flow it is of. What
was done is proved again from the real world, not taken from the journal's word.
A run that had begun to go back goes on going back.

RUN is a run's ID, or its beginning or end; there is only ever one run to go on
with, so that it can be left out.`,
		Example: `  bunnyhop resume
  bunnyhop resume --project /srv/blog --yes`,
		Args:              maxArgs(1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runResume(cmd.Context(), a, first(args))
		},
	}
	long(cmd, a, string(tui.JobResume))
	return cmd
}

func runResume(ctx context.Context, a *app, run string) error {
	return a.runRequest(ctx, request{kind: tui.JobResume, run: run})
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
