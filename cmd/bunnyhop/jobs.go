package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/change/report"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/model"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/rollback"
	"bunnyhop/steps/site"
	"bunnyhop/steps/upgrade"
	"bunnyhop/tui"
)

// The flows, by the ids that their journals carry.
const (
	flowUpgrade  = "upgrade"
	flowDryRun   = "dry-run"
	flowBackup   = "backup"
	flowRestore  = "restore"
	flowRollback = "rollback"
	flowPromote  = "promote"
)

// request is what a command asks for.
type request struct {
	kind  tui.JobKind
	run   string // the run to go on with, to take back or to give up
	to    string
	young bool // a release may be young
	// schema is where the data model is that an upgrade brings in; nil: none.
	schema  *model.Source
	dryRun  bool
	without []string
	backup  string
	parts   []string
	// promotion is what is brought where.
	promotion *overview.Promotion
	// report is the file that the review is written into; empty: none.
	report string
	// identity is the file with the private key that opens the backup.
	identity string
}

func (r request) job() *tui.Job { return &tui.Job{Kind: r.kind, Run: r.run, Backup: r.backup} }

// job is a started engine and what runs it to its end.
type job struct {
	engine *steps.Engine
	run    func(context.Context) steps.Result
	close  func()
}

// execute runs the job and gives the project's lock up.
func (j *job) execute(ctx context.Context) steps.Result {
	defer j.close()
	return j.run(ctx)
}

func (a *app) job(engine *steps.Engine, run func(context.Context) steps.Result) *job {
	return &job{engine: engine, run: run, close: func() {
		if err := engine.Close(); err != nil {
			a.warnln("bunnyhop: giving the project's lock up: " + a.clean(err.Error()))
		}
	}}
}

// flow builds a flow as a run was started.
func flow(id string, o site.Options, with overview.Started) (steps.Flow, error) {
	return flowOpening(id, o, with, "")
}

// flowOpening is flow with the private key that the command line named. A run
// that is resumed knows it by itself.
func flowOpening(id string, o site.Options, with overview.Started, identity string) (steps.Flow, error) {
	if o.SettingsFile == "" {
		o.SettingsFile = with.Settings
	}
	switch id {
	case flowUpgrade:
		return prune.After(o, upgrade.Flow(o, upgrade.Options{To: with.To, AllowYoung: with.Young, Schema: with.Schema})), nil
	case flowDryRun: // takes nothing
		return dryRun(upgrade.Flow(o, upgrade.Options{To: with.To, AllowYoung: true, Schema: with.Schema})), nil
	case flowBackup:
		return prune.After(o, backup.Flow(o, backup.Options{Without: with.Without})), nil
	case flowRestore:
		put := restore.Flow(o, restore.Options{Backup: with.Backup, Parts: with.Parts})
		return backup.FetchFirst(o, put, with.Backup, identity), nil
	case flowPromote:
		return promoting(o, with.Promotion)
	case flowRollback:
		return rollback.Flow(o, rollback.Options{Run: with.Run}), nil
	}
	return steps.Flow{}, fault.Newf("this bunnyhop does not know the flow %q", id).
		WithHint("use the version of bunnyhop that began the run").WithCode(fault.NeedsPerson)
}

func promoting(o site.Options, p *overview.Promotion) (steps.Flow, error) {
	if p == nil {
		return steps.Flow{}, fault.New("the promotion does not say what is brought where", "begin a new one").WithCode(fault.Usage)
	}
	return promote.Flow(o, promote.Options{Base: p.Base, Target: p.Target, Mode: p.Mode}), nil
}

// dryRun is an upgrade without everything that follows from decisions: the same
// steps and the same code, up to and with the review.
func dryRun(f steps.Flow) steps.Flow {
	f.ID, f.Title = flowDryRun, "Dry run of an upgrade"
	end := slices.IndexFunc(f.Steps, func(s steps.Step) bool { return s.ID == "review" })
	f.Steps = f.Steps[:end+1]
	return f
}

