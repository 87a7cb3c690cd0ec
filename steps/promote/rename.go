package promote

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// Copied is what the apply step copied into columns that it had made. It is
// recorded before anything of the old columns is deleted.
var Copied = steps.NewSlot[[]model.Copied]("copied")

// make makes what was accepted: all at once, or, where values are copied, the
// new columns first, and what loses the old ones last.
func (a apply) make(ctx context.Context, r *steps.Run, by maker, current *snapshot.Snapshot, s review.Stages) (*schemaapply.Outcome, error) {
	if len(s.Copies) == 0 {
		return by.make(ctx, current, s.All)
	}
	if err := Copied.Set(r, nil); err != nil { // of an attempt that was taken back
		return nil, err
	}
	last := false // is to come
	stage := func(ctx context.Context, current *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
		if last && by.server != nil {
			guarded := guard{by.server, func(ctx context.Context) error { return a.same(ctx, r, s.Copies) }}
			return schemaapply.Apply(ctx, guarded, current, accepted, r)
		}
		return by.make(ctx, current, accepted)
	}
	return schemaapply.Staged(ctx, current, s.All, s.First, s.Last, func(ctx context.Context) error {
		last = true
		return a.copy(ctx, r, by.server, s.Copies)
	}, stage)
}

// guard is a server that people may write through until the last moment.
type guard struct {
	*directus.Client
	before func(context.Context) error
}

// SchemaApply looks once more before it deletes.
func (g guard) SchemaApply(ctx context.Context, diff directus.SchemaDiff, flags directus.DiffFlags) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.Client.SchemaApply(ctx, diff, flags)
}

// copy copies values in the target's database.
func (a apply) copy(ctx context.Context, r *steps.Run, server *directus.Client, all []difference.Rename) error {
	var copied []model.Copied
	err := a.in(ctx, r, connect.ReadWrite, func(db database.Database) (err error) {
		copied, err = model.Copy(ctx, db, all, r)
		return err
	})
	if err == nil && server != nil { // which may have kept rows without the values
		err = server.ClearCache(ctx)
	}
	if err != nil {
		return err
	}
	r.Output(model.CopiedText(copied))
	return Copied.Set(r, copied)
}

// same compares values once more, of the old columns that are there still.
func (a apply) same(ctx context.Context, r *steps.Run, all []difference.Rename) error {
	return a.in(ctx, r, connect.ReadOnly, func(db database.Database) error {
		for _, one := range all {
			schema, err := db.Schema(ctx, one.Collection)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(schema.Columns, func(c database.Column) bool { return c.Name == one.From }) {
				continue
			}
			if err := schemaapply.SameValues(ctx, db, one); err != nil {
				return fmt.Errorf("looking once more before %s.%s is deleted: %w", one.Collection, one.From, err)
			}
		}
		return nil
	})
}

// in opens the target's database.
func (a apply) in(ctx context.Context, r *steps.Run, mode database.Mode, work func(database.Database) error) error {
	p, err := a.ends.site.Open(ctx, r)
	if err != nil {
		return err
	}
	db, err := a.ends.site.Database(ctx, p, mode)
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

// copied proves for a resumed run that values were copied. Where that was not
// recorded, nothing of the old columns is deleted yet.
func copied(r *steps.Run, s review.Stages) error {
	if done, _ := Copied.Get(r); len(done) < len(s.Copies) {
		return errors.New("it is not known whether the values were copied")
	}
	return nil
}
