// Package service holds the steps that stop and start the server process.
package service

import (
	"context"
	"fmt"
	"time"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// sessionsEnd is how long the sessions of a stopped server may take to be gone.
const sessionsEnd = 5 * time.Second

// Stop is the step that stops the server in the way it was found, and proves
// that nothing has the database open any more.
type Stop struct{ Site *site.Site }

// Check proves that nothing of the project runs.
func (s Stop) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	if _, err := s.Site.Open(ctx, r); err != nil {
		return steps.Proof{}, err
	}
	if _, ok := facts.Stopping.Get(r); !ok {
		return steps.Unproved("the server was not stopped by this run"), nil
	}
	running, err := s.Site.Running(ctx)
	if err != nil {
		return steps.Proof{}, err
	}
	if len(running) > 0 {
		return steps.Unproved("the server runs"), nil
	}
	if err := s.alone(ctx, r); err != nil {
		return steps.Proof{}, err
	}
	return steps.Proved("no process, no session"), nil
}

// Do writes down what is about to be stopped, and stops it.
func (s Stop) Do(ctx context.Context, r *steps.Run) error {
	if _, err := s.Site.Open(ctx, r); err != nil {
		return err
	}
	running, err := s.Site.Running(ctx)
	if err != nil {
		return err
	}
	if _, known := facts.Stopping.Get(r); !known {
		stop := facts.Stop{At: time.Now().UTC(), Running: len(running) > 0, Kind: string(s.Site.Service().Found.Kind)}
		if err := facts.Stopping.Set(r, stop); err != nil {
			return err
		}
	}
	if err := s.Site.Service().Found.Stop(ctx, r); err != nil {
		return err
	}
	if err := s.alone(ctx, r); err != nil {
		return err
	}
	if len(running) == 0 {
		r.Summary("it was not running")
	} else {
		r.Summary("stopped")
	}
	return nil
}

// alone proves that no other process has the database open (MG3).
func (s Stop) alone(ctx context.Context, r *steps.Run) error {
	p, err := s.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	if seen, ok := facts.Inspected.Get(r); ok && seen.DatabaseFault != "" {
		return nil // the restore itself looks at what it replaces
	}
	db, err := s.Site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	others, err := db.Sessions(ctx)
	// A database server notices a moment later that a process is gone.
	for until := time.Now().Add(sessionsEnd); err == nil && len(others) > 0 && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		others, err = db.Sessions(ctx)
	}
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fault.Newf("something else still has the database open: %s", others[0]).
			WithHint("stop it first; two programs that write during a migration damage each other's work")
	}
	return nil
}

// Undo starts the server again, if it was running.
func (s Stop) Undo(ctx context.Context, r *steps.Run) error {
	stop, ok := facts.Stopping.Get(r)
	if !ok || !stop.Running {
		return nil
	}
	return Launch(ctx, r, s.Site, "")
}

// Retriable says that stopping may be tried again.
func (Stop) Retriable() bool { return true }

// Manual says how to start the server by hand.
func (s Stop) Manual(r *steps.Run) []string {
	stop, ok := facts.Stopping.Get(r)
	if !ok || !stop.Running {
		return nil
	}
	service, err := site.ReadService(r.Dir)
	if err != nil {
		return []string{fmt.Sprintf("cd %q && npx directus start", s.Site.Root())}
	}
	return []string{site.StartCommand(service.Found)}
}
