package node

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/registry/environ"
)

func TestMajors(t *testing.T) {
	tests := []struct {
		directus string
		want     []int
	}{
		{"9.0.0-rc.99", []int{16, 18}},
		{"9.24.0", []int{16, 18}},
		{"9.26.0", []int{18, 20}},
		{"10.13.4", []int{18, 20}},
		{"11.0.1", []int{18, 20}},
		{"11.1.0", []int{18, 20}},
		{"11.1.2", []int{22, 20, 18}},
		{"11.3.5", []int{22, 20, 18}},
		{"11.4.0", []int{22}},
		{"11.17.4", []int{22}},
		{"12.4.0", []int{22}},
		{"12.4.1", []int{22}},
		{"12.6.0", nil},
		{"13.0.0", nil},
		{"8.8.1", nil},
		{"main", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Majors(test.directus)); diff != "" {
			t.Errorf("%s: %s", test.directus, diff)
		}
	}
}

func options(t *testing.T, cache string, env ...string) Options {
	t.Helper()
	cfg, err := registry.LoadConfig("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	return Options{Client: registry.New(cfg, cache), CacheDir: cache, Environ: env, Reporter: progress.Discard}
}

// On a machine without any Node one is fetched, with its npm, and runs; the
// second time it is there already, without the network.
func TestFetchWithoutAnyNode(t *testing.T) {
	cache := t.TempDir()
	o := options(t, cache, "HOME="+t.TempDir(), "PATH=")
	r, err := Find(t.Context(), []int{22}, o)
	if err != nil {
		t.Fatalf("%v, hint %q", err, fault.HintOf(err))
	}
	if !r.Fetched || r.Major != 22 || !strings.HasPrefix(r.Node, cache) || r.Headers == "" {
		t.Errorf("found %+v", r)
	}
	env := r.Environ([]string{"PATH=/bin:/usr/bin", "HOME=" + t.TempDir(), "NPM_CONFIG_NODEDIR=/usr", "npm_config_nodedir=/usr"})
	for program, want := range map[string]string{"node": "v" + r.Version, "npm": r.NPMVersion} {
		shell := exec.Command("/bin/sh", "-c", program+" --version")
		shell.Env = env
		out, err := shell.Output()
		if got := strings.TrimSpace(string(out)); got != want || err != nil {
			t.Errorf("%s on PATH is %q, %v; want %q", program, got, err, want)
		}
	}
	var nodedirs []string
	for _, entry := range env {
		if name, value, _ := strings.Cut(entry, "="); strings.EqualFold(name, "npm_config_nodedir") {
			nodedirs = append(nodedirs, value)
		}
	}
	if !slices.Equal(nodedirs, []string{r.Headers}) {
		t.Errorf("nodedir is %q, want just %q", nodedirs, r.Headers)
	}

	o.Offline = true
	again, err := Find(t.Context(), []int{20, 22}, o)
	if err != nil || again.Node != r.Node {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if _, err := Find(t.Context(), []int{20}, o); err == nil || fault.HintOf(err) == "" {
		t.Errorf("another major offline: %v", err)
	}
	entries, err := os.ReadDir(filepath.Join(cache, "node"))
	if err != nil || len(entries) != 1 {
		t.Errorf("in the cache: %v, %v", entries, err)
	}
	t.Run("on PATH", func(t *testing.T) { testOnPath(t, r) })
	t.Run("kept", func(t *testing.T) { testKept(t, o, r) })
	t.Run("modules", func(t *testing.T) { testLoadModule(t, r) })
	t.Run("damaged", func(t *testing.T) { testDamaged(t, o) })
}

// A Node on PATH is used where its major fits, also through a link, and its
// own npm is found.
func testOnPath(t *testing.T, fetched *Runtime) {
	bin := t.TempDir()
	if err := os.Symlink(fetched.Node, filepath.Join(bin, "node")); err != nil {
		t.Fatal(err)
	}
	o := options(t, t.TempDir(), "HOME="+t.TempDir(), "PATH="+bin)
	o.Offline = true
	r, err := Find(t.Context(), []int{18, 22}, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Fetched || r.Node != fetched.Node || r.NPM != fetched.NPM || r.Bin != fetched.Bin || r.Headers != fetched.Headers {
		t.Errorf("found %+v", r)
	}
	if got := environ.Get(r.Environ([]string{"npm_config_nodedir=/usr"}), "npm_config_nodedir"); got != "/usr" {
		t.Errorf("nodedir of the machine's own Node is %q", got)
	}
	if got := environ.Get(r.Environ([]string{"PATH=/x"}), "npm_config_nodedir"); got != fetched.Headers {
		t.Errorf("nodedir is %q where nothing is set, want that beside it", got)
	}
	if got := environ.Get(r.Environ([]string{"PATH=/x:" + bin}), "PATH"); got != "/x:"+bin {
		t.Errorf("PATH that leads to it already becomes %q", got)
	}
	if got := environ.Get(r.Environ([]string{"PATH=/x"}), "PATH"); got != r.Bin+":/x" {
		t.Errorf("PATH that does not lead to it becomes %q", got)
	}
	if _, err := Find(t.Context(), []int{18}, o); err == nil {
		t.Error("a Node of another major was taken")
	}
}

// A Node that is kept with a project has no npm and no headers of its own: a
// whole one of its major is used to install with, whichever npm PATH leads to.
func testKept(t *testing.T, o Options, fetched *Runtime) {
	project := t.TempDir()
	bin := filepath.Join(project, "node-"+fetched.Version, "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(fetched.Node, filepath.Join(bin, "node")); err != nil {
		t.Fatal(err)
	}
	o.Environ = []string{"HOME=" + t.TempDir(), "PATH=" + bin + ":" + fetched.Bin}
	o.Kept = project
	r, err := Find(t.Context(), []int{20, 22}, o)
	if err != nil || r.Node != fetched.Node || r.NPM != fetched.NPM || r.Headers != fetched.Headers || !r.Fetched {
		t.Errorf("found %+v, %v", r, err)
	}
	// Without any other it is better than none.
	o.CacheDir = t.TempDir()
	r, err = Find(t.Context(), []int{22}, o)
	if err != nil || r.Node != filepath.Join(bin, "node") || r.Headers != "" {
		t.Errorf("without another, found %+v, %v", r, err)
	}
}

func testLoadModule(t *testing.T, r *Runtime) {
	dir := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, "node_modules", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("plain/index.js", "console.log('noise'); module.exports = 1")
	put("modern/package.json", `{"type":"module","exports":"./index.js"}`)
	put("modern/index.js", "export default await Promise.resolve(1)")
	put("throws/index.js", "throw new Error('no way')")
	put("garbage/index.js", "require('./x.node')")
	put("garbage/x.node", "not a library")
	put("dies/index.js", "process.kill(process.pid, 'SIGSEGV')")
	// As pnpm lays it out: only directus is at the top.
	put(".pnpm/directus@1/node_modules/directus/package.json", `{"exports":{}}`)
	put(".pnpm/api@1/node_modules/@directus/api/package.json", `{"exports":{}}`)
	put(".pnpm/api@1/node_modules/deep/index.js", "")
	for link, target := range map[string]string{
		"directus": ".pnpm/directus@1/node_modules/directus",
		".pnpm/directus@1/node_modules/@directus/api": "../../../api@1/node_modules/@directus/api",
	} {
		path := filepath.Join(dir, "node_modules", link)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]string{
		"plain": "", "modern": "", "deep": "", "fs": "",
		"none": "MODULE_NOT_FOUND", "throws": "Error", "garbage": "ERR_DLOPEN_FAILED", "dies": "segmentation fault",
	}
	for module, code := range tests {
		err := r.LoadModule(t.Context(), dir, module)
		var failure *LoadError
		switch {
		case code == "" && err != nil:
			t.Errorf("%s: %v", module, err)
		case code != "" && (!errors.As(err, &failure) || failure.Code != code || fault.HintOf(err) == ""):
			t.Errorf("%s: %v, hint %q; want %s", module, err, fault.HintOf(err), code)
		}
	}
}

// A fetched Node that does not run any more is fetched again, not used.
func testDamaged(t *testing.T, o Options) {
	matches, err := filepath.Glob(filepath.Join(o.CacheDir, "node", "22.*", "bin", "node"))
	if err != nil || len(matches) != 1 {
		t.Fatalf("%q, %v", matches, err)
	}
	headers := filepath.Join(filepath.Dir(filepath.Dir(matches[0])), "include", "node", "node_version.h")
	right, err := os.ReadFile(headers)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(right, []byte("NODE_MAJOR_VERSION 22"), []byte("NODE_MAJOR_VERSION 20"), 1)
	if err := os.WriteFile(headers, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Find(t.Context(), []int{22}, o); err == nil {
		t.Errorf("a Node with the headers of another was used: %+v", r)
	}
	if err := os.WriteFile(headers, right, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(matches[0], 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(t.Context(), []int{22}, o); err == nil {
		t.Error("a damaged Node was used")
	}
	o.Offline = false
	if _, err := Find(t.Context(), []int{22}, o); err != nil {
		t.Errorf("fetching again: %v", err)
	}
}

func TestPlatformPackage(t *testing.T) {
	glibc := loaders[runtime.GOARCH]
	tests := []struct {
		name  string
		files []string
		want  bool
	}{
		{"glibc", []string{glibc}, true},
		{"glibc with musl beside it", []string{glibc, "lib/ld-musl-x86_64.so.1"}, true},
		{"alpine", []string{"lib/ld-musl-x86_64.so.1", "etc/alpine-release"}, false},
		{"alpine with a shim", []string{glibc, "lib/ld-musl-x86_64.so.1", "etc/alpine-release"}, false},
		{"neither", nil, false},
	}
	for _, test := range tests {
		root := t.TempDir()
		for _, file := range test.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		name, err := platformPackage(root)
		if (err == nil) != test.want || (test.want && name != "node-linux-"+Architecture()) {
			t.Errorf("%s: %q, %v", test.name, name, err)
		}
	}
}
