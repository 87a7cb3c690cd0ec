package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// stopGrace is how long a server may take to end after SIGTERM. Directus
// waits SERVER_SHUTDOWN_TIMEOUT, 1 s by default, for open requests.
const stopGrace = 20 * time.Second

// backAgain is how long it is watched whether a supervisor starts the server
// again.
const backAgain = 1500 * time.Millisecond

// newborn is how many processes may be born during a stop before something
// is taken to start the server again and again.
const newborn = 3

// Stop stops the server in the way in which it was found, and returns when no
// process of it is left, children included. A server that does not run is no
// error.
func (f *Found) Stop(ctx context.Context, r progress.Reporter) error {
	running, err := f.Running(ctx)
	if err != nil {
		return err
	}
	up := len(running) > 0
	if !up && len(f.StatusArgv) > 0 {
		if up, err = f.Up(ctx); err != nil {
			return err
		}
	}
	if !up {
		r.Output("no server runs")
		return nil
	}
	switch f.Kind {
	case Systemd:
		err = f.unitDo(ctx, "stop", r)
	case PM2:
		err = f.pm2Do(ctx, "stop", nil, r)
	case Command:
		err = f.stopCommand(ctx, r)
	case Process, None:
		err = end(ctx, running, r)
	}
	if err != nil {
		return err
	}
	if err := f.waitGone(ctx, running, r); err != nil {
		return err
	}
	return f.stayGone(ctx)
}

// end sends SIGTERM to all processes at once, parents first, so that no
// parent starts a child again, and SIGKILL to what is left after the grace.
func end(ctx context.Context, running []process.Info, r progress.Reporter) error {
	for _, p := range running {
		r.Output(fmt.Sprintf("stopping process %d (%s)", p.PID, programName(p)))
		if err := signal(p, syscall.SIGTERM); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(stopGrace)
	for time.Now().Before(deadline) {
		if !anyLeft(running) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, p := range running {
		if p.Same() {
			r.Output(fmt.Sprintf("process %d did not end in %s and is killed", p.PID, stopGrace))
			if err := signal(p, syscall.SIGKILL); err != nil {
				return err
			}
		}
	}
	return nil
}

func signal(p process.Info, s syscall.Signal) error {
	if !p.Same() {
		return nil
	}
	err := syscall.Kill(p.PID, s)
	if err == nil || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return fault.Wrap(err, fmt.Sprintf("process %d cannot be stopped", p.PID), "run bunnyhop as the user who started the server, or as root")
}

func anyLeft(processes []process.Info) bool {
	for _, p := range processes {
		if p.Same() {
			return true
		}
	}
	return false
}

// waitGone waits until nothing of the server is left, however it was told
// to stop.
func (f *Found) waitGone(ctx context.Context, before []process.Info, r progress.Reporter) error {
	deadline := time.Now().Add(stopGrace)
	known := map[int]bool{}
	for _, p := range before {
		known[p.PID] = true
	}
	for {
		running, err := f.Running(ctx)
		if err != nil {
			return err
		}
		for _, p := range running {
			known[p.PID] = true
		}
		if (f.Kind == Process || f.Kind == None) && len(known) > len(before)+newborn {
			return f.comesBack(running)
		}
		if len(running) == 0 && !anyLeft(before) {
			if up, err := f.Up(ctx); err != nil || !up {
				return err
			}
		}
		if time.Now().After(deadline) {
			if len(running) == 0 {
				return fault.New("the status command still says that the server runs", "look at the stop and status commands in bunnyhop.yaml")
			}
			if f.Kind == Process || f.Kind == None {
				return f.comesBack(running)
			}
			return fault.New(fmt.Sprintf("process %d is still there after the server was stopped", running[0].PID),
				"it may have been started beside the service; stop it by hand")
		}
		if f.Kind == Process || f.Kind == None {
			// A child that was born during the stop gets its signal now.
			for _, p := range running {
				if err := signal(p, syscall.SIGTERM); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stayGone watches a little while whether a supervisor starts the server
// again.
func (f *Found) stayGone(ctx context.Context) error {
	if f.Kind != Process || f.Supervisor == "" {
		return nil
	}
	for end := time.Now().Add(backAgain); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		running, err := f.Running(ctx)
		if err != nil {
			return err
		}
		if len(running) > 0 {
			return f.comesBack(running)
		}
	}
	return nil
}

func (f *Found) comesBack(running []process.Info) error {
	by := "something"
	if f.Supervisor != "" {
		by = f.Supervisor
	}
	return fault.New(fmt.Sprintf("%s starts the server again (process %d)", by, running[0].PID),
		"give the commands that really stop and start it as stop and start in bunnyhop.yaml")
}

// Up reports whether the server runs, by its processes and, where there is
// one, by the status command.
func (f *Found) Up(ctx context.Context) (bool, error) {
	running, err := f.Running(ctx)
	if err != nil || len(running) > 0 {
		return len(running) > 0, err
	}
	if len(f.StatusArgv) == 0 {
		return false, nil
	}
	err = f.run(ctx, f.StatusArgv, progress.Discard)
	var exit *process.ExitError
	if errors.As(err, &exit) && exit.Code >= 0 {
		return false, nil
	}
	return err == nil, err
}

func (f *Found) stopCommand(ctx context.Context, r progress.Reporter) error {
	if err := f.run(ctx, f.StopArgv, r); err != nil {
		return fault.Wrap(err, "the stop command in bunnyhop.yaml failed", "try it by hand in the project's folder")
	}
	return nil
}

// run runs a command of bunnyhop.yaml to its end, in the project's root.
func (f *Found) run(ctx context.Context, argv []string, r progress.Reporter) error {
	program, err := lookPath(os.Environ(), f.Root, argv[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	return process.Run(ctx, process.Spec{Path: program, Args: argv[1:], Dir: f.Root, Env: os.Environ(), Line: r.Output})
}
