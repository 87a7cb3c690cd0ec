package upgrade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	"bunnyhop/steps/site"
)

// try makes the accepted changes of the data model on the migrated copy, with
// the command line of the new version, as the cutover will.
type try struct {
	site   *site.Site
	models *models
}

// Check proves that exactly what is accepted was tried on this backup with
// this code, and that the project still has the data model of the backup.
func (t try) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	stages, _, err := t.models.stages(r)
	if err != nil {
		return steps.Unproved("what was accepted is not known: %v", err), nil
	}
	done, ok := Tried.Get(r)
	made, backedUp := facts.BackedUp.Get(r)
	stage, staged := facts.Staged.Get(r)
	if !ok || !backedUp || !staged || done.Backup != made.ID || done.Stage != stage.Key || !slices.Equal(done.Accepted, triedOf(stages)) {
		return steps.Unproved("these decisions were not tried yet"), nil
	}
	if len(stages.All) == 0 {
		return steps.Proved("nothing was accepted"), nil
	}
	if err := t.models.sameAsBackup(ctx, r); err != nil {
		return steps.Unproved("%v", err), nil
	}
	return steps.Proved("%s made on the copy", counted(len(stages.All), "change")), nil
}

// Do tries.
func (t try) Do(ctx context.Context, r *steps.Run) error {
	stages, current, err := t.models.stages(r)
	if err != nil {
		return err
	}
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return err
	}
	done := Trial{Backup: made.ID, Stage: stage.Key, Accepted: triedOf(stages)}
	if len(stages.All) == 0 {
		r.Summary("nothing was accepted")
		return errors.Join(Tried.Set(r, done), t.drop(ctx, r))
	}
	if err := t.models.sameAsBackup(ctx, r); err != nil {
		return err
	}
	c, err := t.copied(ctx, r, current)
	if err != nil {
		return err
	}
	t.models.copied = nil // it is changed from here on
	if err := t.on(ctx, r, c, current, stages, &done); err != nil {
		return t.refused(ctx, r, err)
	}
	r.Summary("%s made on the copy and read again", counted(len(stages.All), "change"))
	return errors.Join(Tried.Set(r, done), connect.DropScratch(ctx, c.place))
}

// sameAsBackup refuses to go on when somebody has changed the project's data
// model since it was backed up: the decisions are about another one.
func (m *models) sameAsBackup(ctx context.Context, r *steps.Run) error {
	before, err := model.Kept(r, beforeFile)
	if err != nil {
		return err
	}
	now, err := m.live(ctx, r)
	if err != nil {
		return err
	}
	moved, err := difference.Compare(before, now)
	if err != nil {
		return err
	}
	if len(moved.Changes) == 0 {
		return nil
	}
	return fault.Newf("the project's data model has changed since it was backed up: %s", strings.Join(keysOf(moved.Changes), ", ")).
		WithHint("begin anew, so that the decisions are taken on what is there")
}

// copied is the migrated copy as it was reviewed: the one that the rehearsal
// left, or, after a resume, a new one.
func (t try) copied(ctx context.Context, r *steps.Run, current *snapshot.Snapshot) (*copyOf, error) {
	if c := t.models.copied; c != nil {
		same := false
		err := c.onCopy(ctx, func(db database.Database) (err error) {
			same, err = t.models.has(ctx, r, db, current)
			return err
		})
		if err != nil || same {
			return c, err
		}
	}
	r.Output("restoring and migrating the copy once more")
	h := rehearse{t.site, &models{site: t.site}}
	c, err := h.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := h.migrate(ctx, r, c); err != nil {
		return nil, h.explain(blamed(err, c))
	}
	return c, nil
}

// has reports whether a database has a data model.
func (m *models) has(ctx context.Context, r *steps.Run, db database.Database, wanted *snapshot.Snapshot) (bool, error) {
	now, err := m.read(ctx, r, db)
	if err != nil {
		return false, err
	}
	moved, err := difference.Compare(wanted, now)
	if err != nil {
		return false, err
	}
	return len(moved.Changes) == 0, nil
}

