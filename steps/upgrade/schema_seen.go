package upgrade

import (
	"context"
	"errors"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	dataevidence "bunnyhop/internal/schema/evidence"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/steps"
)

// readBefore keeps the data model of the copy that is not migrated yet.
func (m *models) readBefore(ctx context.Context, r *steps.Run, db database.Database) error {
	before, err := m.read(ctx, r, db)
	if err != nil {
		return err
	}
	return keep(r, beforeFile, before)
}

// readAfter keeps the data model of the migrated copy, and what its data has
// to do with the one that is brought in.
func (m *models) readAfter(ctx context.Context, r *steps.Run, db database.Database) error {
	after, err := m.read(ctx, r, db)
	if err != nil {
		return err
	}
	if err := keep(r, afterFile, after); err != nil || m.from == nil {
		return err
	}
	plan, err := m.unseen(r)
	if err != nil {
		return err
	}
	seen, err := m.see(ctx, r, db, plan)
	if err != nil {
		return err
	}
	return keep(r, seenFile, seen)
}

// see asks data what each proposed change would mean to it.
func (m *models) see(ctx context.Context, r *steps.Run, db database.Database, plan *modelreview.Plan) (map[string]modelreview.Evidence, error) {
	found, err := dataevidence.Gather(ctx, dataevidence.Database(db), plan.Current, plan.Proposed, r)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]modelreview.Evidence, len(found))
	for key, one := range found {
		seen[key] = modelreview.Evidence{Evidence: one.Evidence, Risk: one.Risk, Blocked: one.Blocked}
	}
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	installed, err := directus.ListExtensions(p.Config.ExtensionsPath(), p.Root)
	if err != nil {
		return nil, err
	}
	has, err := dataevidence.InExtensions(installed)
	if err != nil {
		return nil, err
	}
	for key, lacking := range dataevidence.Lacking(plan.Proposed, dataevidence.Studio{Directus: plan.Current.Directus, Has: has}) {
		one := seen[key]
		one.Evidence = append(one.Evidence, lacking...)
		if one.Risk == "" || one.Risk == change.Safe {
			one.Risk = change.Caution
		}
		seen[key] = one
	}
	return seen, nil
}

// onCopy opens the copy of a rehearsal.
func (c *copyOf) onCopy(ctx context.Context, look func(database.Database) error) error {
	db, err := connect.Open(ctx, c.config, connect.ReadOnly)
	if err != nil {
		return err
	}
	return errors.Join(look(db), db.Close())
}
