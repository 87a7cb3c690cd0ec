// Package testbed gives tests a real Directus project: the sample newsroom,
// with code that was really installed from the npm registry. Installed trees
// are kept in a cache outside the checkout, so only the first run takes
// minutes.
package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/packages"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/sample"
	"bunnyhop/internal/server"
	"bunnyhop/steps/code"
	"bunnyhop/steps/site"
)

// Project is a real project in a folder of the test's own, with state and
// backups of its own, and the shared cache.
type Project struct {
	Root    string
	State   string // XDG_STATE_HOME
	Data    string // XDG_DATA_HOME
	Runtime *node.Runtime
	tb      testing.TB
}

// Cache is the folder in which installed trees are kept between test runs.
// BUNNYHOP_TEST_CACHE names another.
func Cache(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("BUNNYHOP_TEST_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(home, "bunnyhop-test")
}

// New makes a project of the sample's version. Its node_modules is a link to
// the cached tree: switching renames the link, so nothing is copied.
func New(tb testing.TB) *Project {
	tb.Helper()
	dir := tb.TempDir()
	p := &Project{
		Root: filepath.Join(dir, "newsroom"), State: filepath.Join(dir, "state"), Data: filepath.Join(dir, "data"), tb: tb,
	}
	tb.Setenv("XDG_STATE_HOME", p.State)
	tb.Setenv("XDG_DATA_HOME", p.Data)
	tb.Setenv("XDG_CACHE_HOME", Cache(tb))
	if err := sample.Unpack(p.Root); err != nil {
		tb.Fatal(err)
	}
	tree, runtime := Install(tb, p.Root, sample.Version)
	p.Runtime = runtime
	if err := os.Symlink(filepath.Join(tree, "node_modules"), filepath.Join(p.Root, "node_modules")); err != nil {
		tb.Fatal(err)
	}
	return p
}

// Install installs a version for the project in root into the cache, or finds
// it there, and returns the tree and its Node.
func Install(tb testing.TB, root, version string) (tree string, runtime *node.Runtime) {
	tb.Helper()
	ctx := context.Background()
	detected, err := project.Detect(root)
	if err != nil {
		tb.Fatal(err)
	}
	place := site.New(site.Options{Root: detected.Root, Environ: os.Environ()})
	report := &logger{tb: tb}
	if runtime, err = place.Node(ctx, node.Majors(version), report); err != nil {
		tb.Fatal(err)
	}
	request, err := code.Request(detected, version, runtime, os.Environ())
	if err != nil {
		tb.Fatal(err)
	}
	if tree, _, err = packages.Install(ctx, filepath.Join(Cache(tb), "bunnyhop"), request, report); err != nil {
		tb.Fatal(err)
	}
	return tree, runtime
}

// Serve starts the project's server as a person would, and waits until it
// answers. It is stopped, whatever started it by then, when the test ends.
func (p *Project) Serve() process.Info {
	p.tb.Helper()
	log, err := os.Create(filepath.Join(p.State + "-server.log"))
	if err != nil {
		p.tb.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(p.Runtime.Node, "node_modules/directus/cli.js", "start") //nolint:gosec,noctx // stopped by the cleanup
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Root, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(p.StopAll)
	go func() { _ = cmd.Wait() }()
	if err := p.Ping(time.Minute); err != nil {
		text, _ := os.ReadFile(log.Name())
		p.tb.Fatalf("the server does not answer: %v\n%s", err, text)
	}
	info, err := process.Stat(cmd.Process.Pid)
	if err != nil {
		p.tb.Fatal(err)
	}
	return info
}

// StopAll ends every process whose working folder is the project.
func (p *Project) StopAll() {
	all, err := process.All()
	if err != nil {
		p.tb.Fatal(err)
	}
	for _, one := range all {
		if one.Dir == p.Root || one.Dir == p.Root+" (deleted)" {
			_ = syscall.Kill(one.PID, syscall.SIGKILL)
		}
	}
}

// Config reads the effective configuration.
func (p *Project) Config() *project.Project {
	p.tb.Helper()
	detected, err := project.Detect(p.Root)
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := detected.LoadConfig(context.Background(), os.Environ(), p.Runtime.Node); err != nil {
		p.tb.Fatal(err)
	}
	return detected
}

// Ping waits for the server's answer.
func (p *Project) Ping(within time.Duration) error {
	ctx, stop := context.WithTimeout(context.Background(), within)
	defer stop()
	return server.Ping(ctx, p.Config().Config.PingURL(), func() error { return nil }, progress.Discard)
}

// Database opens the project's database for reading.
func (p *Project) Database() database.Database {
	p.tb.Helper()
	db, err := connect.Open(context.Background(), p.Config().Config.Database(), connect.ReadOnly)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Fingerprint reads every table.
func (p *Project) Fingerprint() database.Fingerprint {
	p.tb.Helper()
	db := p.Database()
	f, err := db.Fingerprint(context.Background(), nil, progress.Discard)
	if err != nil {
		p.tb.Fatal(err)
	}
	return f
}

// Version asks the running server for its version.
func (p *Project) Version() (string, error) {
	ctx := context.Background()
	config := p.Config()
	token, err := directus.AdminToken(ctx, p.Database(), config.Config.Get("SECRET"), time.Minute)
	if err != nil {
		return "", err
	}
	info, err := directus.NewClient(site.BaseURL(config), token).Info(ctx)
	return info.Version, err
}

// UserTable reports whether a table is one of the project's own.
func UserTable(name string) bool { return !directus.SystemTable(name) && name != "sqlite_sequence" }

type logger struct {
	tb   testing.TB
	last time.Time
}

func (l *logger) Progress(label string, unit progress.Unit, done, total int64) {
	if time.Since(l.last) > 15*time.Second {
		l.last = time.Now()
		l.tb.Logf("%s: %d of %d %s", label, done, total, unit)
	}
}

func (l *logger) Output(line string) { l.tb.Log(fmt.Sprint(line)) }
