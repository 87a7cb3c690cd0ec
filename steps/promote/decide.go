package promote

import (
	"context"
	"fmt"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// decide has every change decided.
type decide struct{ ends *ends }

// Check is never satisfied: the gate knows which questions were answered
// already.
func (decide) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("reviewed again"), nil
}

// Do asks.
func (d decide) Do(ctx context.Context, r *steps.Run) error {
	plan := d.ends.plan
	models, err := Compared.Need(r)
	if err != nil {
		return err
	}
	decisions := change.Decisions{}
	if len(plan.Changes) > 0 {
		text := ""
		if models.LeftOut > 0 {
			text = fmt.Sprintf("%d differences are left out by the mode %q.", models.LeftOut, models.Mode)
		}
		answer, err := r.Ask(ctx, steps.Gate{
			ID: "review", Kind: steps.GateReview, Title: fmt.Sprintf("What makes %s like %s", d.ends.Target.Name(), d.ends.Base.Name()), Text: text,
			Flag: "--yes (takes what is safe), --accept or --decisions FILE", Changes: plan.Changes, Noise: plan.NoiseByReason(),
		})
		if err != nil {
			return err
		}
		decisions = answer.Decisions
	}
	accepted := 0
	for _, c := range plan.Changes {
		if decisions[c.ID] {
			accepted++
		}
	}
	r.Summary("%d accepted · %d rejected", accepted, len(plan.Changes)-accepted)
	return facts.Reviewed.Set(r, facts.Review{Changes: plan.Changes, Decisions: decisions})
}
