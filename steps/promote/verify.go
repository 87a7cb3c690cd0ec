package promote

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/fault"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
)

// verify reads the target's data model once more, and compares what is left
// with what was rejected: anything else is no success.
type verify struct{ ends *ends }

// Check is never satisfied: looking again is the proof.
func (verify) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do looks.
func (v verify) Do(ctx context.Context, r *steps.Run) error {
	plan, stages, err := v.ends.stages(r)
	if err != nil {
		return err
	}
	applied, err := Applied.Need(r)
	if err != nil {
		return err
	}
	if len(stages.All) == 0 {
		r.Summary("nothing was accepted")
		return nil
	}
	after, err := model.Kept(r, afterFile)
	if err != nil {
		return err
	}
	now, err := v.ends.now(ctx, r)
	if err != nil {
		return err
	}
	since, err := difference.Compare(after, now)
	if err != nil {
		return err
	}
	wrong := applied.wrong()
	for _, c := range since.Changes {
		wrong = append(wrong, c.Key()+" has changed since it was applied")
	}
	look := facts.Check{
		Name: "data model", OK: len(wrong) == 0,
		Detail: fmt.Sprintf("%d accepted changes are there, %d rejected ones are not", len(stages.All), len(plan.Proposed)-len(stages.All)),
	}
	if copied, ok := Copied.Get(r); ok && len(copied) > 0 {
		look.Detail += "; " + model.CopiedText(copied)
	}
	if !look.OK {
		look.Detail = strings.Join(wrong, "; ")
	}
	if err := facts.Verified.Set(r, facts.Verification{Checks: []facts.Check{look}}); err != nil {
		return err
	}
	if !look.OK {
		failure := fault.Newf("the data model is not what was decided: %s", look.Detail).WithHint(
			"`bunnyhop promote --undo %s %s` puts the data model of before back; its file is %s", r.ID, v.ends.Target.Place, r.Path(beforeFile))
		failure.State = "what was accepted was applied as far as Directus did it"
		return failure.WithCode(fault.NeedsPerson)
	}
	r.Summary("as decided")
	return nil
}
