package restore

import (
	"context"
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
// ones, which are then switched by rename and kept.
type files struct{ site *site.Site }

// Check proves by the paths that every folder was switched.
func (f files) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	return code.Switch{Site: f.site}.Check(ctx, r)
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
		if err := os.RemoveAll(m.Staged); err != nil {
			return err
		}
		if err := backups.RestoreFolder(ctx, from.Dir, plan.prefixes[i], m.Staged, r); err != nil {
			return err
		}
	}
	for _, m := range plan.Moves {
		if err := code.Forward(m); err != nil {
			return err
		}
	}
	r.Summary("%d folders", len(plan.Moves))
	return code.Flush(plan.Switch)
}

// Undo moves the live folders back.
func (f files) Undo(ctx context.Context, r *steps.Run) error {
	return code.Switch{Site: f.site}.Undo(ctx, r)
}

type filePlan struct {
	facts.Switch
	prefixes []string
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
		plan.Moves = append(plan.Moves, facts.Move{
			Live: live, Staged: live + ".bunnyhop-new", Kept: live + ".before-" + r.ID, Absent: !there,
		})
		plan.prefixes = append(plan.prefixes, prefix)
		return nil
	}
	if from.has(backups.Files) {
		for _, s := range p.Config.Storage() {
			if s.External {
				r.Output("storage location " + s.Name + " is external and was not backed up")
				continue
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
