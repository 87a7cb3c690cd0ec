package server

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
)

// StartOptions says how to start a server again.
type StartOptions struct {
	// NodeDir is the folder of a Node program, put first in PATH; "" starts
	// with the Node as found. See Found.NodeNote for servers that choose their
	// own.
	NodeDir string
	// Env is the environment that Find returned; nil is this process's own.
	Env []string
	// LogFile takes the output of a server of the kinds Process, None and
	// Command; it is made with mode 0600. "" drops the output.
	LogFile string
	// SelfCommand is the command for a server that did not run before; nil is
	// node_modules/directus/cli.js start, with the node on PATH.
	SelfCommand []string
}

// commandTime is how long a start command of bunnyhop.yaml may run without a
// server to be seen.
const commandTime = 2 * time.Minute

// Start starts the server in the way in which it was found. It does not wait
// until the server answers; see Ping. A server that runs already is left
// alone. The result is the started process, or, where something else started
// it, the first process seen, which may be the zero one.
func (f *Found) Start(ctx context.Context, o StartOptions, r progress.Reporter) (process.Info, error) {
	running, err := f.Running(ctx)
	if err != nil {
		return process.Info{}, err
	}
	if len(running) > 0 {
		r.Output(fmt.Sprintf("the server runs already (process %d)", running[0].PID))
		return running[0], nil
	}
	env := withNode(envOr(o.Env), o.NodeDir)
	switch f.Kind {
	case Systemd:
		if err := f.unitDo(ctx, "start", r); err != nil {
			return process.Info{}, err
		}
		return f.first(ctx)
	case PM2:
		var update []string
		if o.Env != nil || o.NodeDir != "" {
			update = env
		}
		if err := f.pm2Do(ctx, "restart", update, r); err != nil {
			return process.Info{}, err
		}
		return f.first(ctx)
	case Command:
		return f.startCommand(ctx, env, o.LogFile, r)
	case Process, None:
	}
	argv := f.Argv
	if f.Kind == None {
		if argv = o.SelfCommand; argv == nil {
			argv = []string{"node", project.CLI, "start"}
		}
	}
	if len(argv) == 0 {
		return process.Info{}, fault.New("the command that started the server could not be read",
			"start the server by hand, or give stop and start commands in bunnyhop.yaml")
	}
	if o.NodeDir != "" && filepath.IsAbs(argv[0]) && filepath.Base(argv[0]) == "node" {
		argv = append([]string{filepath.Join(o.NodeDir, "node")}, argv[1:]...)
	}
	info, _, err := detached(argv, f.Dir, env, o.LogFile, f.credential())
	if err == nil {
		r.Output(fmt.Sprintf("started %s as process %d", filepath.Base(argv[0]), info.PID))
	}
	return info, err
}

func (f *Found) first(ctx context.Context) (process.Info, error) {
	running, err := f.Running(ctx)
	if err != nil || len(running) == 0 {
		return process.Info{}, err
	}
	return running[0], nil
}

// startCommand runs the start command until it has ended, as `systemctl
// start` does, or a server is there, as with a command that is the server.
func (f *Found) startCommand(ctx context.Context, env []string, logFile string, r progress.Reporter) (process.Info, error) {
	info, ended, err := detached(f.Argv, f.Root, env, logFile, nil)
	if err != nil {
		return process.Info{}, err
	}
	timeout := time.After(commandTime)
	for {
		select {
		case err := <-ended:
			if err != nil {
				return process.Info{}, died(fault.Wrap(err, "the start command in bunnyhop.yaml failed", ""), logFile)
			}
			r.Output("the start command has ended")
			return f.first(ctx)
		case <-ctx.Done():
			return info, ctx.Err()
		case <-timeout:
			return info, fault.New(fmt.Sprintf("the start command in bunnyhop.yaml runs for %s, and no server is to be seen", commandTime), "")
		case <-time.After(200 * time.Millisecond):
		}
		up, err := f.Up(ctx)
		if err != nil {
			return info, err
		}
		if first, err := f.first(ctx); err != nil || up {
			if first.PID == 0 {
				first = info
			}
			return first, err
		}
	}
}
