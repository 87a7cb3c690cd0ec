package upgrade

import (
	"context"
	"errors"
	"slices"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
)

// bring makes the accepted changes in the project's own database, whose server
// is stopped and whose migrations are done.
func (m *models) bring(ctx context.Context, r *steps.Run) error {
	stages, current, err := m.stages(r)
	if err != nil || len(stages.All) == 0 {
		return err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return err
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return err
	}
	if err := errors.Join(m.stillPossible(ctx, r, current, stages), Copied.Set(r, nil)); err != nil {
		return err
	}
	cli := directus.CLI{
		Node: stage.Node, Tree: p.Root, Dir: p.Root, Redact: r.Redact, Environ: stage.Runtime().Environ(m.site.Environ()),
	}
	outcome, err := m.make(ctx, r, cli, p.Config.Database(), current, stages, func(copied []model.Copied) error { return Copied.Set(r, copied) })
	if err != nil {
		return fault.Wrap(err, "", "it worked on the copy: look at what is different about the live database, then start anew")
	}
	return converged(outcome)
}

// stillPossible asks the data once more: rows have been written since the copy
// was made of the backup.
func (m *models) stillPossible(ctx context.Context, r *steps.Run, current *snapshot.Snapshot, stages modelreview.Stages) error {
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return err
	}
	db, err := m.site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	parts := slices.Concat(stages.First, stages.Last)
	seen, err := m.see(ctx, r, db, &modelreview.Plan{Current: current, Proposed: parts})
	if err != nil {
		return err
	}
	for _, c := range parts {
		if why := seen[c.Key()].Blocked; why != "" {
			return fault.Newf("%s was accepted and cannot be made any more: %s", c.Key(), why).
				WithHint("rows were written since the backup; begin anew, and decide on them as they are")
		}
	}
	return nil
}

// state says what of the accepted changes is in the project's own database.
type state int

const (
	nothing state = iota // it is as the migrations left it
	partly
	everything
)

func (m *models) state(ctx context.Context, r *steps.Run) (state, error) {
	stages, current, err := m.stages(r)
	if err != nil || len(stages.All) == 0 {
		return nothing, err
	}
	now, err := m.live(ctx, r)
	if err != nil {
		return partly, err
	}
	moved, err := difference.Compare(current, now)
	if err != nil {
		return partly, err
	}
	if len(moved.Changes) == 0 {
		return nothing, nil
	}
	outcome, err := schemaapply.Reached(current, stages.All, now)
	if err != nil {
		return partly, err
	}
	if outcome.Converged() && copied(r, stages) == nil {
		return everything, nil
	}
	return partly, nil
}

// brought proves that the accepted changes are there, and did to the tables
// what they did on the copy: what they touch has the same schema and as many
// rows as before, and every other table of the project is as it was.
func (m *models) brought(ctx context.Context, r *steps.Run) error {
	stages, current, err := m.stages(r)
	if err != nil || m.from == nil {
		return err
	}
	if len(stages.All) == 0 {
		plan, err := m.wanted(r)
		if err != nil {
			return err
		}
		return Applied.Set(r, Application{Rejected: len(plan.Proposed)})
	}
	now, err := m.live(ctx, r)
	if err != nil {
		return err
	}
	outcome, err := schemaapply.Reached(current, stages.All, now)
	if err != nil {
		return err
	}
	if err := errors.Join(converged(outcome), copied(r, stages)); err != nil {
		return err
	}
	tables, err := m.asTried(ctx, r)
	if err != nil {
		return err
	}
	return m.record(r, stages, outcome.Notes, tables)
}

// record keeps what the tables are now that the accepted changes have touched,
// for the looks that come later.
func (m *models) record(r *steps.Run, stages modelreview.Stages, notes []string, now database.Fingerprint) error {
	plan, err := m.wanted(r)
	if err != nil {
		return err
	}
	tried, err := Tried.Need(r)
	if err != nil {
		return err
	}
	migrated, err := facts.Migrated.Need(r)
	if err != nil {
		return err
	}
	if migrated.Changed == nil {
		migrated.Changed = map[string]database.TableFingerprint{}
	}
	known := true
	for name := range tried.Tables {
		if table, there := now.Tables[name]; there {
			known = known && migrated.Changed[name] == table
			migrated.Changed[name] = table
		}
	}
	if !known {
		if err := facts.Migrated.Set(r, migrated); err != nil {
			return err
		}
	}
	done := Application{Accepted: keysOf(stages.All), Rejected: len(plan.Proposed) - len(stages.All), Rows: map[string]int64{}, Notes: notes}
	for _, name := range describing {
		done.Rows[name] = now.Tables[name].Rows
	}
	return Applied.Set(r, done)
}

// served reports whether the new version may have taken rows: it is started
// only when the accepted changes are proved. Before that, what is otherwise
// than in the backup are those changes.
func (m *models) served(r *steps.Run) bool {
	tried, ok := Tried.Get(r)
	if !ok || len(tried.Accepted) == 0 {
		return true
	}
	_, applied := Applied.Get(r)
	return applied
}
