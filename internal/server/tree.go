package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/process"
)

// notLaunchers are programs that run many things besides a server, or change
// the user; they are never stopped with it.
var notLaunchers = []string{
	"systemd", "init", "tmux", "tmux:", "screen", "SCREEN", "sshd", "sshd:", "login", "su", "sudo", "runuser", "setpriv",
	"supervisord", "s6-supervise", "runsv", "containerd-shim", "dockerd", "cron", "crond", "CRON", "code", "tini", "dumb-init",
}

var packageRunners = []string{"npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg", "corepack"}

var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"}

// top climbs from a server to the topmost process that was started only for
// it: npx → sh → node gives npx.
func (t *table) top(server process.Info) process.Info {
	top := server
	for {
		parent, ok := t.byPID[top.Parent]
		if !ok || parent.PID <= 1 || t.self[parent.PID] || !t.launches(parent, top) {
			return top
		}
		top = parent
	}
}

// launches reports whether a parent lives only to run the child.
func (t *table) launches(parent, child process.Info) bool {
	if !t.inRoot(parent) || isGod(parent) {
		return false
	}
	argv, _ := words(parent)
	if len(argv) == 0 {
		return false
	}
	name := strings.TrimPrefix(filepath.Base(argv[0]), "-")
	switch {
	case slices.Contains(notLaunchers, name):
		return false
	case runnerOf(parent) != "":
		return true
	case slices.Contains(shells, name):
		return t.shellLaunches(parent, argv)
	}
	// A wrapper such as `dotenv -- directus start` names what it runs.
	return slices.Contains(argv, "start") &&
		slices.ContainsFunc(argv[1:], func(w string) bool { return strings.Contains(filepath.Base(w), "directus") })
}

// shellLaunches accepts a shell that runs one command or a script, and never
// one at which a person sits.
func (t *table) shellLaunches(shell process.Info, argv []string) bool {
	if len(argv) < 2 || len(t.children[shell.PID]) != 1 {
		return false
	}
	if argv[1] == "-c" || argv[1] == "-ec" {
		if parent, ok := t.byPID[shell.Parent]; ok && runnerOf(parent) != "" && t.inRoot(parent) {
			return true
		}
		return len(argv) > 2 && !strings.ContainsAny(argv[2], ";&|\n(")
	}
	// A subshell that a script forks, as in (cd blog && node … &), shows the
	// script's own words: running those again would run the whole script.
	if parent, ok := t.byPID[shell.Parent]; ok && slices.Equal(parent.Command, shell.Command) {
		return false
	}
	return t.ownScript(shell, argv[1])
}

// ownScript reports whether a shell runs a script file of the project. Others,
// such as a deployment's script or one that comes through a pipe, may do far
// more than start the server.
func (t *table) ownScript(shell process.Info, path string) bool {
	if strings.HasPrefix(path, "-") {
		return false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(shell.Dir, path)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(t.root, real)
	return err == nil && filepath.IsLocal(rel)
}

// runnerOf names the package runner that a process is, or "".
func runnerOf(p process.Info) string {
	argv, _ := words(p)
	if len(argv) == 0 {
		return ""
	}
	if name := filepath.Base(argv[0]); slices.Contains(packageRunners, name) {
		return name
	}
	if !isNode(p) {
		return ""
	}
	path, _, _ := script(p)
	name := filepath.Base(path)
	for _, suffix := range []string{".js", ".cjs", ".mjs"} {
		name = strings.TrimSuffix(name, suffix)
	}
	name = strings.TrimSuffix(name, "-cli")
	if base, _, ok := strings.Cut(name, "-"); ok && base == "yarn" { // .yarn/releases/yarn-4.1.0.cjs
		name = base
	}
	if slices.Contains(packageRunners, name) {
		return name
	}
	return ""
}

// tree returns a process and everything below it, parents first.
func (t *table) tree(top process.Info) []process.Info {
	all := []process.Info{top}
	for i := 0; i < len(all); i++ {
		for _, pid := range t.children[all[i].PID] {
			if !t.self[pid] {
				all = append(all, t.byPID[pid])
			}
		}
	}
	return all
}

// trees returns the trees of several servers, none twice.
func (t *table) trees(servers []process.Info) []process.Info {
	var all []process.Info
	seen := map[int]bool{}
	for _, server := range servers {
		for _, p := range t.tree(t.top(server)) {
			if !seen[p.PID] {
				seen[p.PID] = true
				all = append(all, p)
			}
		}
	}
	return all
}

// restartArgv returns the command that starts the server's tree again: that
// of its topmost process whose command line is whole and holds no secret.
func (t *table) restartArgv(server process.Info, env []string, secrets []string) []string {
	var chain []process.Info // server first
	for p, top := server, t.top(server); ; p = t.byPID[p.Parent] {
		chain = append(chain, p)
		if p.PID == top.PID {
			break
		}
	}
	for _, p := range slices.Backward(chain) {
		argv, _ := words(p)
		if runner := runnerOf(p); runner != "" && len(argv) == 1 {
			// Its title has lost the arguments; the script's name is in the
			// environment of what it runs.
			event := lookup(env, "npm_lifecycle_event")
			if event == "" || event == "npx" {
				continue
			}
			argv = []string{runner, "run", event}
		}
		if p.PID == server.PID && !slices.Contains(argv, "start") && !strings.HasSuffix(argv[len(argv)-1], "start.js") && isServer(p) {
			argv = append(slices.Clone(argv), "start")
		}
		joined := strings.Join(argv, "\x00")
		if !slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(joined, s) }) {
			return slices.Clone(argv)
		}
	}
	return nil
}

// lookup returns the last value of a variable in an environment, as exec uses
// it.
func lookup(env []string, key string) string {
	for _, pair := range slices.Backward(env) {
		if k, v, ok := strings.Cut(pair, "="); ok && k == key {
			return v
		}
	}
	return ""
}
