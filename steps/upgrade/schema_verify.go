package upgrade

import (
	"context"
	"fmt"
	"slices"

	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/service"
)

// look adds the look at the data model, if there is one that was brought in.
func (m *models) look(r *steps.Run, looks []look) ([]look, error) {
	accepted, current, err := m.accepted(r)
	if err != nil || len(accepted) == 0 {
		return looks, err
	}
	return append(slices.Clone(looks), look{"data model", func(ctx context.Context, r *steps.Run, _ *evidence) (string, error) {
		by, err := m.serves(ctx, r, current, accepted)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s brought in, as %s tells", counted(len(accepted), "change"), by), nil
	}}), nil
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
