package server

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/project"
)

// Find looks how the project's server runs now. The second result is the
// environment in which it runs, in the form of os.Environ, for reading the
// effective configuration and for starting the server again; nil when nothing
// runs. It holds secrets and is never to be written down.
//
// Commands in bunnyhop.yaml win over what is seen. A server of another user
// that may not be looked at, one in a container, and one of a pm2 whose program
// cannot be found are errors with a hint.
func Find(ctx context.Context, p *project.Project) (*Found, []string, error) {
	f := &Found{Kind: None, Root: p.Root, Dir: p.Root}
	t, err := look(p.Root)
	if err != nil {
		return nil, nil, err
	}
	config := p.Config
	if config == nil {
		config = peek(ctx, p, nil, "")
	}
	if config != nil {
		f.Port = config.Port()
	}
	servers, err := t.servers(f.Port)
	if err != nil {
		return nil, nil, err
	}
	var env []string
	if len(servers) > 0 {
		first := servers[0]
		if env, err = t.environment(first); err != nil {
			return nil, nil, err
		}
		f.Dir, f.Node = first.Dir, strings.TrimSuffix(first.Exe, " (deleted)")
		f.NodeVersion = nodeVersion(ctx, first)
		if p.Config == nil {
			if c := peek(ctx, p, env, f.Node); c != nil {
				config, f.Port = c, c.Port()
			}
		}
		f.PIDs = t.trees(servers)
		if cred, err := process.Credential(first.PID); err == nil {
			f.UID, f.GID, f.Groups = cred.Uid, cred.Gid, cred.Groups
		}
	}
	if config != nil && config.Format != project.NoFile {
		f.EnvFile = config.Path
	}
	if p.Settings.Start != nil {
		f.Kind, f.Argv, f.StopArgv, f.StatusArgv = Command, p.Settings.Start, p.Settings.Stop, p.Settings.Status
		return f, env, nil
	}
	if len(servers) == 0 {
		// Should this process, being root, start it, then as the project's owner.
		if owner, ok := t.info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
			f.UID, f.GID = owner.Uid, owner.Gid
		}
		return f, nil, nil
	}
	if god, ok := t.god(servers[0]); ok {
		env, err := f.findPM2(ctx, t, god, servers, env)
		return f, env, err
	}
	if f.findUnit(ctx, t, servers) {
		return f, env, nil
	}
	if process.InContainer(servers[0].PID) {
		return nil, nil, fault.Newf("the server (process %d) runs in a container", servers[0].PID).
			WithHint("give the commands that stop and start it as stop and start in bunnyhop.yaml")
	}
	f.Kind = Process
	var secrets []string
	if config != nil {
		secrets = config.Secrets()
	}
	f.Argv = t.restartArgv(servers[0], env, secrets)
	f.Supervisor = t.supervisor(t.top(servers[0]))
	return f, env, nil
}

// peek reads the configuration without keeping it; nil when it cannot be
// read, which LoadConfig will report.
func peek(ctx context.Context, p *project.Project, env []string, node string) *project.Config {
	copied := *p
	if copied.LoadConfig(ctx, env, node) != nil {
		return nil
	}
	return copied.Config
}

// environment is that of the server, with what a package runner put in taken
// back out, so that starting the runner again does not pile it up.
func (t *table) environment(server process.Info) ([]string, error) {
	env, err := process.Environ(server.PID)
	if err != nil {
		return nil, err
	}
	top := t.top(server)
	if runnerOf(top) == "" {
		return env, nil
	}
	topEnv, err := process.Environ(top.PID)
	if errors.Is(err, process.ErrGone) {
		return env, nil
	}
	if err != nil {
		return nil, err
	}
	byRunner := func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		return strings.HasPrefix(key, "npm_") || slices.Contains([]string{"INIT_CWD", "NODE", "PATH", "COLOR", "EDITOR"}, key)
	}
	merged := slices.DeleteFunc(slices.Clone(env), byRunner)
	for _, pair := range topEnv {
		if byRunner(pair) {
			merged = append(merged, pair)
		}
	}
	return merged, nil
}

// nodeVersion asks the running Node's own program file.
func nodeVersion(ctx context.Context, p process.Info) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	version := ""
	err := process.Run(ctx, process.Spec{
		Path: strings.TrimSuffix(p.Exe, " (deleted)"), Args: []string{"--version"}, Dir: "/", Env: []string{"PATH=/usr/bin:/bin"},
		Line: func(line string) { version = strings.TrimPrefix(strings.TrimSpace(line), "v") },
	})
	if err != nil {
		return ""
	}
	return version
}

// supervisor names the parent of a tree when it may start the tree again.
func (t *table) supervisor(top process.Info) string {
	parent, ok := t.byPID[top.Parent]
	if !ok || parent.PID <= 1 || t.self[parent.PID] {
		return ""
	}
	switch name := programName(parent); name {
	case "systemd", "sshd", "sshd:", "tmux", "tmux:", "screen", "SCREEN", "login", "su", "sudo":
		return ""
	default:
		if slices.Contains(shells, strings.TrimPrefix(name, "-")) {
			// A person's shell does not; a script might.
			if argv, _ := words(parent); len(argv) < 2 {
				return ""
			}
		}
		return name
	}
}

// Running looks again and returns every process of the server that runs now:
// parents, workers, and what is left of those that Find saw.
func (f *Found) Running(context.Context) ([]process.Info, error) {
	t, err := look(f.Root)
	if err != nil {
		return nil, err
	}
	servers, err := t.servers(f.Port)
	if err != nil {
		return nil, err
	}
	running := map[int]process.Info{}
	for _, p := range t.trees(servers) {
		running[p.PID] = p
	}
	for _, p := range f.PIDs {
		if now, ok := t.byPID[p.PID]; ok && now.Start == p.Start {
			running[p.PID] = now
		}
	}
	return slices.SortedFunc(maps.Values(running), func(a, b process.Info) int { return a.PID - b.PID }), nil
}

// envOr returns env, or this process's own when it is nil.
func envOr(env []string) []string {
	if env == nil {
		return os.Environ()
	}
	return env
}
