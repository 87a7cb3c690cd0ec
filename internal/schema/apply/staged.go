package apply

import (
	"context"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Maker makes accepted changes: Apply and ApplyCLI are such.
type Maker func(ctx context.Context, current *snapshot.Snapshot, accepted []compare.Change) (*Outcome, error)

// Staged makes the accepted changes in two stages, with work between them that
// the last stage cannot do without: where it fails, the last is not begun. all
// is what was accepted, of which the outcome tells. An error with an outcome
// means that a part was done.
func Staged(ctx context.Context, current *snapshot.Snapshot, all, first, last []compare.Change, work func(context.Context) error, make Maker) (*Outcome, error) {
	done, err := make(ctx, current, first)
	if err != nil {
		return done, err
	}
	notes := done.Notes
	if done.Converged() {
		if err := work(ctx); err != nil {
			return done, &fault.Error{
				Err: err, State: "the new columns are there; of the old ones nothing was deleted", Hint: fault.HintOf(err), Code: fault.CodeOf(err),
			}
		}
		if len(last) > 0 {
			more, err := make(ctx, done.After, last)
			if err != nil {
				return more, err
			}
			done, notes = more, append(notes, more.Notes...)
		}
	}
	outcome, err := Reached(current, all, done.After)
	if err != nil {
		return nil, err
	}
	outcome.Notes = unique(notes)
	return outcome, nil
}

func unique(notes []string) []string {
	seen, all := map[string]bool{}, []string(nil)
	for _, note := range notes {
		if !seen[note] {
			seen[note], all = true, append(all, note)
		}
	}
	return all
}
