// Package overview looks at a project without changing it and without a run:
// what the status command, the version list and the first screen show.
package overview

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/lock"
	"bunnyhop/internal/project"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
)

// Overview is how a project stands.
type Overview struct {
	Project   string `json:"project"`
	Root      string `json:"root"`
	Manager   string `json:"manager"`   // "npm", "pnpm", "yarn", "yarn-berry"
	Declared  string `json:"declared"`  // range in package.json
	Installed string `json:"installed"` // version in node_modules; empty when not installed
	// Running is the version of the server that runs; empty when none does, or
	// when what runs is not the installed code.
	Running       string `json:"running"`
	Vendor        string `json:"vendor"` // "SQLite"
	ServerVersion string `json:"server_version"`
	Database      string `json:"database"` // a file, or host/name
	DatabaseBytes int64  `json:"database_bytes"`
	Server        Server `json:"server"`
	// Node is the version of the Node that runs the server now.
	Node          string  `json:"node"`
	BackupFolder  string  `json:"backup_folder"`
	LastBackup    *Backup `json:"last_backup"`
	Unfinished    *Run    `json:"unfinished"`
	CanRollBack   *Run    `json:"can_roll_back"`
	Busy          *Owner  `json:"busy"` // who works on the project right now
	DatabaseFault string  `json:"database_problem,omitempty"`
	ServerFault   string  `json:"server_problem,omitempty"`
	BackupsFault  string  `json:"backups_problem,omitempty"`
	// HalfDone are the migrations that stopped half-way; none in a whole database.
	HalfDone      []advisory.HalfDoneMigration `json:"half_done,omitempty"`
	unfinished    *steps.Summary
	canRollBack   *steps.Summary
	databaseError error
}

// Server is how the server process is run.
type Server struct {
	Kind        string `json:"kind"` // command, systemd, pm2, process, none
	Description string `json:"description"`
	Running     bool   `json:"running"`
}

// Backup is the newest whole backup.
type Backup struct {
	ID       string    `json:"id"`
	Dir      string    `json:"dir"`
	Created  time.Time `json:"created"`
	Bytes    int64     `json:"bytes"`
	Directus string    `json:"directus"`
	Verified bool      `json:"verified"`
}

// Run is a run in a few words.
type Run struct {
	ID      string       `json:"run"`
	Flow    string       `json:"flow"`
	Status  steps.Status `json:"status"`
	Step    string       `json:"step"`
	Started time.Time    `json:"started"`
	From    string       `json:"from"`
	To      string       `json:"to"`
	Touched bool         `json:"touched"` // it has begun to change the project
}

// Owner is a live process that holds the project's lock.
type Owner struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	Run   string    `json:"run"`
}

// UnfinishedRun is the run behind Unfinished, or nil.
func (o Overview) UnfinishedRun() *steps.Summary { return o.unfinished }

// RunToRollBack is the run behind CanRollBack, or nil.
func (o Overview) RunToRollBack() *steps.Summary { return o.canRollBack }

// DatabaseError is the error behind DatabaseFault, with its hint.
func (o Overview) DatabaseError() error { return o.databaseError }

// Look reads how a project stands. What keeps one look from being taken, such
// as a database that does not answer, stands in the fields that end in Fault;
// the error is for what makes it no project to work on, and comes with what
// was seen until then. The runs are read in any case: a run that was killed may have left a project that is hard to
// recognise.
func Look(ctx context.Context, o site.Options) (Overview, error) {
	seen := Overview{Root: o.Root}
	if err := seen.runs(o.Root); err != nil {
		return seen, err
	}
	place := site.New(o)
	p, found, err := place.Look(ctx)
	if p != nil {
		seen.project(p)
		seen.backups(place, p)
	}
	if err != nil {
		return seen, err
	}
	if found != nil {
		running, err := found.Running(ctx)
		if err != nil {
			seen.ServerFault = err.Error()
		}
		seen.Server = Server{Kind: string(found.Kind), Description: site.Describe(found), Running: len(running) > 0}
		seen.Node = found.NodeVersion
		if site.RunsInstalledCode(p, running) {
			seen.Running = p.Installed
		}
	}
	if p.Config != nil {
		if err := seen.database(ctx, place, p); err != nil {
			if ctx.Err() != nil {
				return seen, ctx.Err()
			}
			seen.DatabaseFault, seen.databaseError = err.Error(), err
		}
	}
	return seen, nil
}

