// Package testbed gives tests a real Directus project: the sample newsroom,
// with code that was really installed from the npm registry. Installed trees
// are kept in a cache outside the checkout, so only the first run takes
// minutes.
package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
	// Owner and Admin lead to the project's database on a server, as its owner
	// and with all rights; both are empty with SQLite. See On.
	Owner, Admin database.Config
	// ServerEnv is added to the environment of the server that Serve starts.
	ServerEnv []string
	tb        testing.TB
}

// cacheFolder names another folder for the cache.
const cacheFolder = "BUNNYHOP_TEST_CACHE"

// cache is found once: New points XDG_CACHE_HOME at it.
var cache = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv(cacheFolder); dir != "" {
		return dir, nil
	}
	home, err := os.UserCacheDir()
	return filepath.Join(home, "bunnyhop-test"), err
})

// Cache is the folder in which installed trees are kept between test runs.
// BUNNYHOP_TEST_CACHE names another.
func Cache(tb testing.TB) string {
	tb.Helper()
	dir, err := cache()
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// New makes a project of the sample's version. Its packages are hard links to
// the cached ones, which takes a second or two instead of a copy's many;
// nothing changes such a file in place, and what a server adds is added here.
func New(tb testing.TB) *Project {
	tb.Helper()
	p := Apart(tb)
	p.settle()
	return p
}

// settle makes this process use the project's own state and backups.
func (p *Project) settle() {
	p.tb.Setenv("XDG_STATE_HOME", p.State)
	p.tb.Setenv("XDG_DATA_HOME", p.Data)
}

// Apart is New for tests that run in parallel: this process's own state and
// data folders stay as they are, so flows run in children with Environ.
func Apart(tb testing.TB) *Project {
	tb.Helper()
	dir := tb.TempDir()
	p := &Project{
		Root: filepath.Join(dir, "newsroom"), State: filepath.Join(dir, "state"), Data: filepath.Join(dir, "data"), tb: tb,
	}
	if err := shareCache(); err != nil {
		tb.Fatal(err)
	}
	if err := sample.Unpack(p.Root); err != nil {
		tb.Fatal(err)
	}
	tree, runtime := Install(tb, p.Root, sample.Version)
	p.Runtime = runtime
	link(tb, filepath.Join(tree, "node_modules"), filepath.Join(p.Root, "node_modules"))
	return p
}

// shareCache points the whole process at the cache of installed trees. It is
// the same for all tests, so it stays.
var shareCache = sync.OnceValue(func() error {
	dir, err := cache()
	if err != nil {
		return err
	}
	return os.Setenv("XDG_CACHE_HOME", dir)
})

// Environ is the environment of children that work on this project.
func (p *Project) Environ() []string {
	return append(os.Environ(), "XDG_STATE_HOME="+p.State, "XDG_DATA_HOME="+p.Data)
}

// link makes a folder of hard links, or of copies where the cache lies on
// another filesystem.
func link(tb testing.TB, from, to string) {
	tb.Helper()
	if exec.Command("cp", "-al", from, to).Run() == nil { //nolint:gosec,noctx // paths of the test
		return
	}
	if err := os.RemoveAll(to); err != nil {
		tb.Fatal(err)
	}
	if err := packages.Copy(context.Background(), from, to, progress.Discard); err != nil {
		tb.Fatal(err)
	}
}

// Install installs a version for the project in root into the cache, or finds
// it there, and returns the tree and its Node.
func Install(tb testing.TB, root, version string) (tree string, runtime *node.Runtime) {
	tb.Helper()
	trim(tb, Cache(tb))
	return install(tb, root, version)
}

func install(tb testing.TB, root, version string) (tree string, runtime *node.Runtime) {
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
	cmd.Env = append(os.Environ(), p.ServerEnv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(p.StopAll)
	go func() { _ = cmd.Wait() }()
	if err := p.Ping(3 * time.Minute); err != nil {
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

// Fingerprint reads every table. The database is closed again, since a flow
// does not go on while another process has it open.
func (p *Project) Fingerprint() database.Fingerprint {
	p.tb.Helper()
	var f database.Fingerprint
	err := p.read(func(ctx context.Context, db database.Database) (err error) {
		f, err = db.Fingerprint(ctx, nil, progress.Discard)
		return err
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	return f
}

// Version asks the running server for its version.
func (p *Project) Version() (string, error) {
	p.tb.Helper()
	token, err := p.Token()
	if err != nil {
		return "", err
	}
	info, err := directus.NewClient(site.BaseURL(p.Config()), token).Info(context.Background())
	return info.Version, err
}

// Token makes an access token of an administrator, good for five minutes.
func (p *Project) Token() (string, error) {
	p.tb.Helper()
	secret, token := p.Config().Config.Get("SECRET"), ""
	err := p.read(func(ctx context.Context, db database.Database) (err error) {
		token, err = directus.AdminToken(ctx, db, secret, 5*time.Minute)
		return err
	})
	return token, err
}

// read opens the project's database for as long as look takes.
func (p *Project) read(look func(context.Context, database.Database) error) error {
	p.tb.Helper()
	ctx := context.Background()
	db, err := connect.Open(ctx, p.Config().Config.Database(), connect.ReadOnly)
	if err != nil {
		return err
	}
	return errors.Join(look(ctx, db), db.Close())
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