// on makes the changes on the copy and tells what they did to its tables.
func (t try) on(ctx context.Context, r *steps.Run, c *copyOf, current *snapshot.Snapshot, stages modelreview.Stages, done *Trial) error {
	before, dangling, err := t.look(ctx, r, c)
	if err != nil {
		return err
	}
	outcome, err := t.models.make(ctx, r, c.cli, c.config, current, stages, func([]model.Copied) error { return nil })
	if err != nil {
		return err
	}
	if err := converged(outcome); err != nil {
		return err
	}
	after, now, err := t.look(ctx, r, c)
	if err != nil {
		return err
	}
	if now > dangling {
		return fault.Newf("%s would lead nowhere that lead somewhere now", counted(now-dangling, "reference"))
	}
	done.Tables, done.System, done.Notes = touched(before, after), facts.SystemSchema(after, directus.SystemTable), outcome.Notes
	return nil
}

// look reads the tables of the copy, and how many references lead nowhere.
func (t try) look(ctx context.Context, r *steps.Run, c *copyOf) (f database.Fingerprint, dangling int, err error) {
	err = c.onCopy(ctx, func(db database.Database) error {
		var unsound *database.IntegrityError
		if err := db.Integrity(ctx); errors.As(err, &unsound) && len(unsound.Damage) == 0 {
			dangling = len(unsound.ForeignKeys)
		} else if err != nil {
			return err
		}
		f, err = db.Fingerprint(ctx, nil, r)
		return err
	})
	return f, dangling, err
}

// commandLine is Directus' own for the database of config.
func (m *models) commandLine(r *steps.Run, cli directus.CLI, config database.Config) schemaapply.CommandLine {
	return schemaapply.CommandLine{CLI: cli, Read: func(ctx context.Context) (read *snapshot.Snapshot, err error) {
		db, err := connect.Open(ctx, config, connect.ReadOnly)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return m.read(ctx, r, db)
	}}
}

// converged says what is not as it was accepted.
func converged(outcome *schemaapply.Outcome) error {
	var wrong []string
	for _, c := range outcome.Left {
		wrong = append(wrong, c.Key()+" was accepted and is not there")
	}
	for _, c := range outcome.Unexpected {
		wrong = append(wrong, c.Key()+" has changed and was not accepted")
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.Newf("Directus did something else than what was accepted: %s", strings.Join(wrong, "; "))
}

// touched are the tables of the project that two looks at the copy tell apart.
func touched(before, after database.Fingerprint) map[string]TriedTable {
	tables := map[string]TriedTable{}
	for name := range before.Tables {
		if _, there := after.Tables[name]; !there && isUserTable(name) {
			tables[name] = TriedTable{Gone: true}
		}
	}
	for name, now := range after.Tables {
		was, old := before.Tables[name]
		if isUserTable(name) && (!old || was != now) {
			tables[name] = TriedTable{New: !old, Schema: now.Schema}
		}
	}
	if before.Other != after.Other {
		tables[otherObjects] = TriedTable{Schema: after.Other}
	}
	return tables
}

// refused has the review asked again by the next start.
func (t try) refused(ctx context.Context, r *steps.Run, err error) error {
	if ctx.Err() != nil {
		return err
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return &fault.Error{
		What: "the accepted changes of the data model cannot be made", Err: errors.Join(err, Refused.Set(r, Refusal{Error: line})), Code: fault.Failed,
		State: "only the copy saw this; the live project is as it was and was not stopped",
		Hint:  fmt.Sprintf("`bunnyhop resume` asks for the decisions again: reject what Directus refuses; %s has all that it said", r.Path("output.log")),
	}
}

// drop drops the copy that the rehearsal left.
func (t try) drop(ctx context.Context, r *steps.Run) error {
	p, err := t.site.Open(ctx, r)
	if err != nil {
		return err
	}
	place, err := t.site.Scratch(p, r, "rehearsal")
	if err != nil {
		return err
	}
	t.models.copied = nil
	return connect.DropScratch(ctx, place)
}
