package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// table is one look at all processes.
type table struct {
	root     string
	info     os.FileInfo // of root
	byPID    map[int]process.Info
	children map[int][]int
	self     map[int]bool // this process and its ancestors
}

// look reads the process table for a project root.
func look(root string) (*table, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, fault.Wrap(err, "the project's folder cannot be read", "")
	}
	all, err := process.All()
	if err != nil {
		return nil, err
	}
	t := &table{root: root, info: info, byPID: map[int]process.Info{}, children: map[int][]int{}, self: map[int]bool{}}
	for _, p := range all {
		t.byPID[p.PID] = p
		t.children[p.Parent] = append(t.children[p.Parent], p.PID)
	}
	for pid := os.Getpid(); pid > 0 && !t.self[pid]; pid = t.byPID[pid].Parent {
		t.self[pid] = true
	}
	return t, nil
}

// inRoot reports whether a process works in the project's root.
func (t *table) inRoot(p process.Info) bool {
	in, err := process.InDir(p.PID, t.info)
	return err == nil && in
}

// words is the command line of a process, split. A process that set its own
// title (npm, pm2) shows it as one text.
func words(p process.Info) (argv []string, titled bool) {
	if len(p.Command) == 1 && strings.Contains(p.Command[0], " ") {
		return strings.Fields(p.Command[0]), true
	}
	return p.Command, false
}

func isNode(p process.Info) bool {
	name := filepath.Base(strings.TrimSuffix(p.Exe, " (deleted)"))
	if p.Exe == "" && len(p.Command) > 0 {
		name = filepath.Base(p.Command[0])
	}
	return strings.HasPrefix(name, "node") || name == "bun"
}

// valueFlags are flags of Node whose value is the next word.
var valueFlags = []string{"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"}

// script returns the script that a Node process runs, absolute, and the words
// after it.
func script(p process.Info) (path string, rest []string, titled bool) {
	argv, titled := words(p)
	for i := 1; i < len(argv); i++ {
		if slices.Contains(valueFlags, argv[i]) {
			i++
			continue
		}
		if strings.HasPrefix(argv[i], "-") {
			continue
		}
		path = argv[i]
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.Dir, path)
		}
		return path, argv[i+1:], titled
	}
	return "", nil, titled
}

// isServer reports whether a process is a Directus server, of whatever
// project: `directus start` in any of its spellings, or the start script of
// Directus itself.
func isServer(p process.Info) bool {
	if !isNode(p) {
		return false
	}
	path, rest, titled := script(p)
	switch {
	case strings.HasSuffix(path, "/directus/dist/start.js"), strings.HasSuffix(path, "/@directus/api/dist/start.js"):
		return true
	case strings.HasSuffix(path, "/directus/cli.js"), strings.HasSuffix(path, "/.bin/directus"),
		strings.HasSuffix(path, "/directus/dist/cli/run.js"), strings.HasSuffix(path, "/@directus/api/dist/cli/run.js"):
		for _, word := range rest {
			if !strings.HasPrefix(word, "-") {
				return word == "start"
			}
		}
		// Under pm2 the title has lost its arguments: "node …/directus/cli.js".
		return titled
	}
	return false
}

// servers returns the server processes of this project: Directus servers that
// work in the root or run its code, and whatever Node of the root listens on
// the port. A Directus server that may not be looked at is an error when it may
// be this one.
func (t *table) servers(port string) ([]process.Info, error) {
	var found []process.Info
	for pid, p := range t.byPID {
		if t.self[pid] || !isServer(p) {
			continue
		}
		path, _, _ := script(p)
		code := filepath.IsAbs(path) && strings.HasPrefix(path, t.root+"/") && !process.InContainer(pid)
		in, err := process.InDir(pid, t.info)
		if err != nil && (code || p.Dir == "") && os.Geteuid() != 0 {
			if code || listensOn(port) {
				return nil, fault.Newf("process %d is a Directus server of another user, and may be this project's", pid).
					WithHint("run bunnyhop as that user, or as root")
			}
			continue
		}
		if in || code {
			found = append(found, p)
		}
	}
	if len(found) == 0 && port != "" {
		if p, ok := Listener(port); ok && !t.self[p.PID] && isNode(p) && t.inRoot(p) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b process.Info) int { return a.PID - b.PID })
	return found, nil
}
