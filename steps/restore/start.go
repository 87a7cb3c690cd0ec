package restore

import (
	"context"
	"fmt"
	"time"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// start starts the server again, if it was running.
type start struct{ site *site.Site }

// Check proves that the server answers, where it is to run.
func (s start) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	if stop, ok := facts.Stopping.Get(r); ok && !stop.Running {
		return steps.Proved("it was not running"), nil
	}
	return (service.Start{Site: s.site}).Check(ctx, r)
}

// Do starts it.
func (s start) Do(ctx context.Context, r *steps.Run) error {
	stop, err := facts.Stopping.Need(r)
	if err != nil {
		return err
	}
	if !stop.Running {
		r.Summary("it was not running")
		return nil
	}
	s.site.Forget()
	if err := service.Launch(ctx, r, s.site, ""); err != nil {
		return err
	}
	started := facts.Start{At: time.Now().UTC()}
	started.DowntimeSeconds = started.At.Sub(stop.At).Seconds()
	if started.Version, err = service.Version(ctx, r, s.site); err != nil {
		return err
	}
	r.Summary("down for %.1f s", started.DowntimeSeconds)
	return facts.Started.Set(r, started)
}

// Undo stops it.
func (s start) Undo(ctx context.Context, r *steps.Run) error {
	return (service.Start{Site: s.site}).Undo(ctx, r)
}

// Retriable says that starting may be tried again: it changes no data.
func (start) Retriable() bool { return true }

// report says what was put back.
type report struct{ site *site.Site }

// Check is never satisfied: a report is made again.
func (report) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reported again"), nil
}

// Do reports.
func (report) Do(_ context.Context, r *steps.Run) error {
	from, err := source.Need(r)
	if err != nil {
		return err
	}
	out := facts.Report{}
	if saved, ok := facts.FinalBack.Get(r); ok {
		out.Backup = saved.Dir
	}
	for _, part := range from.Parts {
		out.Lines = append(out.Lines, fmt.Sprintf("The %s of backup %s is back.", part, from.ID))
	}
	if plan, ok := facts.Switched.Get(r); ok {
		for _, m := range plan.Moves {
			out.Lines = append(out.Lines, "What was in "+m.Live+" is kept as "+m.Kept+".")
		}
	}
	if put, ok := objects.Get(r); ok {
		if put.Put > 0 {
			out.Lines = append(out.Lines, fmt.Sprintf("%d objects were put back into their buckets.", put.Put))
		}
		for _, dir := range put.Saved {
			out.Lines = append(out.Lines, "The objects that were overwritten are saved in "+dir+".")
		}
	}
	if started, ok := facts.Started.Get(r); ok {
		out.Downtime = started.DowntimeSeconds
		out.Lines = append(out.Lines, fmt.Sprintf("The server was down for %.1f seconds.", started.DowntimeSeconds))
	}
	if out.Backup != "" {
		out.Lines = append(out.Lines, "The state of before the restore is saved in "+out.Backup+".")
	}
	return facts.Summarised.Set(r, out)
}
