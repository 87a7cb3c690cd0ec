package advisory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// maxEvidence is how many items a detector names; the rest are counted.
const maxEvidence = 20

// bounded keeps the first items and says how many more there are.
func bounded(items []string) []string {
	if len(items) <= maxEvidence {
		return items
	}
	return append(items[:maxEvidence:maxEvidence], fmt.Sprintf("and %d more", len(items)-maxEvidence))
}

// found makes a detector's answer of what it found.
func found(items []string) ([]string, bool, error) { return bounded(items), len(items) > 0, nil }

// detector is Rule.Detect.
type detector = func(ctx context.Context, in Input) (evidence []string, hit bool, err error)

// outside is the detector of what lies outside of the project altogether, such
// as the programs that use its API.
func outside(context.Context, Input) ([]string, bool, error) { return nil, false, errUntold }

// anyOf joins detectors: what each found is the evidence. What one cannot tell
// counts only when none of them found anything.
func anyOf(detectors ...detector) detector {
	return func(ctx context.Context, in Input) ([]string, bool, error) {
		var evidence, hints []string
		var unknown error
		for _, detect := range detectors {
			items, hit, err := detect(ctx, in)
			switch {
			case errors.As(err, new(*untoldError)):
				hints = append(hints, items...)
				unknown = cmp.Or(unknown, err)
			case err != nil:
				return nil, false, err
			case hit:
				evidence = append(evidence, items...)
			}
		}
		if len(evidence) == 0 && unknown != nil {
			return hints, false, unknown
		}
		return evidence, len(evidence) > 0, nil
	}
}
