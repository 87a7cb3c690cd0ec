package promote

import (
	"context"

	"bunnyhop/steps"
)

// needed is a step that has nothing to do where nothing was accepted.
type needed struct{ action steps.Action }

// Check is the step's own.
func (n needed) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	if !accepts(r) {
		return steps.Proved("nothing was accepted"), nil
	}
	return n.action.Check(ctx, r)
}

// Do does the step.
func (n needed) Do(ctx context.Context, r *steps.Run) error {
	if !accepts(r) {
		r.Summary("nothing was accepted")
		return nil
	}
	return n.action.Do(ctx, r)
}

// Clean implements steps.Cleaner.
func (n needed) Clean(ctx context.Context, r *steps.Run) error {
	if cleaner, ok := n.action.(steps.Cleaner); ok && accepts(r) {
		return cleaner.Clean(ctx, r)
	}
	return nil
}
