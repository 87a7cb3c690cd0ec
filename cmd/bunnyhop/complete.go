package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bunnyhop/steps"
	"bunnyhop/steps/overview"
)

// unknownSubcommand refuses what a command with subcommands takes for an
// argument.
func unknownSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(cmd, fmt.Errorf("`%s` has no command %q", cmd.CommandPath(), args[0]))
}

func (a *app) completeRuns(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	place, err := a.site()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := steps.Runs(place.Root)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []cobra.Completion
	for _, s := range all {
		words = append(words, cobra.CompletionWithDesc(s.ID, statusWord(s)))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeBackups(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	folder, err := a.backupFolder()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	all, err := overview.Backups(folder)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var words []cobra.Completion
	for _, m := range all {
		if !m.Partial && m.Damaged == nil {
			words = append(words, cobra.CompletionWithDesc(m.ID, "Directus "+m.Directus+", "+when(m.Created)))
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}
