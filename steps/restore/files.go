package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// files puts stored files and extensions back: into folders beside the live
// ones, which are then switched by rename and kept; and into buckets, in place.
type files struct{ site *site.Site }

// Check proves by the paths that every folder was switched, and by a look at
// the buckets that everything is there.
func (f files) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	proof, err := code.Switch{Site: f.site}.Check(ctx, r)
	if err != nil || !proof.OK {
		return proof, err
	}
	back, err := f.objectsAreBack(ctx, r)
	if err != nil || !back.OK {
		return back, err
	}
	return proof, nil
}

// Do restores and switches.
func (f files) Do(ctx context.Context, r *steps.Run) error {
	plan, err := f.plan(ctx, r)
	if err != nil {
		return err
	}
	if err := facts.Switched.Set(r, plan.Switch); err != nil {
		return err
	}
	from, err := source.Need(r)
	if err != nil {
		return err
	}
	for i, m := range plan.Moves {
		if plan.made[i] {
			continue
		}
		if err := os.RemoveAll(m.Staged); err != nil {
			return err
		}
		if err := backups.RestoreFolder(ctx, from.Dir, plan.prefixes[i], m.Staged, r); err != nil {
			return err
		}
	}
	// Objects come before the renames, which take no time: a run that is cut
	// short has hardly ever switched a part of the folders only.
	put, err := f.putObjects(ctx, r)
	if err != nil {
		return err
	}
	for i, m := range plan.Moves {
		if plan.made[i] {
			continue
		}
		if err := code.Forward(m); err != nil {
			return err
		}
	}
	r.Summary("%s", summary(len(plan.Moves), put))
	return code.Flush(plan.Switch)
}

func summary(folders, objects int) string {
	if objects == 0 {
		return fmt.Sprintf("%d folders", folders)
	}
	return fmt.Sprintf("%d folders, %d objects", folders, objects)
}

// Undo moves the live folders back, and puts the objects back that were
// overwritten.
func (f files) Undo(ctx context.Context, r *steps.Run) error {
	return errors.Join(code.Switch{Site: f.site}.Undo(ctx, r), f.takeObjectsBack(ctx, r))
}

type filePlan struct {
	facts.Switch
	prefixes []string
	made     []bool // by an earlier try that was cut short
}

func (f files) plan(ctx context.Context, r *steps.Run) (filePlan, error) {
	var plan filePlan
	from, err := source.Need(r)
	if err != nil {
		return plan, err
	}
	p, err := f.site.Open(ctx, r)
	if err != nil {
		return plan, err
	}
	add := func(prefix, live string) error {
		there, err := site.Exists(live)
		if err != nil {
			return err
		}
		m := facts.Move{Live: live, Staged: live + ".bunnyhop-new", Kept: live + ".before-" + r.ID, Absent: !there}
		made, err := madeBefore(r, &m)
		if err != nil {
			return err
		}
		plan.Moves = append(plan.Moves, m)
		plan.made = append(plan.made, made)
		plan.prefixes = append(plan.prefixes, prefix)
		return nil
	}
	if from.has(backups.Files) {
		for _, s := range p.Config.Storage() {
			if s.External {
				r.Output("storage location " + s.Name + " is external and was not backed up")
				continue
			}
			if s.S3 != nil {
				continue // see putObjects
			}
			if err := add(filepath.Join("files", s.Name), s.Root); err != nil {
				return plan, err
			}
		}
	}
	if from.has(backups.Extensions) {
		if err := add("extensions", p.Config.ExtensionsPath()); err != nil {
			return plan, err
		}
	}
	r.Progress("folders", progress.Files, 0, int64(len(plan.Moves)))
	return plan, nil
}

// madeBefore tells whether an earlier try of this run made a move, which then
// is what it was: the old folder is kept, or there was none and now is one.
func madeBefore(r *steps.Run, m *facts.Move) (bool, error) {
	earlier, ok := facts.Switched.Get(r)
	if !ok {
		return false, nil
	}
	for _, old := range earlier.Moves {
		if old.Live != m.Live || old.Kept != m.Kept {
			continue
		}
		kept, err := site.Exists(old.Kept)
		if err != nil {
			return false, err
		}
		staged, err := site.Exists(old.Staged)
		if err != nil {
			return false, err
		}
		// m.Absent is whether there is nothing now.
		made := !m.Absent && !staged && (kept || old.Absent)
		if kept || made {
			m.Absent = old.Absent
		}
		return made, nil
	}
	return false, nil
}
