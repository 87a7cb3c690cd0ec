package rollback

import (
	"context"
	"fmt"
	"path/filepath"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// report says what was done and leaves the server as it was found.
type report struct{ site *site.Site }

// Check is never satisfied: a report is made again.
func (report) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reported again"), nil
}

// Do reports.
func (p report) Do(ctx context.Context, r *steps.Run) error {
	from, err := TakenBack.Need(r)
	if err != nil {
		return err
	}
	started, err := facts.Started.Need(r)
	if err != nil {
		return err
	}
	saved, err := facts.FinalBack.Need(r)
	if err != nil {
		return err
	}
	out := facts.Report{Backup: saved.Dir, Downtime: started.DowntimeSeconds, Lines: []string{
		fmt.Sprintf("Directus %s is back; every table is as it was before the upgrade to %s.", from.From, from.To),
	}}
	running, err := service.LeaveAsFound(ctx, r, p.site)
	if err != nil {
		return err
	}
	if running {
		out.Lines = append(out.Lines, fmt.Sprintf("It was down for %.1f seconds.", started.DowntimeSeconds))
	} else {
		out.Lines = append(out.Lines, service.LeftStopped)
	}
	for _, line := range from.Lost {
		out.Lines = append(out.Lines, "Taken back: "+line)
	}
	out.Lines = append(out.Lines, "The state of before the rollback is saved in "+saved.Dir+".")
	return facts.Summarised.Set(r, out)
}

// Clean removes the code that was switched away from. Its lockfile and
// settings are in the saved state.
func (p report) Clean(_ context.Context, r *steps.Run) error {
	from, ok := TakenBack.Get(r)
	if !ok || !r.Finished("start") {
		return nil
	}
	return site.Remove(r, "the code of Directus "+from.To, filepath.Join(facts.Beside(p.site.Root()), from.Run))
}
