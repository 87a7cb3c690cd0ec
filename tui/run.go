// Package tui is the terminal UI: it shows the events of a run, answers its
// gates, and never does work of its own. It knows no file, database, process
// or network; all of that is behind Options.
package tui

import (
	"context"
	"errors"
	"fmt"
	"os"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
)

// Engine is what the screens need of *steps.Engine.
type Engine interface {
	Subscribe() <-chan steps.Event
	Execute(context.Context) steps.Result
	Rollback(context.Context) steps.Result
	Answer(gate string, a steps.Answer) error
	Decline(gate string, err error) error
	Interrupt()
	Detach()
	Flow() steps.Flow
	Close() error
}

var _ Engine = (*steps.Engine)(nil)

// Home is what the first screen shows of a project.
type Home struct {
	Project, Root, Installed, Vendor, Database string
	ServerRunning                              bool
	// LastBackup says how old and how large the newest backup is; empty when
	// there is none.
	LastBackup string
	// Unfinished is the run that has to be dealt with first, or nil.
	Unfinished *steps.Summary
	// CanRollBack is the last finished upgrade that can be taken back, or nil.
	CanRollBack *steps.Summary
	// Recommended is the version to upgrade to; empty when there is none.
	Recommended string
	// Problem says why this is no project to work on; it is shown with its
	// hint, and nothing can be started.
	Problem error
}

// JobKind names what can be started.
type JobKind string

// The jobs.
const (
	JobUpgrade  JobKind = "upgrade"
	JobResume   JobKind = "resume"
	JobRollback JobKind = "rollback"
	JobBackup   JobKind = "backup"
	JobAbandon  JobKind = "abandon"
	JobRestore  JobKind = "restore"
	JobPromote  JobKind = "promote"
)

// Job is one thing to start. Run is the ID of the run that is gone on with,
// taken back or abandoned; empty for a new one. Backup is the folder of the
// backup that is put back. Base says, for a promotion, where the data model is
// that the project is to get, and Mode which differences count.
type Job struct {
	Kind   JobKind
	Run    string
	Backup string
	Base   string
	Mode   review.Mode
}

// Options is what the terminal UI works with.
type Options struct {
	// Load looks at the project for the home screen. It may take seconds; the
	// first frame does not wait for it.
	Load func(context.Context) (Home, error)
	// Start makes the engine for a job, and the function that runs it
	// (Execute, Rollback or Abandon). Run closes the engine. The context given
	// to Start ends with the screen; the one given to the function does not,
	// since a cutover outlives a closed terminal.
	Start func(context.Context, Job) (Engine, func(context.Context) steps.Result, error)
	// Backups looks after the project's backups. Without it no screen offers
	// them.
	Backups Backups
	// FindModel says what is wrong with a place from which a data model is to
	// be brought in. Without it no screen offers that.
	FindModel func(ctx context.Context, word string) error
	// First is started at once, without the home screen.
	First *Job
	// Accessible asks plain questions line by line instead of drawing screens.
	Accessible bool
	Version    string
}

// Run shows the terminal UI until the person leaves it or the terminal is
// gone, and waits for a run that may not be left alone. It returns the result
// of the last run, nil when there was none, for the caller to print. How a
// run ended is in its result; the error is about the terminal UI itself, or
// says why nothing could be started (Home.Problem, or the error of Start).
func Run(ctx context.Context, opts Options, teaOpts ...tea.ProgramOption) (*steps.Result, error) {
	if opts.Accessible {
		return runAccessible(ctx, opts, os.Stdin, os.Stdout)
	}
	ses := newSession(ctx, opts)
	app := newApp(ses, newCommon(glyphsFor(os.Getenv)))
	return ses.run(app, teaOpts...)
}

// run shows a model until it ends, and then waits for what must not be left.
func (s *session) run(model tea.Model, teaOpts ...tea.ProgramOption) (*steps.Result, error) {
	program := tea.NewProgram(model, append([]tea.ProgramOption{tea.WithoutSignalHandler()}, teaOpts...)...)
	s.attach(program.Send)
	stop := s.watch(program.Kill)
	defer stop()
	last, err := program.Run()
	result, crash := s.leave()
	switch {
	case crash != nil:
		return result, crash
	case result == nil && err == nil:
		if ended, ok := last.(interface{ problem() error }); ok {
			return nil, ended.problem()
		}
		return nil, nil
	case errors.Is(err, tea.ErrProgramKilled) && s.hungUp():
		return result, nil // the terminal is gone; the run went on to its end
	case err != nil:
		return result, fmt.Errorf("showing the terminal UI: %w", err)
	}
	return result, nil
}
