package site

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
)

// purposes are what a run restores copies of the database for.
var purposes = []string{"prove", "rehearsal"}

// scratchDir is a folder for what the run restores and rehearses. It lies with
// the backups, which need room for the same data.
func (s *Site) scratchDir(p *project.Project, r *steps.Run) (string, error) {
	folder, err := s.BackupFolder(p)
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, scratchPrefix+r.ID), nil
}

// scratchPrefix begins the names of such folders; the run's ID follows.
const scratchPrefix = ".scratch-"

// Scratch is the place of a copy of the database that the run makes for a
// purpose: "prove" or "rehearsal".
func (s *Site) Scratch(p *project.Project, r *steps.Run, purpose string) (connect.Scratch, error) {
	dir, err := s.scratchDir(p, r)
	if err != nil {
		return connect.Scratch{}, err
	}
	config, err := ScratchServer(p)
	return connect.Scratch{Config: config, Dir: filepath.Join(dir, purpose), Name: database.ScratchName(r.ID, purpose)}, err
}

// ScratchServer leads to the server on which copies are made: the project's
// own, or the one that the settings name.
func ScratchServer(p *project.Project) (database.Config, error) {
	if p.Settings.ScratchDatabase == "" {
		return p.Config.Database(), nil
	}
	return p.Config.ScratchDatabase(p.Settings.ScratchDatabase)
}

// DropScratches drops every copy that this run may have made.
func (s *Site) DropScratches(ctx context.Context, p *project.Project, r *steps.Run) error {
	var all []error
	for _, purpose := range purposes {
		scratch, err := s.Scratch(p, r, purpose)
		if err == nil {
			err = connect.DropScratch(ctx, scratch)
		}
		all = append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		return fault.Wrap(err, "dropping the scratch databases of this run", "drop what begins with "+database.ScratchPrefix+" by hand")
	}
	dir, err := s.scratchDir(p, r)
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// DropLeft drops the copies that earlier runs on this project left on the
// server and beside the backups, as one does whose machine went down. This run
// holds the project's lock, so none of them goes on. Those of other projects,
// and of other machines, are not touched.
func (s *Site) DropLeft(ctx context.Context, p *project.Project, r *steps.Run) error {
	scratch, err := s.Scratch(p, r, purposes[0])
	if err != nil {
		return err
	}
	runs, err := steps.Runs(s.opts.Root)
	if err != nil {
		return err
	}
	if err := s.removeLeft(p, r, runs); err != nil {
		return err
	}
	names, err := connect.Scratches(ctx, scratch.Config)
	if err != nil || len(names) == 0 {
		return err
	}
	for _, name := range names {
		for _, run := range runs {
			if run.ID == r.ID || !database.ScratchOf(name, run.ID) {
				continue
			}
			r.Output("dropping " + name + ", which run " + run.ID + " left behind")
			if err := connect.DropScratch(ctx, connect.Scratch{Config: scratch.Config, Name: name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeLeft removes the scratch folders of earlier runs, each of which may
// hold a whole copy of the database.
func (s *Site) removeLeft(p *project.Project, r *steps.Run, runs []steps.Summary) error {
	folder, err := s.BackupFolder(p)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.ID == r.ID {
			continue
		}
		dir := filepath.Join(folder, scratchPrefix+run.ID)
		if err := Remove(r, "what run "+run.ID+" left in "+dir, dir); err != nil {
			return fault.Wrap(err, "removing what an earlier run left", "remove "+dir+" by hand")
		}
	}
	return nil
}
