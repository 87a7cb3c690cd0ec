package upgrade

import (
	"context"
	"math"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// pendingMigrations says of each migration that will run what it does and how
// long it takes: estimated, or measured where a rehearsal of the same target
// ran on this project's data before.
func pendingMigrations(ctx context.Context, r *steps.Run, in advisory.Input) ([]facts.PendingMigration, error) {
	estimates, err := advisory.Estimates(ctx, in)
	if err != nil {
		return nil, err
	}
	measured, at := lastRehearsal(r, in.To)
	all := make([]facts.PendingMigration, len(in.Pending))
	for i, m := range in.Pending {
		all[i] = facts.PendingMigration{Migration: m, Estimate: estimates[i]}
		if seconds, ok := measured[m.ID]; ok {
			all[i].Measured, all[i].MeasuredAt = seconds, at
		}
	}
	return all, nil
}

// lastRehearsal is how many seconds each migration took in the newest rehearsal
// of a target, by id, and when that was.
func lastRehearsal(r *steps.Run, to string) (map[string]float64, time.Time) {
	runs, err := steps.Runs(r.Root)
	if err != nil { // which tells less, and nothing wrong
		return nil, time.Time{}
	}
	for _, run := range runs {
		target, chosen := facts.Chosen.Find(run.Lines())
		rehearsed, done := facts.Rehearsed.Find(run.Lines())
		if chosen && done && target.To == to && len(rehearsed.Times) > 0 {
			return rehearsed.Times, rehearsed.At
		}
	}
	return nil, time.Time{}
}

// timed keeps how long each migration takes: from its own beginning to that of
// the next one, or to the end.
type timed struct {
	titles []string
	began  []time.Time
}

func (t *timed) begin(title string, at time.Time) {
	t.titles, t.began = append(t.titles, title), append(t.began, at)
}

// each gives the seconds by id. The log names migrations by their titles, which
// come in the order in which they were due; the seconds of those that cannot be
// told apart are left out.
func (t *timed) each(pending []directus.Migration, end time.Time) map[string]float64 {
	if len(t.titles) != len(pending) {
		return nil
	}
	seconds := map[string]float64{}
	for i, m := range pending {
		if t.titles[i] != m.Title {
			continue
		}
		next := end
		if i+1 < len(t.began) {
			next = t.began[i+1]
		}
		seconds[m.ID] = math.Round(next.Sub(t.began[i]).Seconds()*1000) / 1000
	}
	return seconds
}