// start makes the engine for a request. Every front end starts its runs here.
func (a *app) start(ctx context.Context, req request) (*job, error) {
	if req.report != "" {
		if err := report.Check(req.report); err != nil {
			return nil, err
		}
	}
	j, err := a.open(ctx, req)
	if err != nil || req.report == "" {
		return j, err
	}
	run := j.run
	j.run = func(ctx context.Context) steps.Result {
		result := run(ctx)
		a.writeReport(req.report, j.engine.Run())
		return result
	}
	return j, nil
}

func (a *app) open(ctx context.Context, req request) (*job, error) {
	o, err := a.site()
	if err != nil {
		return nil, err
	}
	with := overview.Started{
		To: req.to, Young: req.young, Schema: req.schema, Without: req.without, Backup: req.backup, Parts: req.parts, Settings: o.SettingsFile,
	}
	switch req.kind {
	case tui.JobUpgrade:
		if req.dryRun {
			return a.begin(ctx, o, flowDryRun, with, "")
		}
		return a.begin(ctx, o, flowUpgrade, with, "")
	case tui.JobBackup:
		return a.begin(ctx, o, flowBackup, with, "")
	case tui.JobRestore:
		identity, err := absoluteFile(req.identity)
		if err != nil {
			return nil, err
		}
		return a.begin(ctx, o, flowRestore, with, identity)
	case tui.JobPromote:
		with.Promotion = req.promotion
		return a.begin(ctx, o, flowPromote, with, "")
	case tui.JobResume:
		return a.resume(o, req.run)
	case tui.JobRollback:
		return a.rollback(ctx, o, req.run)
	case tui.JobAbandon:
		return a.abandon(o, req.run)
	}
	return nil, fmt.Errorf("there is no job %q", req.kind)
}

// begin starts a new run. One that was left before it changed anything is
// given up first, so that its leftovers are cleaned.
func (a *app) begin(ctx context.Context, o site.Options, id string, with overview.Started, identity string) (*job, error) {
	open, err := steps.Unfinished(o.Root)
	if err != nil {
		return nil, err
	}
	local := with.Promotion == nil || with.Promotion.Target.Kind == model.Project
	if local && (open == nil || !open.Touched) {
		// A folder that is no project gets no run.
		if _, err := project.Detect(o.Root); err != nil {
			return nil, err
		}
	}
	if open != nil && !open.Touched {
		if err := a.giveUp(ctx, o, *open); err != nil {
			return nil, err
		}
	}
	f, err := flowOpening(id, o, with, identity)
	if err != nil {
		return nil, err
	}
	engine, err := steps.Start(f, o.Root)
	if err != nil {
		return nil, err
	}
	if err := overview.StartedWith.Set(engine.Run(), with); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return a.job(engine, engine.Execute), nil
}

// absoluteFile makes a path hold for a run that is resumed from elsewhere.
func absoluteFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

func (a *app) giveUp(ctx context.Context, o site.Options, open steps.Summary) error {
	engine, err := reopen(o, open)
	if err != nil {
		return err
	}
	_, err = engine.Abandon(ctx)
	return errors.Join(err, engine.Close())
}

// reopen makes the engine of an unfinished run.
func reopen(o site.Options, s steps.Summary) (*steps.Engine, error) {
	if s.Damaged != "" {
		return nil, fault.New(s.Damaged, "the lines before it are intact; `bunnyhop restore` puts a backup back").WithCode(fault.NeedsPerson)
	}
	with, _ := overview.StartedWith.Find(s.Lines())
	f, err := flow(s.Flow, o, with)
	if err != nil {
		return nil, err
	}
	return steps.Resume(f, s)
}

func (a *app) resume(o site.Options, id string) (*job, error) {
	open, err := unfinished(o, id)
	if err != nil {
		return nil, err
	}
	if open == nil {
		return nil, fault.New("there is no unfinished run of this project", "`bunnyhop runs` lists what was done, `bunnyhop upgrade` begins anew")
	}
	engine, err := reopen(o, *open)
	if err != nil {
		return nil, err
	}
	return a.job(engine, engine.Execute), nil
}

