package apply

import (
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Reached tells what became of accepted changes that somebody was to make to
// before, from what is there now: for one who did not see the end of it.
func Reached(before *snapshot.Snapshot, accepted []compare.Change, now *snapshot.Snapshot) (*Outcome, error) {
	rendering, err := render(before, accepted)
	if err != nil {
		return nil, err
	}
	return result{before: before, rendering: rendering, accepted: accepted}.outcome(now)
}
