package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/change"
	"bunnyhop/internal/change/report"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/site"
)

type diffOptions struct {
	app   *app
	mode  string
	noise bool
	// rules say what a promotion would accept; shown where there are any.
	rules acceptance
	// preview is set for the dry run of a promotion: differences are no failure.
	preview bool
	report  string
}

func newDiffCommand(a *app) *cobra.Command {
	o := &diffOptions{app: a}
	cmd := &cobra.Command{
		Use:   "diff BASE TARGET",
		Short: "Show how two data models differ",
		Long: `Compares two data models attribute by attribute and shows what would make the one
of TARGET like the one of BASE, with what each change would mean for the data of
TARGET. Nothing is changed and no run is begun.

` + endsHelp + `

TARGET may be a snapshot here, too. It ends with 8 when there are differences.`,
		Example: `  bunnyhop diff /srv/staging /srv/blog
  bunnyhop diff schema.yaml https://cms.example.com --mode mirror
  bunnyhop diff old.json new.json --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(cmd, fault.New("a comparison needs BASE and TARGET", ""))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runDiff(cmd.Context(), o, args[0], args[1]) },
	}
	addMode(cmd, &o.mode)
	addReport(cmd, &o.report)
	cmd.Flags().BoolVar(&o.noise, "noise", false, "also list what is different and means nothing")
	return cmd
}

// compared is what a comparison found.
type compared struct {
	Base      string           `json:"base"`
	Target    string           `json:"target"`
	Mode      review.Mode      `json:"mode"`
	Changes   []change.Change  `json:"changes"`
	LeftOut   int              `json:"left_out"` // by the mode
	Noise     []change.Noise   `json:"noise"`
	Decisions change.Decisions `json:"decisions,omitempty"`
}

func runDiff(ctx context.Context, o *diffOptions, baseWord, targetWord string) error {
	limitMemory(modelMemory)
	a := o.app
	if o.report != "" {
		if err := report.Check(o.report); err != nil {
			return err
		}
	}
	found, err := o.compare(ctx, baseWord, targetWord)
	if err != nil {
		return err
	}
	if o.report != "" {
		if err := report.Write(o.report, found.review()); err != nil {
			return err
		}
	}
	code := fault.Done
	if len(found.Changes)+found.LeftOut > 0 && !o.preview {
		code = fault.Differs
	}
	if a.flags.json {
		fields := asMap(found)
		fields["exit_code"] = code
		a.writeJSON(document{"diff", fields})
	} else {
		a.printf("%s", a.clean(found.text(o.noise)))
	}
	return resultExit(steps.Result{Code: code})
}

func (o *diffOptions) compare(ctx context.Context, baseWord, targetWord string) (compared, error) {
	a := o.app
	var found compared
	mode, err := modeOf(o.mode)
	if err != nil {
		return found, err
	}
	base, err := model.Find(baseWord)
	if err != nil {
		return found, err
	}
	target, err := model.Find(targetWord)
	if err != nil {
		return found, err
	}
	flow, plan := promote.Comparison(site.Options{Root: target.Place, Environ: a.environ}, promote.Options{Base: base, Target: target, Mode: mode})
	run, err := a.look(ctx, flow, target.Place, Policy{})
	if err != nil {
		return found, err
	}
	models, err := promote.Compared.Need(run)
	if err != nil {
		return found, err
	}
	found = compared{
		Base: models.Base, Target: models.Target, Mode: models.Mode, LeftOut: models.LeftOut,
		Changes: plan().Changes, Noise: plan().NoiseByReason(),
	}
	if found.Noise == nil {
		found.Noise = []change.Noise{}
	}
	if a.flags.yes || !o.rules.empty() {
		if found.Decisions, err = (Policy{Accept: o.rules}).review(found.Changes, a.flags.yes); err != nil {
			return found, err
		}
	}
	return found, nil
}

// signs of what happens to a part of a data model.
var signs = map[string]string{"create": "+", "delete": "-", "update": "~", "replace": "±", "copy": "→"}

func (c compared) text(noise bool) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	say("%s → %s (%s)\n", c.Base, c.Target, c.Mode)
	group := ""
	for _, one := range change.Relieved(c.Changes, c.Decisions) {
		if one.Group != group {
			group = one.Group
			say("\n%s\n", group)
		}
		say("  %s %s", signs[one.Model.Action], one.Title)
		if one.Model.Action == "update" && short(one.Before) && short(one.After) {
			say("  %s → %s", orUnset(one.Before), orUnset(one.After))
		}
		if one.Risk != change.Safe {
			say("  (%s)", one.Risk)
		}
		if accept, decided := c.Decisions[one.ID]; decided {
			say("  [%s]", map[bool]string{true: "accepted", false: "rejected"}[accept])
		}
		say("\n")
		for _, e := range one.Evidence {
			say("      %s: %s\n", e.Label, e.Value)
		}
		if one.Blocked != "" {
			say("      cannot be accepted: %s\n", one.Blocked)
		}
	}
	offers := 0 // to copy values, which is no difference of its own
	for _, one := range c.Changes {
		if guessed(one) {
			offers++
		}
	}
	say("\n%s", countText(len(c.Changes)-offers, "difference", "differences"))
	if c.LeftOut > 0 {
		say(", and %d outside of the mode %q", c.LeftOut, c.Mode)
	}
	say(".\n")
	total := 0
	for _, n := range c.Noise {
		total += n.Count
	}
	if total > 0 {
		say("%s mean nothing%s\n", countText(total, "further difference", "further differences"), map[bool]string{true: ":", false: "; --noise lists them."}[noise])
	}
	for _, n := range c.Noise {
		if noise {
			say("  %d × %s\n      such as %s\n", n.Count, n.Reason, strings.Join(n.Examples, ", "))
		}
	}
	return b.String()
}

// short reports whether a value fits into a line.
func short(value string) bool { return len(value) <= 60 && !strings.Contains(value, "\n") }

func orUnset(value string) string {
	if value == "" {
		return "unset"
	}
	return value
}