// rollback takes back an unfinished run that has begun to change the project,
// or else the newest finished upgrade.
func (a *app) rollback(ctx context.Context, o site.Options, id string) (*job, error) {
	all, err := steps.Runs(o.Root)
	if err != nil {
		return nil, err
	}
	open, err := steps.Unfinished(o.Root)
	if err != nil {
		return nil, err
	}
	if open != nil && open.Touched && (id == "" || matches(open.ID, id)) {
		engine, err := reopen(o, *open)
		if err != nil {
			return nil, err
		}
		return a.job(engine, func(ctx context.Context) steps.Result { return askedFor(engine.Rollback(ctx)) }), nil
	}
	candidate := rollback.Candidate(all)
	switch {
	case candidate == nil && id == "":
		return nil, fault.New("there is no upgrade to take back",
			"`bunnyhop runs` lists what was done, `bunnyhop restore` puts a backup back")
	case id != "" && (candidate == nil || !matches(candidate.ID, id)):
		return nil, notTheNewest(all, candidate, id)
	}
	return a.begin(ctx, o, flowRollback, overview.Started{Run: candidate.ID, Settings: o.SettingsFile}, "")
}

// askedFor turns the end of a rollback that was asked for into a success: the
// engine knows a rolled back run only as one that failed.
func askedFor(r steps.Result) steps.Result {
	if r.Status == steps.RolledBack {
		r.Code, r.Error, r.Hint = fault.Done, "", ""
	}
	return r
}

func notTheNewest(all []steps.Summary, candidate *steps.Summary, id string) error {
	named, err := findRun(all, id)
	if err != nil {
		return err
	}
	failure := fault.Newf("run %s cannot be taken back: it is a %s that is %s", named.ID, named.Flow, named.Status)
	if named.Flow == flowUpgrade && named.Status == steps.Done {
		failure = fault.Newf("run %s cannot be taken back: later runs changed the project, or took it back already", named.ID)
	}
	if candidate != nil {
		return failure.WithHint("the run that can be taken back is %s", candidate.ID)
	}
	return failure.WithHint("`bunnyhop restore` puts a backup back")
}

func (a *app) abandon(o site.Options, id string) (*job, error) {
	open, err := unfinished(o, id)
	if err != nil {
		return nil, err
	}
	if open == nil {
		return nil, fault.New("there is no unfinished run of this project", "")
	}
	engine, err := reopen(o, *open)
	if err != nil {
		return nil, err
	}
	return a.job(engine, func(ctx context.Context) steps.Result {
		result, err := engine.Abandon(ctx)
		if err != nil {
			return steps.Result{
				Run: open.ID, Flow: open.Flow, Project: open.Root, Status: steps.NeedsPerson,
				Error: err.Error(), Hint: fault.HintOf(err), Code: fault.NeedsPerson,
			}
		}
		return result
	}), nil
}

// unfinished is the unfinished run, which has to be the one that was named.
func unfinished(o site.Options, id string) (*steps.Summary, error) {
	open, err := steps.Unfinished(o.Root)
	if err != nil || open == nil || id == "" || matches(open.ID, id) {
		return open, err
	}
	return nil, fault.Newf("run %s is not the unfinished one", id).WithHint("the unfinished run is %s", open.ID).WithCode(fault.Usage)
}

// matches reports whether a person's word for a run means this one: its ID,
// or the beginning or end of it.
func matches(id, word string) bool {
	return word != "" && (strings.HasPrefix(id, word) || strings.HasSuffix(id, word))
}

// findRun finds the one run that a word means.
func findRun(all []steps.Summary, word string) (steps.Summary, error) {
	var found []steps.Summary
	for _, s := range all {
		if s.ID == word {
			return s, nil
		}
		if matches(s.ID, word) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return steps.Summary{}, fault.Newf("there is no run %q of this project", word).
			WithHint("`bunnyhop runs` lists them").WithCode(fault.Usage)
	}
	return steps.Summary{}, fault.Newf("%q means %d runs", word, len(found)).
		WithHint("name one in full; `bunnyhop runs` lists them").WithCode(fault.Usage)
}
