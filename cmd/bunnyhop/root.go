package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/fault"
)

// run runs a command line to its exit code.
func (a *app) run(ctx context.Context, args []string) fault.Code {
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetOut(a.output)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	// The flags may be what could not be read.
	a.flags.json = a.flags.json || slices.Contains(args, "--json")
	a.report(err)
	return exitCode(err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "bunnyhop",
		Short: "Upgrade self-hosted Directus projects without losing anything",
		Long: `bunnyhop upgrades a self-hosted Directus project: it backs it up and proves the
backup, installs the new version beside the old one, rehearses on a copy, shows
every change, and only then touches the live project. It can be killed at any
time; the next start goes on or goes back.

Without a command it opens the wizard for the project in this folder, and first
offers to go on with an unfinished run. Without a terminal it prints the status
and exits with 2.

Exit codes:
` + exitCodesText(),
		Example: `  bunnyhop
  bunnyhop --project /srv/blog
  bunnyhop demo
  bunnyhop upgrade --to 11.17.4 --yes --json`,
		Args:          unknownCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return wizard(cmd.Context(), a) },
	}
	root.SuggestionsMinimumDistance = 2
	a.flags.add(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.AddCommand(
		newDemoCommand(a), newStatusCommand(a), newVersionsCommand(a), newCheckCommand(a), newBackupCommand(a), newRestoreCommand(a),
		newDiffCommand(a), newPromoteCommand(a),
		newUpgradeCommand(a), newResumeCommand(a), newRollbackCommand(a), newRunsCommand(a), newVersionCommand(a),
		newExitCodesTopic(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long:  "Every command ends with one of these codes. With --json the code also stands in\nthe last line, as exit_code.\n\n" + exitCodesText(),
	}
}

// usage makes an error of the command line, with where to read on.
func usage(cmd *cobra.Command, err error) error {
	return fault.Wrap(err, "", fmt.Sprintf("`%s --help` lists what there is", cmd.CommandPath())).WithCode(fault.Usage)
}

// noArgs and maxArgs check the number of arguments, as an error of usage.
func noArgs(cmd *cobra.Command, args []string) error { return maxArgs(0)(cmd, args) }

func maxArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(cmd, fmt.Errorf("%q is too much for `%s`", args[n], cmd.CommandPath()))
		}
		return nil
	}
}

func oneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, errors.New(name+" is missing"))
		}
		return maxArgs(1)(cmd, args)
	}
}

// unknownCommand refuses what the root command takes for an argument.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fault.Newf("there is no command %q", args[0]).WithCode(fault.Usage)
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return err.WithHint("did you mean `bunnyhop %s`?", strings.Join(near, "` or `bunnyhop "))
	}
	return err.WithHint("`bunnyhop --help` lists the commands")
}