func (o *Overview) project(p *project.Project) {
	o.Project, o.Root, o.Manager = p.Name, p.Root, string(p.Manager)
	o.Declared, o.Installed = p.Declared, p.Installed
}

func (o *Overview) database(ctx context.Context, place *site.Site, p *project.Project) error {
	config := p.Config.Database()
	if vendor, known := config.Vendor(); known {
		o.Vendor = site.VendorTitle(vendor, "")
	}
	o.Database = config.Place()
	db, err := place.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	identity, err := db.Identity(ctx)
	if err != nil {
		return err
	}
	o.ServerVersion, o.Vendor = identity.ServerVersion, site.VendorTitle(db.Vendor(), identity.ServerVersion)
	if o.DatabaseBytes, err = db.Size(ctx); err != nil {
		return err
	}
	if err := site.IsDirectus(ctx, db); err != nil {
		return err
	}
	o.HalfDone, err = halfDone(ctx, place, p, db)
	return err
}

// halfDone looks for migrations that stopped half-way.
func halfDone(ctx context.Context, place *site.Site, p *project.Project, db database.Database) ([]advisory.HalfDoneMigration, error) {
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return nil, err
	}
	half, err := site.HalfDone(ctx, db, recorded, nil)
	if err != nil || len(half) == 0 {
		return half, err
	}
	// Which backup leads back is only of use now; that its folder cannot be
	// read, BackupsFault says.
	if backups, err := place.Backups(p); err == nil {
		return site.HalfDone(ctx, db, recorded, backups)
	}
	return half, nil
}

// backups finds the newest whole backup.
func (o *Overview) backups(place *site.Site, p *project.Project) {
	folder, err := place.BackupFolder(p)
	if err != nil {
		o.BackupsFault = err.Error()
		return
	}
	o.BackupFolder = folder
	all, err := Backups(folder)
	if err != nil {
		o.BackupsFault = err.Error()
		return
	}
	for _, m := range all {
		if m.Partial || m.Damaged != nil || m.Kind != backup.Full {
			continue
		}
		if o.LastBackup == nil || m.Created.After(o.LastBackup.Created) {
			o.LastBackup = &Backup{
				ID: m.ID, Dir: m.Dir, Created: m.Created, Bytes: m.Bytes(), Directus: m.Directus, Verified: m.Verified != nil,
			}
		}
	}
}

// Backups lists the backups in a folder that may not exist yet.
func Backups(folder string) ([]*backup.Manifest, error) {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return backup.List(folder)
}

func (o *Overview) runs(root string) error {
	open, err := steps.Unfinished(root)
	if err != nil {
		return err
	}
	all, err := steps.Runs(root)
	if err != nil {
		return err
	}
	o.unfinished, o.canRollBack = open, rollback.Candidate(all)
	if o.canRollBack != nil {
		kept, err := rollback.Kept(o.canRollBack)
		if err != nil {
			return err
		}
		if !kept {
			o.canRollBack = nil
		}
	}
	o.Unfinished, o.CanRollBack = brief(o.unfinished), brief(o.canRollBack)
	dir, err := state.ProjectDir(root)
	if err != nil {
		return err
	}
	owner, err := lock.Holder(dir)
	if err == nil && owner != nil {
		o.Busy = &Owner{Host: owner.Host, PID: owner.PID, Since: owner.Since, Run: owner.Run}
	}
	return err
}

func brief(s *steps.Summary) *Run {
	if s == nil {
		return nil
	}
	run := &Run{ID: s.ID, Flow: s.Flow, Status: s.Status, Step: s.Step, Started: s.Started, Touched: s.Touched}
	if target, ok := facts.Chosen.Find(s.Lines()); ok {
		run.From, run.To = target.From, target.To
	} else if with, ok := StartedWith.Find(s.Lines()); ok {
		run.To = with.To
	}
	return run
}
