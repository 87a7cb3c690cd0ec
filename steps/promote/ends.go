package promote

import (
	"context"
	"path/filepath"

	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
	"bunnyhop/steps/site"
)

// ends are the two sides of a promotion, and what makes the one into the
// other.
type ends struct {
	Options
	site *site.Site
	plan *review.Plan
}

// The files in a run's folder that hold the two data models.
const (
	beforeFile = "before.json" // the target, when it was compared
	wantedFile = "wanted.json" // the base
	afterFile  = "after.json"  // the target, when the changes were applied
)

// Before is where a run keeps what the target's data model was.
func Before(runDir string) string { return filepath.Join(runDir, beforeFile) }

// Compared is the fact of the compare step.
var Compared = steps.NewSlot[Models]("models")

// Models are the two data models that were compared.
type Models struct {
	Base   string      `json:"base"` // in words
	Target string      `json:"target"`
	Mode   review.Mode `json:"mode"`
	// Directus and Vendor are those of the target.
	Directus string `json:"directus"`
	Vendor   string `json:"vendor"`
	Changes  int    `json:"changes"`
	LeftOut  int    `json:"left_out"` // by the mode
	// Noise counts, by reason, what is different and means nothing.
	Noise map[string]int `json:"noise,omitempty"`
}

// target opens the target.
func (e *ends) target(ctx context.Context, r *steps.Run) (*model.Opened, error) {
	return model.Open(ctx, r, e.Target, model.Target, e.site.Options().Environ)
}

// now is the target's data model.
func (e *ends) now(ctx context.Context, r *steps.Run) (*snapshot.Snapshot, error) {
	target, err := e.target(ctx, r)
	if err != nil {
		return nil, err
	}
	return target.Snapshot, target.Close()
}

// reviewed returns the plan, which a resumed run makes again out of what it
// kept, and what was accepted.
func (e *ends) reviewed(r *steps.Run) (*review.Plan, []difference.Change, error) {
	decided, err := facts.Reviewed.Need(r)
	if err != nil {
		return nil, nil, err
	}
	if e.plan == nil {
		before, err := model.Kept(r, beforeFile)
		if err != nil {
			return nil, nil, err
		}
		wanted, err := model.Kept(r, wantedFile)
		if err != nil {
			return nil, nil, err
		}
		if e.plan, err = review.New(before, wanted, e.Mode); err != nil {
			return nil, nil, err
		}
	}
	return e.plan, e.plan.Accepted(decided.Decisions), nil
}

// stages are what was accepted, with what is copied between.
func (e *ends) stages(r *steps.Run) (*review.Plan, review.Stages, error) {
	plan, _, err := e.reviewed(r)
	if err != nil {
		return nil, review.Stages{}, err
	}
	decided, err := facts.Reviewed.Need(r)
	if err != nil {
		return nil, review.Stages{}, err
	}
	return plan, plan.Stages(decided.Decisions), nil
}

// accepts reports whether there is anything to apply.
func accepts(r *steps.Run) bool {
	decided, ok := facts.Reviewed.Get(r)
	if !ok {
		return true
	}
	for _, c := range decided.Changes {
		if decided.Decisions[c.ID] {
			return true
		}
	}
	return false
}
