package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/promote"
	"bunnyhop/tui"
)

type promoteOptions struct {
	app    *app
	mode   string
	rules  acceptance
	dryRun bool
	undo   string
	report string
}

const endsHelp = `BASE has the data model that is wanted, TARGET is to get it. Each is a project's
folder, the address of a server (https://…), or, for BASE only, the file of a
snapshot (JSON or YAML) or a folder of directus-sync. They may be of different
versions of Directus and on different databases: what differs only by that is
counted, and never applied. A server needs an administrator: put a token into
BUNNYHOP_BASE_TOKEN or BUNNYHOP_TARGET_TOKEN, or an address and a password into
BUNNYHOP_BASE_EMAIL and BUNNYHOP_BASE_PASSWORD (or TARGET).`

func newPromoteCommand(a *app) *cobra.Command {
	o := &promoteOptions{app: a}
	cmd := &cobra.Command{
		Use:   "promote BASE TARGET",
		Short: "Bring a data model into another project, change by change",
		Long: `Compares two data models, shows every difference with what it would mean for the
data of TARGET, has each accepted or rejected, and applies exactly what was
accepted, through the Directus of TARGET itself. Then it reads the data model again:
what is left has to be what was rejected.

` + endsHelp + `

Before anything is applied, a project is backed up and the backup is proved; of a
server, what deletions would lose is exported. With --yes what is safe is accepted.
--accept safe, --accept all and --accept PATTERN accept more; a pattern is a
collection (posts) or a field (posts.title), with stars. What loses data is only
accepted where --accept-loss names it.`,
		Example: `  bunnyhop promote /srv/staging /srv/blog
  bunnyhop promote schema.yaml /srv/blog --dry-run
  bunnyhop promote schema.yaml https://cms.example.com --accept safe
  bunnyhop promote /srv/staging /srv/blog --mode mirror --accept all --accept-loss posts.legacy_id
  bunnyhop promote --undo 20260102-150405-promote-a1b2c3 /srv/blog`,
		Args: func(cmd *cobra.Command, args []string) error { return o.args(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) error { return runPromote(cmd.Context(), o, args) },
	}
	long(cmd, a, flowPromote)
	addMode(cmd, &o.mode)
	addRules(cmd, &o.rules)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "compare and review, and change nothing")
	addReport(cmd, &o.report)
	cmd.Flags().StringVar(&o.undo, "undo", "", "put the data model back that TARGET had before the promotion of this `run`")
	return cmd
}

func addMode(cmd *cobra.Command, mode *string) {
	names := make([]string, len(review.Modes))
	for i, m := range review.Modes {
		names[i] = string(m)
	}
	cmd.Flags().StringVar(mode, "mode", string(review.Merge), "which differences count: add (what TARGET lacks), merge (and what is otherwise), mirror (and what only TARGET has, to be deleted)")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

func (o *promoteOptions) args(cmd *cobra.Command, args []string) error {
	if o.undo != "" && len(args) == 1 || o.undo == "" && len(args) == 2 {
		return nil
	}
	return usage(cmd, fault.New("a promotion needs BASE and TARGET; with --undo RUN only TARGET", ""))
}

func runPromote(ctx context.Context, o *promoteOptions, args []string) error {
	limitMemory(modelMemory)
	a := o.app
	if err := o.rules.check(); err != nil {
		return err
	}
	mode, err := modeOf(o.mode)
	if err != nil {
		return err
	}
	target, err := model.Find(args[len(args)-1])
	if err != nil {
		return err
	}
	if err := a.on(target); err != nil {
		return err
	}
	with := &overview.Promotion{Target: target, Mode: mode}
	if o.undo != "" {
		with.Mode = review.Mirror
		with.Base, err = before(a, o.undo)
	} else {
		with.Base, err = model.Find(args[0])
	}
	if err != nil {
		return err
	}
	if o.dryRun && o.undo == "" {
		preview := &diffOptions{app: a, mode: o.mode, rules: o.rules, preview: true, report: o.report}
		a.long = "" // one document
		return runDiff(ctx, preview, args[0], args[1])
	}
	a.rules = o.rules
	return a.runRequest(ctx, request{kind: tui.JobPromote, promotion: with, report: o.report})
}

func modeOf(word string) (review.Mode, error) {
	if mode := review.Mode(word); slices.Contains(review.Modes, mode) {
		return mode, nil
	}
	return "", fault.Newf("--mode %q is no mode", word).WithHint("the modes are add, merge and mirror").WithCode(fault.Usage)
}

// on makes a target the project of the command: its runs, its lock.
func (a *app) on(target model.Source) error {
	switch target.Kind {
	case model.Project:
		a.flags.project = target.Place
		return nil
	case model.Server:
		a.flags.project = target.Place // a.site finds its folder
		return nil
	case model.Snapshot:
	}
	return fault.Newf("%s is a snapshot, and nothing can be brought into it", target.Place).
		WithHint("TARGET is a project's folder or a server's address; the other way round, perhaps").WithCode(fault.Usage)
}

// serverRoot is the folder that stands for a server that is only known by its
// address.
func serverRoot(s model.Source) (string, error) {
	dir, err := state.Dir()
	if err != nil {
		return "", err
	}
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == ':' {
			return '_'
		}
		return c
	}, s.Name())
	return filepath.Join(dir, "servers", name), nil
}

// before is the data model that a promotion kept of its target.
func before(a *app, word string) (model.Source, error) {
	o, err := a.site()
	if err != nil {
		return model.Source{}, err
	}
	all, err := steps.Runs(o.Root)
	if err != nil {
		return model.Source{}, err
	}
	run, err := findRun(all, word)
	if err != nil {
		return model.Source{}, err
	}
	if run.Flow != flowPromote {
		return model.Source{}, fault.Newf("run %s is a %s, not a promotion", run.ID, run.Flow).
			WithHint("`bunnyhop rollback` takes an upgrade back").WithCode(fault.Usage)
	}
	found, err := model.Find(promote.Before(run.Dir))
	if err != nil {
		return model.Source{}, fault.Wrap(err, fmt.Sprintf("run %s did not get as far as keeping the data model", run.ID), "").WithCode(fault.Usage)
	}
	return found, nil
}
