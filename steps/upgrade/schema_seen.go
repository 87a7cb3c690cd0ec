package upgrade

import (
	"context"
	"errors"
	"maps"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	dataevidence "bunnyhop/internal/schema/evidence"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// readBefore keeps the data model of the copy that is not migrated yet.
func (m *models) readBefore(ctx context.Context, r *steps.Run, db database.Database) error {
	before, err := m.read(ctx, r, db)
	if err != nil {
		return err
	}
	return model.Keep(r, beforeFile, before)
}

// readAfter keeps the data model of the migrated copy, and what its data has
// to do with the one that is brought in.
func (m *models) readAfter(ctx context.Context, r *steps.Run, db database.Database) error {
	after, err := m.read(ctx, r, db)
	if err != nil {
		return err
	}
	if err := model.Keep(r, afterFile, after); err != nil || m.from == nil {
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
	renamed, err := m.renamed(ctx, r, db, plan)
	if err != nil {
		return err
	}
	maps.Copy(seen, renamed)
	return model.Keep(r, seenFile, seen)
}

// see asks data what each proposed change would mean to it.
func (m *models) see(ctx context.Context, r *steps.Run, db database.Database, plan *modelreview.Plan) (map[string]dataevidence.Finding, error) {
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	return model.SeenIn(ctx, p, db, plan, r)
}

// onCopy opens the copy of a rehearsal.
func (c *copyOf) onCopy(ctx context.Context, look func(database.Database) error) error {
	db, err := connect.Open(ctx, c.config, connect.ReadOnly)
	if err != nil {
		return err
	}
	return errors.Join(look(db), db.Close())
}
