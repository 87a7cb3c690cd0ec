package rollback

import (
	"context"

	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/site"
)

// switchBack puts the code and the project files that the upgrade kept back
// in their places, by rename.
type switchBack struct{ site *site.Site }

// Check proves by the paths that everything is back.
func (s switchBack) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	from, err := TakenBack.Need(r)
	if err != nil {
		return steps.Proof{}, err
	}
	for _, m := range from.Switch.Moves {
		kept, err := site.Exists(m.Kept)
		if err != nil {
			return steps.Proof{}, err
		}
		if kept {
			return steps.Unproved("%s is not back", m.Live), nil
		}
	}
	return steps.Proved("%d paths back", len(from.Switch.Moves)), nil
}

// Do moves back.
func (s switchBack) Do(_ context.Context, r *steps.Run) error {
	from, err := TakenBack.Need(r)
	if err != nil {
		return err
	}
	for i := len(from.Switch.Moves) - 1; i >= 0; i-- {
		if err := code.Back(from.Switch.Moves[i]); err != nil {
			return err
		}
	}
	s.site.Forget()
	r.Summary("%d paths back", len(from.Switch.Moves))
	return code.Flush(from.Switch)
}

// Undo moves forward again.
func (s switchBack) Undo(_ context.Context, r *steps.Run) error {
	from, ok := TakenBack.Get(r)
	if !ok {
		return nil
	}
	for _, m := range from.Switch.Moves {
		if err := code.Forward(m); err != nil {
			return err
		}
	}
	s.site.Forget()
	return code.Flush(from.Switch)
}
