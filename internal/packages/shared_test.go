package packages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/node"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/registry/environ"
)

// shared is what costs a download: a Node, and package managers.
var shared struct {
	cache   string
	client  *registry.Client
	runtime *node.Runtime
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bunnyhop-packages-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	config, err := registry.LoadConfig("", os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.cache, shared.client = dir, registry.New(config, dir)
	shared.runtime, err = node.Find(context.Background(), []int{22, 20}, node.Options{Client: shared.client, CacheDir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, "finding a Node for the tests:", err)
		return 1
	}
	return m.Run()
}

// fetched returns a Node of a major that is not the machine's own.
func fetched(t *testing.T, major int) *node.Runtime {
	t.Helper()
	env := environ.With(os.Environ(), "PATH=/bin")
	if environ.LookPath(env, "node") != "" {
		env = environ.With(env, "PATH=")
	}
	r, err := node.Find(t.Context(), []int{major}, node.Options{Client: shared.client, CacheDir: shared.cache, Environ: env})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cacheWithTools is a cache of the test's own that shares the fetched package
// managers.
func cacheWithTools(t *testing.T) string {
	t.Helper()
	tools := filepath.Join(shared.cache, "tools")
	if err := os.MkdirAll(tools, 0o700); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	if err := os.Symlink(tools, filepath.Join(cache, "tools")); err != nil {
		t.Fatal(err)
	}
	return cache
}

// links counts a file's hard links.
func links(t *testing.T, path string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return uint64(stat.Nlink)
}

// environment is this process's with the package managers' own stores in a
// folder of the test.
func environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return environ.With(
		os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home+"/.cache", "XDG_DATA_HOME="+home+"/.local/share",
		"npm_config_cache="+home+"/.npm", "YARN_CACHE_FOLDER="+home+"/.yarn-cache", "YARN_GLOBAL_FOLDER="+home+"/.yarn-berry",
	)
}

// scripted has an install script that leaves a file: what a native module's
// build is for this test.
var scripted = fakePackage{
	name: "@fake/scripted", version: "1.2.3",
	manifest: map[string]any{"scripts": map[string]string{"postinstall": "node build.js"}},
	files:    map[string]string{"build.js": `require("fs").writeFileSync("built.txt", process.version)`, "index.js": ""},
}

func request(t *testing.T, manager Manager, fake string) Request {
	t.Helper()
	r := Request{
		PackageJSON: []byte(`{"name":"project","private":true,"dependencies":{"is-number":"7.0.0","@fake/scripted":"^1.0.0"}}`),
		Manager:     manager, Runtime: shared.runtime, Client: shared.client, Environ: environment(t),
		Settings: map[string][]byte{".npmrc": []byte("@fake:registry=" + fake + "\n")},
	}
	if manager.Kind == YarnBerry {
		r.Settings = map[string][]byte{".yarnrc.yml": []byte("nodeLinker: node-modules\nunsafeHttpWhitelist: [\"127.0.0.1\"]\nnpmScopes:\n  fake:\n    npmRegistryServer: \"" + strings.TrimSuffix(fake, "/") + "\"\n")}
	}
	return r
}

// recorder keeps what is reported.
type recorder struct {
	mu    sync.Mutex
	lines []string
	ticks int
}

func (r *recorder) Progress(string, progress.Unit, int64, int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ticks++
}

func (r *recorder) Output(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}
