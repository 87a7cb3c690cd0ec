package upgrade

import (
	"context"
	"fmt"
	"slices"

	"bunnyhop/internal/fault"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
)

// verifyModel also looks at the data model that was brought in.
type verifyModel struct {
	verify
	models *models
}

// Do looks.
func (v verifyModel) Do(ctx context.Context, r *steps.Run) error {
	if err := v.verify.Do(ctx, r); err != nil {
		return err
	}
	accepted, current, err := v.models.accepted(r)
	if err != nil || len(accepted) == 0 {
		return err
	}
	seen, err := facts.Verified.Need(r)
	if err != nil {
		return err
	}
	look := facts.Check{Name: "data model", OK: true}
	by, err := v.models.serves(ctx, r, current, accepted)
	if look.Detail = fmt.Sprintf("%s brought in, as %s tells", counted(len(accepted), "change"), by); err != nil {
		look.OK, look.Detail = false, err.Error()
	}
	r.Output(look.Name + ": " + look.Detail)
	seen.Checks = append(seen.Checks, look)
	if err := facts.Verified.Set(r, seen); err != nil {
		return err
	}
	if !look.OK {
		return fault.Newf("the new version runs, but %s: %s", look.Name, look.Detail).
			WithHint("what each look saw is in the run's journal: bunnyhop runs %s", r.ID)
	}
	r.Summary("%d looks, all good", len(seen.Checks))
	return nil
}

// serves asks the running server for its data model, or its database where the
// server cannot be asked.
func (m *models) serves(ctx context.Context, r *steps.Run, current *snapshot.Snapshot, accepted []difference.Change) (by string, err error) {
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return "", err
	}
	by = "the database"
	var now *snapshot.Snapshot
	if p.Config.Get("SECRET") == "" {
		now, err = m.live(ctx, r)
	} else {
		by = "the server"
		client, failure := service.Client(ctx, r, m.site)
		if failure != nil {
			return by, failure
		}
		now, err = snapshot.Fetch(ctx, client)
	}
	if err != nil {
		return by, err
	}
	outcome, err := schemaapply.Reached(current, accepted, now)
	if err != nil {
		return by, err
	}
	return by, converged(outcome)
}

// reportModel also says what was brought in.
type reportModel struct{ report }

// Do reports.
func (p reportModel) Do(ctx context.Context, r *steps.Run) error {
	if err := p.report.Do(ctx, r); err != nil {
		return err
	}
	wanted, ok := Wanted.Get(r)
	if !ok {
		return nil
	}
	out, err := facts.Summarised.Need(r)
	if err != nil {
		return err
	}
	line := "Nothing of the data model of " + wanted.Name + " was accepted, and nothing was brought in."
	if done, ok := Applied.Get(r); ok && len(done.Accepted) > 0 {
		line = fmt.Sprintf("%s from the data model of %s: %d brought in, %d rejected.",
			counted(len(done.Accepted)+done.Rejected, "change"), wanted.Name, len(done.Accepted), done.Rejected)
	}
	out.Lines = slices.Insert(out.Lines, min(1, len(out.Lines)), line)
	return facts.Summarised.Set(r, out)
}
