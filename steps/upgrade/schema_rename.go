package upgrade

import (
	"context"
	"errors"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	schemaapply "bunnyhop/internal/schema/apply"
	difference "bunnyhop/internal/schema/compare"
	dataevidence "bunnyhop/internal/schema/evidence"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
)

// renamed looks on the migrated copy, and in the project that the wanted model
// is of, for columns that got another name.
func (m *models) renamed(ctx context.Context, r *steps.Run, db database.Database, plan *modelreview.Plan) (seen map[string]dataevidence.Finding, err error) {
	if len(plan.Renames) == 0 {
		return nil, nil
	}
	base := &model.Opened{Source: *m.from}
	if m.from.Kind == model.Project {
		opened, failure := model.Open(ctx, r, *m.from, model.Base, m.site.Options().Environ)
		if failure == nil {
			base = opened
			defer func() { err = errors.Join(err, opened.Close()) }()
		} else {
			r.Output("the rows of " + m.from.Name() + " are not looked at: " + failure.Error())
		}
	}
	return model.Renamed(ctx, base, model.Opened{Database: db}, plan, r)
}

// make makes what was accepted in the database of config, with the command
// line of the new version; done is told what was copied before anything of
// the old columns is deleted.
func (m *models) make(ctx context.Context, r *steps.Run, cli directus.CLI, config database.Config, current *snapshot.Snapshot, s modelreview.Stages, done func([]model.Copied) error) (*schemaapply.Outcome, error) {
	maker := func(ctx context.Context, current *snapshot.Snapshot, accepted []difference.Change) (*schemaapply.Outcome, error) {
		return schemaapply.ApplyCLI(ctx, m.commandLine(r, cli, config), current, accepted, r)
	}
	if len(s.Copies) == 0 {
		return maker(ctx, current, s.All)
	}
	return schemaapply.Staged(ctx, current, s.All, s.First, s.Last, func(ctx context.Context) error {
		db, err := connect.Open(ctx, config, connect.ReadWrite)
		if err != nil {
			return err
		}
		copied, err := model.Copy(ctx, db, s.Copies, r)
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		r.Output(model.CopiedText(copied))
		return done(copied)
	}, maker)
}

// copied proves that the values were copied; where that was not recorded,
// nothing of the old columns is deleted yet.
func copied(r *steps.Run, s modelreview.Stages) error {
	if done, _ := Copied.Get(r); len(done) < len(s.Copies) {
		return errors.New("it is not known whether the values were copied")
	}
	return nil
}

// triedOf are the keys of what is tried: the changes and the copies.
func triedOf(s modelreview.Stages) []string {
	keys := keysOf(s.All)
	for _, r := range s.Copies {
		keys = append(keys, r.Key())
	}
	return keys
}
