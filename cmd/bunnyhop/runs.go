package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/steps"
)

func newRunsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "runs [RUN]",
		Short: "List what was done to the project, or show one run's journal",
		Long: `Lists the runs of this project, newest first. With RUN - an ID, or its beginning
or end - it shows that run's journal: every step, answer and failure, with times.
The journal's chain of digests is checked on the way.`,
		Example: `  bunnyhop runs
  bunnyhop runs a1b2c3
  bunnyhop runs --json`,
		Args:              maxArgs(1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRuns(cmd.Context(), a, first(args))
		},
	}
}

func runRuns(_ context.Context, a *app, word string) error {
	place, err := a.site()
	if err != nil {
		return err
	}
	all, err := steps.Runs(place.Root)
	if err != nil {
		return err
	}
	if word != "" {
		one, err := findRun(all, word)
		if err != nil {
			return err
		}
		return a.showRun(one)
	}
	if a.flags.json {
		if all == nil {
			all = []steps.Summary{}
		}
		a.writeJSON(document{"runs", map[string]any{"project": place.Root, "runs": all}})
		return nil
	}
	if len(all) == 0 {
		a.println("Nothing was done to this project yet.")
		return nil
	}
	t := newTable("RUN", "STARTED", "TOOK", "STATUS", "VERSIONS")
	for _, s := range all {
		t.add(s.ID, when(s.Started), took(s), statusWord(s), versionsOf(s))
	}
	t.print(a)
	return nil
}

func took(s steps.Summary) string {
	if s.Started.IsZero() || s.Last.Before(s.Started) {
		return "-"
	}
	return seconds(s.Last.Sub(s.Started).Round(time.Second))
}

func statusWord(s steps.Summary) string {
	text := strings.ReplaceAll(string(s.Status), "_", " ")
	switch {
	case s.Damaged != "":
		text += " (journal damaged)"
	case s.Touched:
		text += " (unfinished, at " + s.Step + ")"
	case !s.Status.Final() && s.Step != "":
		text += " at " + s.Step
	}
	return text
}

func versionsOf(s steps.Summary) string {
	from, _ := s.Data["from"].(string)
	to, _ := s.Data["to"].(string)
	if from == "" && to == "" {
		return "-"
	}
	return from + " → " + to
}
