package rollback

import (
	"context"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// start starts the old version in the way it was run before the upgrade.
type start struct{ site *site.Site }

// Check proves that the old version answers.
func (s start) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	return (service.Start{Site: s.site}).Check(ctx, r)
}

// Do starts it.
func (s start) Do(ctx context.Context, r *steps.Run) error {
	from, err := TakenBack.Need(r)
	if err != nil {
		return err
	}
	s.site.Forget()
	if _, err := s.site.Open(ctx, r); err != nil {
		return err
	}
	nodeBin := ""
	if s.site.Service().Found.Kind == server.None || !from.Running {
		runtime, err := s.site.Node(ctx, node.Majors(from.From), r)
		if err != nil {
			return err
		}
		nodeBin = runtime.Bin
	}
	if err := service.Launch(ctx, r, s.site, nodeBin); err != nil {
		return err
	}
	started := facts.Start{At: time.Now().UTC()}
	if stop, ok := facts.Stopping.Get(r); ok {
		started.DowntimeSeconds = started.At.Sub(stop.At).Seconds()
	}
	if started.Version, err = service.Version(ctx, r, s.site); err != nil {
		return err
	}
	if started.Version != from.From {
		return fault.Newf("the server says that it is Directus %s, not %s", started.Version, from.From)
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
