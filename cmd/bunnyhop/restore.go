package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/tui"
)

type restoreOptions struct {
	app      *app
	backup   string
	parts    []string
	identity string
	as       string // the database to restore into
}

func newRestoreCommand(a *app) *cobra.Command {
	o := &restoreOptions{app: a}
	cmd := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Put a backup back",
		Long: `Puts a backup of this project back: the database only, or the parts that --part
names. It is restored to a new place, proved there and swapped in; what was there
before is kept. The server is stopped meanwhile.

BACKUP is an ID from "bunnyhop backup list", or the backup's folder. One that is
only in the bucket is fetched first; if it is encrypted, that takes the private key
(--identity, or identity_file in bunnyhop.yaml). The question before the swap is
answered with --confirm NAME, never with --yes.

With --as the database alone is restored into another one: on a new server, under
another role or name. The project and its own database are not touched, and the
environment lines that lead to the restored one are printed. It is made if it is
not there and the role may make it; what is in one that has tables goes, which has
to be confirmed with its name. The password is taken from PGPASSWORD or MYSQL_PWD,
never from the URL.`,
		Example: `  bunnyhop restore 20260102-150405-a1b2c3
  bunnyhop restore 20260102-150405-a1b2c3 --part database --part files
  bunnyhop restore 20260102-150405-a1b2c3 --identity /media/usb/blog.key
  bunnyhop restore /backups/blog/20260102-150405-a1b2c3 --yes --confirm blog
  bunnyhop restore 20260102-150405-a1b2c3 --as postgres://other@db2.internal/blog`,
		Args:              oneArg("BACKUP"),
		ValidArgsFunction: a.completeBackups,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.backup = args[0]
			if cmd.Flags().Changed("as") {
				return runRestoreAs(cmd.Context(), o)
			}
			return runRestore(cmd.Context(), o)
		},
	}
	long(cmd, a, flowRestore)
	cmd.Flags().StringSliceVar(&o.parts, "part", nil, "a `part` to put back: "+partNames(backup.Parts)+" (repeatable; default: database)")
	_ = cmd.RegisterFlagCompletionFunc("part", completeParts)
	cmd.Flags().StringVar(&o.as, "as", "", "restore into another database: a `URL` without a password, or the path of a SQLite file")
	addIdentity(cmd, &o.identity)
	return cmd
}

func runRestore(ctx context.Context, o *restoreOptions) error {
	if err := checkParts("--part", o.parts, backup.Parts); err != nil {
		return err
	}
	return o.app.runRequest(ctx, request{kind: tui.JobRestore, backup: o.backup, parts: o.parts, identity: o.identity})
}

// checkParts refuses names that are no parts of a backup.
func checkParts(flag string, named []string, known []backup.Part) error {
	for _, name := range named {
		if !slices.Contains(known, backup.Part(name)) {
			return fault.Newf("%s %q is not a part of a backup", flag, name).
				WithHint("the parts are %s", partNames(known)).WithCode(fault.Usage)
		}
	}
	return nil
}

func partNames(parts []backup.Part) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = fmt.Sprint(p)
	}
	return strings.Join(names, ", ")
}

func completeParts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return strings.Split(partNames(backup.Parts), ", "), cobra.ShellCompDirectiveNoFileComp
}
