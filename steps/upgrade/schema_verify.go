package upgrade

import (
	"context"
	"fmt"

	"bunnyhop/internal/fault"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
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
	by, err := v.models.serves(ctx, r, current, accepted)
	if err != nil {
		r.Output("data model: " + err.Error())
		return fault.Newf("the new version runs, but data model: %v", err).
			WithHint("what each look saw is in the run's journal: bunnyhop runs %s", r.ID)
	}
	r.Output(fmt.Sprintf("data model: %s brought in, as %s tells", counted(len(accepted), "change"), by))
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

// modelLines say, for people, what was brought in; none where nothing was to be.
func modelLines(r *steps.Run) []string {
	wanted, ok := Wanted.Get(r)
	if !ok {
		return nil
	}
	done, _ := Applied.Get(r)
	return []string{fmt.Sprintf("data model of %s: %s brought in, %d rejected",
		wanted.Name, counted(len(done.Accepted), "change"), done.Rejected)}
}
