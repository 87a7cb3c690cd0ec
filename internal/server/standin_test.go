package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
)

// standIn behaves as Directus does at start and stop: it listens on HOST and
// PORT of its .env, answers pong, ends on SIGTERM, and says that a port is in use.
const standIn = `#!/usr/bin/env node
if (process.argv[2] === 'start' || process.env.pm_id !== undefined || require('cluster').isWorker) {
	const { PORT } = Object.fromEntries(require('fs').readFileSync('.env', 'utf8').split('\n').map((l) => l.split('=')));
	if (process.env.CRASH) { console.error('Error: no such column: searchable'); process.exit(1); }
	if (process.env.WORKER) require('child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
	if (process.env.STUBBORN) process.on('SIGTERM', () => console.log('no'));
	require('http').createServer((q, r) => r.end(q.url === '/server/ping' ? 'pong' : process.env.GREETING || ''))
		.on('error', (e) => { console.error('ERROR: Port ' + PORT + ' is already in use'); process.exit(1); })
		.listen(PORT, '127.0.0.1', () => console.log('Server started'));
}
`

// newProject makes a project with the stand-in in place of Directus.
func newProject(t *testing.T) *project.Project {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"package.json":                       `{"name":"blog","scripts":{"start":"directus start"},"dependencies":{"directus":"10.13.4"}}`,
		"node_modules/directus/package.json": `{"name":"directus","version":"10.13.4"}`,
		"node_modules/directus/cli.js":       standIn,
		".env":                               "HOST=127.0.0.1\nPORT=" + freePort(t) + "\n",
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "node_modules/.bin"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../directus/cli.js", filepath.Join(root, "node_modules/.bin/directus")); err != nil {
		t.Fatal(err)
	}
	p, err := project.Detect(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.LoadConfig(t.Context(), nil, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killAll(t, root) })
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// killAll ends what a failed test left behind in its own folder.
func killAll(t *testing.T, root string) {
	t.Helper()
	info, err := os.Stat(root)
	if err != nil {
		return
	}
	all, err := process.All()
	if err != nil {
		t.Error(err)
	}
	for _, p := range all {
		if in, err := process.InDir(p.PID, info); err == nil && in && p.PID != os.Getpid() {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
}

// run starts a command in the project's folder as a person would, and waits
// for pong.
func run(t *testing.T, p *project.Project, env []string, argv ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // a test's own command, ended by the test
	cmd.Dir, cmd.Env = p.Root, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait() }()
	ping(t, p, nil)
	return cmd
}

func ping(t *testing.T, p *project.Project, alive func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := Ping(ctx, p.Config.PingURL(), alive, progress.Discard); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, p *project.Project) (*Found, []string) {
	t.Helper()
	f, env, err := Find(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return f, env
}

func nothingRuns(t *testing.T, p *project.Project, f *Found) {
	t.Helper()
	running, err := f.Running(t.Context())
	if err != nil || len(running) != 0 {
		t.Errorf("still running: %v, %v", running, err)
	}
	if err := PortFree(p.Config.Host(), p.Config.Port()); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	all, err := process.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		if in, err := process.InDir(q.PID, info); err == nil && in && !isGod(q) {
			t.Errorf("left in the project's folder: %d %s", q.PID, strings.Join(q.Command, " "))
		}
	}
}

// recorder keeps output lines.
type recorder struct{ lines []string }

func (r *recorder) Progress(string, progress.Unit, int64, int64) {}
func (r *recorder) Output(line string)                           { r.lines = append(r.lines, line) }

func (r *recorder) String() string { return fmt.Sprintf("%q", r.lines) }
