package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"bunnyhop/internal/database"
	difference "bunnyhop/internal/schema/compare"
	dataevidence "bunnyhop/internal/schema/evidence"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
	"bunnyhop/steps/site"
)

// models is what the steps know of data models: that of the project before
// and after the migrations, both as the target version describes them, and the
// one that is to be brought in with the upgrade.
type models struct {
	site *site.Site
	// from is where the wanted model is; nil: none is brought in.
	from *model.Source
	// copied is the migrated copy, as long as one process has it: a resumed run
	// makes it anew.
	copied *copyOf
}

// The files in a run's folder that hold data models, and what was seen in the
// data behind the wanted one.
const (
	beforeFile = "model-before.json" // of the backup, before the migrations
	afterFile  = "model-after.json"  // of the copy, after them
	wantedFile = "model-wanted.json"
	seenFile   = "model-seen.json"
)

// rehearsed proves that the rehearsal left what the review needs.
func (m *models) rehearsed(r *steps.Run) bool {
	names := []string{beforeFile, afterFile}
	if m.from != nil {
		names = append(names, wantedFile, seenFile)
	}
	for _, name := range names {
		if _, err := os.Stat(r.Path(name)); err != nil {
			return false
		}
	}
	return true
}

// read reads a data model as the target version describes it.
func (m *models) read(ctx context.Context, r *steps.Run, db database.Database) (*snapshot.Snapshot, error) {
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return nil, err
	}
	return model.ReadDatabase(ctx, p, db, target.To)
}

// live reads the data model of the project's own database.
func (m *models) live(ctx context.Context, r *steps.Run) (read *snapshot.Snapshot, err error) {
	p, err := m.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	db, err := m.site.Database(ctx, p, database.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return m.read(ctx, r, db)
}

// migrated is what the migrations change of the project's data model.
func (m *models) migrated(r *steps.Run) (*modelreview.Plan, error) {
	before, err := model.Kept(r, beforeFile)
	if err != nil {
		return nil, err
	}
	after, err := model.Kept(r, afterFile)
	if err != nil {
		return nil, err
	}
	return modelreview.New(before, after, modelreview.Mirror)
}

// wanted is what makes the migrated model into the wanted one, with what was
// seen in the data; nil where none is brought in.
func (m *models) wanted(r *steps.Run) (*modelreview.Plan, error) {
	if m.from == nil {
		return nil, nil
	}
	plan, err := m.unseen(r)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(r.Path(seenFile))
	if err != nil {
		return nil, fmt.Errorf("reading what was seen on the copy: %w", err)
	}
	var seen map[string]dataevidence.Finding
	if err := json.Unmarshal(data, &seen); err != nil {
		return nil, fmt.Errorf("reading what was seen on the copy: %w", err)
	}
	plan.Seen(seen)
	return plan, nil
}

// unseen is the wanted plan before anybody looked at the data.
func (m *models) unseen(r *steps.Run) (*modelreview.Plan, error) {
	after, err := model.Kept(r, afterFile)
	if err != nil {
		return nil, err
	}
	wanted, err := model.Kept(r, wantedFile)
	if err != nil {
		return nil, err
	}
	return modelreview.New(after, wanted, modelreview.Merge)
}

// accepted are the changes of the wanted model that the person wants, and the
// model that they were decided on.
func (m *models) accepted(r *steps.Run) ([]difference.Change, *snapshot.Snapshot, error) {
	stages, current, err := m.stages(r)
	return stages.All, current, err
}

// stages are the accepted changes with what is copied between them, and the
// model that they were decided on.
func (m *models) stages(r *steps.Run) (modelreview.Stages, *snapshot.Snapshot, error) {
	var none modelreview.Stages
	if m.from == nil {
		return none, nil, nil
	}
	decided, err := facts.Reviewed.Need(r)
	if err != nil {
		return none, nil, err
	}
	plan, err := m.wanted(r)
	if err != nil {
		return none, nil, err
	}
	return plan.Stages(decided.Decisions), plan.Current, nil
}

func keysOf(changes []difference.Change) []string {
	keys := make([]string, len(changes))
	for i, c := range changes {
		keys[i] = c.Key()
	}
	return keys
}
