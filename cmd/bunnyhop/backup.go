package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/tui"
)

type backupOptions struct {
	app     *app
	without []string
}

func newBackupCommand(a *app) *cobra.Command {
	o := &backupOptions{app: a}
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back the project up and prove the backup",
		Long: `Backs up database, stored files, extensions and configuration while the server
runs, restores the database into a scratch one and compares the two. Storage that
is not on this machine is not copied, and that is said.`,
		Example: `  bunnyhop backup
  bunnyhop backup --without files --yes
  bunnyhop backup list
  bunnyhop backup verify 20260102-150405-a1b2c3`,
		Args: unknownSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBackup(cmd.Context(), o) },
	}
	long(cmd, a, flowBackup)
	cmd.Flags().StringSliceVar(&o.without, "without", nil, "a `part` to leave out: "+partNames(optionalParts())+" (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("without", completeParts)
	cmd.AddCommand(newBackupListCommand(a), newBackupVerifyCommand(a))
	return cmd
}

// optionalParts are the parts that a backup may lack: one without a database
// would prove nothing.
func optionalParts() []backup.Part {
	return slices.DeleteFunc(slices.Clone(backup.Parts), func(p backup.Part) bool { return p == backup.Database })
}

func runBackup(ctx context.Context, o *backupOptions) error {
	if err := checkParts("--without", o.without, optionalParts()); err != nil {
		return err
	}
	return o.app.runRequest(ctx, request{kind: tui.JobBackup, without: o.without})
}
