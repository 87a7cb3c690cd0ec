package code

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Switch is the step that puts the staged code and the accepted project files
// in the place of the live ones, by rename. What was live is kept.
type Switch struct{ Site *site.Site }

// The ids of the changes to project files; those of environment lines have
// the key behind EnvPrefix.
const (
	ChangePackage = "file:package.json"
	ChangeLock    = "file:lockfile"
	EnvPrefix     = "env:"
)

// Check proves by the paths that every move was made.
func (s Switch) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	plan, ok := facts.Switched.Get(r)
	if !ok {
		return steps.Unproved("nothing was switched"), nil
	}
	for _, m := range plan.Moves {
		done, err := moved(m)
		if err != nil {
			return steps.Proof{}, err
		}
		if !done {
			return steps.Unproved("%s is not switched", filepath.Base(m.Live)), nil
		}
	}
	return steps.Proved("%d paths switched", len(plan.Moves)), nil
}

// Do plans the moves, writes the plan down, and makes them.
func (s Switch) Do(ctx context.Context, r *steps.Run) error {
	plan, err := s.plan(ctx, r)
	if err != nil {
		return err
	}
	if err := facts.Switched.Set(r, plan); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.Site.Beside(r), "before"), 0o755); err != nil { //nolint:gosec // holds code that is as public as the project
		return err
	}
	for _, m := range plan.Moves {
		if err := Forward(m); err != nil {
			return err
		}
	}
	s.Site.Forget()
	r.Summary("%d paths switched", len(plan.Moves))
	return Flush(plan)
}

// Undo moves everything back.
func (s Switch) Undo(_ context.Context, r *steps.Run) error {
	plan, ok := facts.Switched.Get(r)
	if !ok {
		return nil
	}
	for i := len(plan.Moves) - 1; i >= 0; i-- {
		if err := Back(plan.Moves[i]); err != nil {
			return err
		}
	}
	s.Site.Forget()
	return Flush(plan)
}

// Manual says how to move back by hand.
func (s Switch) Manual(r *steps.Run) []string {
	plan, ok := facts.Switched.Get(r)
	if !ok {
		return nil
	}
	var commands []string
	for _, m := range plan.Moves {
		if m.Absent {
			continue
		}
		commands = append(commands, fmt.Sprintf("test -e %[2]q && mv -T %[1]q %[1]q.new; mv -T %[2]q %[1]q", m.Live, m.Kept))
	}
	return commands
}

func (s Switch) plan(ctx context.Context, r *steps.Run) (facts.Switch, error) {
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return facts.Switch{}, err
	}
	decided, err := facts.Reviewed.Need(r)
	if err != nil {
		return facts.Switch{}, err
	}
	p, err := s.Site.Open(ctx, r)
	if err != nil {
		return facts.Switch{}, err
	}
	kept := filepath.Join(s.Site.Beside(r), "before")
	var plan facts.Switch
	add := func(live, staged string) error {
		there, err := site.Exists(live)
		if err != nil {
			return err
		}
		plan.Moves = append(plan.Moves, facts.Move{Live: live, Staged: staged, Kept: filepath.Join(kept, filepath.Base(live)), Absent: !there})
		return nil
	}
	if err := add(filepath.Join(p.Root, "node_modules"), filepath.Join(stage.Dir, "node_modules")); err != nil {
		return plan, err
	}
	if stage.NodeLink != "" {
		if err := add(filepath.Join(facts.Beside(p.Root), "node"), stage.NodeLink); err != nil {
			return plan, err
		}
	}
	if decided.Decisions[ChangePackage] {
		if err := add(p.PackageFile, filepath.Join(stage.Dir, "package.json")); err != nil {
			return plan, err
		}
	}
	if decided.Decisions[ChangeLock] && p.LockFile != "" {
		if err := add(p.LockFile, filepath.Join(stage.Dir, filepath.Base(p.LockFile))); err != nil {
			return plan, err
		}
	}
	lines := accepted(decided)
	if len(lines) == 0 {
		return plan, nil
	}
	// The configuration file may lie on another filesystem than the project:
	// what it becomes and what it was stand beside it.
	move := facts.Move{Live: p.Config.Path, Staged: p.Config.Path + ".bunnyhop-new", Kept: p.Config.Path + ".before-" + r.ID}
	plan.Moves = append(plan.Moves, move)
	return plan, stageEnvironment(r, p, lines, move.Staged)
}

// moved reports whether a move was made: the new thing is at its place, which
// shows in that it is no longer where it was staged.
func moved(m facts.Move) (bool, error) {
	live, err := site.Exists(m.Live)
	if err != nil {
		return false, err
	}
	staged, err := site.Exists(m.Staged)
	if err != nil {
		return false, err
	}
	return live && !staged, nil
}

// Forward makes one move; it can be made again after it was cut short.
func Forward(m facts.Move) error {
	done, err := moved(m)
	if err != nil || done {
		return err
	}
	if !m.Absent {
		kept, err := site.Exists(m.Kept)
		if err != nil {
			return err
		}
		if !kept {
			if err := os.Rename(m.Live, m.Kept); err != nil {
				return renameError(m.Live, err)
			}
		}
	}
	if err := os.Rename(m.Staged, m.Live); err != nil {
		return renameError(m.Live, err)
	}
	return nil
}

// Back takes one move back, from wherever it stopped; it can be made again.
func Back(m facts.Move) error {
	kept, err := site.Exists(m.Kept)
	if err != nil {
		return err
	}
	if !kept && !m.Absent {
		return nil // it was never moved away, or is back already
	}
	live, err := site.Exists(m.Live)
	if err != nil {
		return err
	}
	staged, err := site.Exists(m.Staged)
	if err != nil {
		return err
	}
	if live && !staged {
		if err := os.MkdirAll(filepath.Dir(m.Staged), 0o755); err != nil { //nolint:gosec // as the stage was made
			return err
		}
		if err := os.Rename(m.Live, m.Staged); err != nil {
			return renameError(m.Live, err)
		}
	}
	if m.Absent {
		return nil
	}
	if err := os.Rename(m.Kept, m.Live); err != nil {
		return renameError(m.Live, err)
	}
	return nil
}

func renameError(path string, err error) error {
	return fault.Wrap(err, "switching "+path, "the folder must not be a mount of its own, and bunnyhop must be able to write beside it")
}

// Flush flushes the folders in which names changed.
func Flush(plan facts.Switch) error {
	var errs []error
	seen := map[string]bool{}
	for _, m := range plan.Moves {
		for _, path := range []string{m.Live, m.Kept, m.Staged} {
			dir := filepath.Dir(path)
			if seen[dir] {
				continue
			}
			seen[dir] = true
			folder, err := os.Open(dir) //nolint:gosec // folders of the run's own plan
			if err != nil {
				continue // a stage that is gone has nothing to flush
			}
			errs = append(errs, folder.Sync(), folder.Close())
		}
	}
	return errors.Join(errs...)
}

// accepted lists the keys of the environment lines that were accepted.
func accepted(decided facts.Review) []change.Change {
	var lines []change.Change
	for _, c := range decided.Changes {
		if decided.Decisions[c.ID] && len(c.ID) > len(EnvPrefix) && c.ID[:len(EnvPrefix)] == EnvPrefix {
			lines = append(lines, c)
		}
	}
	return lines
}
