package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/dustin/go-humanize"

	"bunnyhop/steps"
	"bunnyhop/steps/overview"
	"bunnyhop/steps/site"
	"bunnyhop/tui"
)

// screen opens the terminal UI, and prints the result of its last run to the
// normal terminal once it has closed. With first it starts that job at once.
func (a *app) screen(ctx context.Context, first *tui.Job, req request) error {
	options := tui.Options{
		Load: a.load,
		Start: func(ctx context.Context, j tui.Job) (tui.Engine, func(context.Context) steps.Result, error) {
			wanted, err := a.wanted(req, j)
			if err != nil {
				return nil, nil, err
			}
			started, err := a.start(ctx, wanted)
			if err != nil {
				return nil, nil, err
			}
			return started.engine, started.execute, nil
		},
		Backups: wizardBackups{a}, FindModel: a.findModel, First: first, Accessible: a.front(false) == frontAsk, Version: version(),
	}
	var program []tea.ProgramOption
	if a.flags.noColor {
		program = append(program, tea.WithColorProfile(colorprofile.Ascii))
	}
	result, err := a.show(ctx, options, program...)
	if result != nil {
		a.printResult(*result)
	}
	if err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	return resultExit(*result)
}

// show shows the terminal UI until it is left. What there is to warn of
// meanwhile is told afterwards, on the normal terminal.
func (a *app) show(ctx context.Context, options tui.Options, program ...tea.ProgramOption) (*steps.Result, error) {
	if warnings, ok := a.stderr.(*output); ok && !options.Accessible {
		defer warnings.hold()()
	}
	// The terminal UI has a signal handler of its own; the command's context
	// would end at the first signal of any kind.
	return tui.Run(context.WithoutCancel(ctx), options, program...)
}

// with is the request behind a job of the screens. What the command line asked
// for counts for the job it asked for only.
func (r request) with(j tui.Job) request {
	if j.Kind == r.kind && (j.Run == r.run || r.run == "") && j.Backup == r.backup {
		r.run = j.Run
		return r
	}
	return request{kind: j.Kind, run: j.Run, backup: j.Backup}
}

// load looks at the project for the home screen.
func (a *app) load(ctx context.Context) (tui.Home, error) {
	o, err := a.site()
	if err != nil {
		return tui.Home{}, err
	}
	seen, err := overview.Look(ctx, o)
	home := tui.Home{
		Project: seen.Project, Root: seen.Root, Installed: seen.Installed, Vendor: seen.Vendor, Database: seen.Database,
		ServerRunning: seen.Server.Running, Unfinished: seen.UnfinishedRun(), CanRollBack: seen.RunToRollBack(),
		Problem: err,
	}
	if ctx.Err() != nil {
		return home, ctx.Err()
	}
	if home.Problem == nil {
		home.Problem = seen.DatabaseError()
	}
	switch b := seen.LastBackup; {
	case b != nil:
		home.LastBackup = backupAge(*b, time.Now())
	case seen.BackupsFault != "": // that is not the same as none
		home.LastBackup = "not known: " + seen.BackupsFault
	}
	if open := home.Unfinished; open != nil && open.Touched {
		// A run that was killed half way may have left something that is hard
		// to recognise; what counts now is to go on or back.
		home.Problem = nil
		home.Project = orUnknown(home.Project, filepath.Base(seen.Root))
		return home, nil
	}
	if home.Problem == nil {
		home.Recommended = recommended(ctx, o)
	}
	return home, nil
}

func backupAge(b overview.Backup, now time.Time) string {
	proved := "not proved"
	if b.Verified {
		proved = "proved"
	}
	return fmt.Sprintf("%s, %s, %s", humanize.RelTime(b.Created, now, "ago", "from now"), bytesText(b.Bytes), proved)
}

// homeWait is how long the home screen waits for the registry at most. The
// upgrade itself asks again, and takes its time.
const homeWait = 5 * time.Second

// recommended is the version that an upgrade would suggest, or "" where the
// registry does not say in time.
func recommended(ctx context.Context, o site.Options) string {
	ctx, cancel := context.WithTimeout(ctx, homeWait)
	defer cancel()
	list, err := overview.Versions(ctx, o, false, false)
	if err != nil {
		return ""
	}
	for _, r := range list.Rows {
		if r.Recommended {
			return r.Version
		}
	}
	return ""
}
