// Package prune removes backups that are no longer wanted. It is no flow: a
// removal that is interrupted is finished by the next one, and nothing of the
// project is touched.
package prune

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/rollback"
)

// Request says whose backups are looked at, and which are to go.
type Request struct {
	Root      string // the project's folder, without symbolic links
	Installed string // its Directus version; "" if not known
	Folder    string // where its backups are
	// Names are backups by ID or folder. Without names the limits count.
	Names  []string
	Limits backup.Retention
}

// Plan is what becomes of each backup.
type Plan struct {
	Folder string
	verdicts
	Frees   int64 // bytes that come back
	request Request
}

// Look makes a plan. It changes nothing.
func Look(r Request) (*Plan, error) {
	all, err := overview.Backups(r.Folder)
	if err != nil {
		return nil, err
	}
	claims, err := claims(r)
	if err != nil {
		return nil, err
	}
	p := &Plan{Folder: r.Folder, request: r, verdicts: verdicts{now: time.Now()}}
	if len(r.Names) == 0 {
		p.Verdicts = backup.Prunable(all, r.Limits, claims, p.now)
	} else if p.Verdicts, err = backup.Named(all, r.Names, claims); err != nil {
		return nil, err
	}
	var dirs []string
	for _, m := range p.Going() {
		dirs = append(dirs, m.Dir)
	}
	p.Frees, err = backup.Freed(dirs...)
	return p, err
}

// Asked lists those of Going that nobody has agreed to yet. The others' removal
// was begun, and is only finished.
func (p *Plan) Asked() []*backup.Manifest {
	return slices.DeleteFunc(p.Going(), func(m *backup.Manifest) bool { return m.Removing })
}

// Relied is the backup on which one relies once the plan is carried out: of
// this project's whole backups that stay, the newest proved one of the
// installed version, or else the newest proved one, or else the newest one. It
// is nil when no whole backup goes.
func (p *Plan) Relied() *backup.Manifest {
	var stay []*backup.Manifest
	loses := false
	for _, v := range p.Verdicts {
		m := v.Backup
		switch {
		case m.Partial || m.Damaged != nil || m.Root != p.request.Root:
		case v.Remove:
			loses = true
		default:
			stay = append(stay, m)
		}
	}
	if !loses || len(stay) == 0 {
		return nil
	}
	for _, fits := range []func(*backup.Manifest) bool{
		func(m *backup.Manifest) bool { return m.Verified != nil && m.Directus == p.request.Installed },
		func(m *backup.Manifest) bool { return m.Verified != nil },
		func(m *backup.Manifest) bool { return m.Kind == backup.Full },
	} {
		if i := slices.IndexFunc(stay, fits); i >= 0 {
			return stay[i]
		}
	}
	return stay[0]
}

// Remove carries the plan out, oldest first, and tells of each backup that is
// gone. Before that it reads the backup again on which one relies afterwards.
// The project's lock is held by the caller.
func (p *Plan) Remove(ctx context.Context, report progress.Reporter, gone func(*backup.Manifest)) error {
	if stays := p.Relied(); stays != nil {
		if err := backup.Verify(ctx, stays.Dir, report); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := fault.Wrap(err, "the backup "+stays.ID+", which would stay, is not intact",
				"make a new backup first: `bunnyhop backup`")
			err.State = "nothing was removed"
			return errors.Join(err, backup.Disprove(stays.Dir, err))
		}
	}
	going := p.Going()
	for i, m := range going {
		err := ctx.Err()
		if err == nil {
			err = backup.Remove(m.Dir)
		}
		if err != nil {
			err := fault.Wrap(err, "", "put right what is in the way, if anything is; `bunnyhop backup prune` then goes on")
			err.State = fmt.Sprintf("%d of %d backups are removed, the others are whole or removed by the next prune", i, len(going))
			return err
		}
		gone(m)
	}
	return nil
}

// claims reads from the runs what the project still needs of its backups.
func claims(r Request) (backup.Claims, error) {
	c := backup.Claims{Root: r.Root, Installed: r.Installed, Needed: map[string]string{}}
	runs, err := steps.Runs(r.Root)
	if err != nil {
		return c, err
	}
	open, err := steps.Unfinished(r.Root)
	if err != nil {
		return c, err
	}
	for _, run := range runs {
		if run.Damaged != "" {
			return c, fault.New("what run "+run.ID+" needs of the backups cannot be read: "+run.Damaged,
				"look at the lines before the damage to see what that run did; then move its folder "+run.Dir+" away").
				WithCode(fault.NeedsPerson)
		}
		if open == nil || run.ID != open.ID {
			c.Ended = append(c.Ended, run.ID)
		}
	}
	if last := rollback.Candidate(runs); last != nil {
		if final, ok := facts.FinalBack.Find(last.Lines()); ok {
			c.Needed[final.ID] = "`bunnyhop rollback` needs it"
		}
	}
	if open != nil {
		c.Open, c.OpenFlow = open.ID, open.Flow
		why := "the unfinished " + open.Flow + " uses it"
		if from, ok := rollback.TakenBack.Find(open.Lines()); ok {
			c.Needed[from.Backup.ID] = why
		}
		if with, ok := overview.StartedWith.Find(open.Lines()); ok && with.Backup != "" {
			c.Needed[filepath.Base(with.Backup)] = why
		}
	}
	return c, nil
}
