package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/change/report"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/promote"
)

func addReport(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "report", "", "also write every change, with what was seen and decided, into a `file`: .html or .md")
	_ = cmd.MarkFlagFilename("report", "html", "md")
}

// writeReport writes the review of a run down. A run that did not get that far
// has none.
func (a *app) writeReport(path string, r *steps.Run) {
	reviewed, ok := facts.Reviewed.Get(r)
	if !ok {
		a.warnln("bunnyhop: no report is written, since nothing was reviewed")
		return
	}
	told := report.Review{Title: r.Flow, Changes: reviewed.Changes, Decisions: reviewed.Decisions, At: time.Now(), Facts: [][2]string{{"run", r.ID}}}
	if target, ok := facts.Chosen.Get(r); ok {
		told.Title = fmt.Sprintf("Directus %s → %s", target.From, target.To)
	}
	if models, ok := promote.Compared.Get(r); ok {
		told.Title = models.Base + " → " + models.Target
		told.LeftOut = models.LeftOut
		told.Facts = append(told.Facts, [2]string{"mode", string(models.Mode)})
	}
	told.Facts = append(told.Facts, [2]string{"project", r.Root})
	if err := report.Write(path, told); err != nil {
		a.warnln("bunnyhop: " + a.clean(err.Error()))
		return
	}
	a.warnln("The review is written down in " + a.oneLine(path) + ".")
}

// review is the comparison as a report tells it.
func (c compared) review() report.Review {
	return report.Review{
		Title: c.Base + " → " + c.Target, Changes: c.Changes, Decisions: c.Decisions, Noise: c.Noise, LeftOut: c.LeftOut, At: time.Now(),
		Facts: [][2]string{{"base", c.Base}, {"target", c.Target}, {"mode", string(c.Mode)}},
	}
}
