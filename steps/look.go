package steps

import (
	"errors"
	"fmt"
	"os"

	"bunnyhop/internal/lock"
)

// Look starts a flow that only looks at the project in root, for commands
// that show what a run would find. Its run is kept in a temporary folder that
// Close removes: it takes no lock, may stand beside another run, and no list
// of runs knows it. A flow with a step of the cutover is refused.
func Look(flow Flow, root string) (*Engine, error) {
	if err := flow.validate(); err != nil {
		return nil, err
	}
	for _, s := range flow.Steps {
		if s.Phase != Prepare {
			return nil, fmt.Errorf("flow %s: step %s does more than look", flow.ID, s.ID)
		}
	}
	dir, err := os.MkdirTemp("", "bunnyhop-look-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for looking: %w", err)
	}
	id := newRunID(flow.ID)
	held, err := lock.Acquire(dir, id)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	engine, err := begin(flow, root, dir, id, held)
	if err != nil {
		return nil, errors.Join(err, held.Release(), os.RemoveAll(dir))
	}
	engine.temporary = dir
	return engine, nil
}
