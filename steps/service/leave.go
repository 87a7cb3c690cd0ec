package service

import (
	"context"

	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// LeaveAsFound stops the server again if it was not running when the run began
// and was only started for the proof. It reports whether the server runs now.
func LeaveAsFound(ctx context.Context, r *steps.Run, s *site.Site) (running bool, err error) {
	stopped, err := facts.Stopping.Need(r)
	if err != nil || stopped.Running {
		return true, err
	}
	if err := (Start{Site: s}).Undo(ctx, r); err != nil {
		return true, err
	}
	started, err := facts.Started.Need(r)
	if err != nil {
		return false, err
	}
	started.Left = "stopped"
	return false, facts.Started.Set(r, started)
}

// LeftStopped is what a report says of a server that was stopped again.
const LeftStopped = "The server was not running when it was found, so it was stopped again after the proof."
