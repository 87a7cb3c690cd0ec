package packages

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

func TestInstallWithEachManager(t *testing.T) {
	tests := []struct{ manager Manager }{
		{Manager{Kind: NPM}},
		{Manager{PNPM, "9"}},
		{Manager{PNPM, "10.0.0"}}, // has no setting that allows all scripts: a later 10 is used
		{Manager{PNPM, "11"}},
		{Manager{PNPM, "12"}}, // a native program
		{Manager{Yarn, ""}},
		{Manager{YarnBerry, "3"}},
		{Manager{YarnBerry, "4"}},
	}
	for _, test := range tests {
		t.Run(strings.TrimSpace(string(test.manager.Kind)+" "+test.manager.Version), func(t *testing.T) {
			fake := serve(t, scripted)
			cache := cacheWithTools(t)
			r := request(t, test.manager, fake)
			if test.manager.Version == "11" {
				r.Runtime = fetched(t, 22)
			}
			var report recorder
			tree, reused, err := Install(t.Context(), cache, r, &report)
			if err != nil {
				t.Fatalf("%v\nhint: %s\n%s", err, fault.HintOf(err), report.text())
			}
			if reused {
				t.Error("the first install says that it reused a tree")
			}
			if report.ticks == 0 {
				t.Error("no progress was reported")
			}
			if version, err := installedVersion(tree, "is-number"); version != "7.0.0" || err != nil {
				t.Errorf("is-number is %q, %v", version, err)
			}
			built, err := os.ReadFile(filepath.Join(tree, "node_modules", "@fake", "scripted", "built.txt"))
			if err != nil || string(built) != "v"+r.Runtime.Version {
				t.Errorf("the install script left %q, %v; want v%s\n%s", built, err, r.Runtime.Version, report.text())
			}
			if _, err := os.Stat(filepath.Join(tree, lockNames[test.manager.Kind])); err != nil {
				t.Error(err)
			}
			for name := range r.Settings {
				if info, err := os.Stat(filepath.Join(tree, name)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v; want mode 0600", name, info, err)
				}
			}
			noHardLinks(t, tree)
			again, reused, err := Install(t.Context(), cache, r, &report)
			if err != nil || again != tree || !reused {
				t.Errorf("the second install: %s, reused %v, %v", again, reused, err)
			}
			onlyTree(t, cache, Key(r))
		})
	}
}

// noHardLinks fails when a file of the tree is shared with a manager's store.
func noHardLinks(t *testing.T, tree string) {
	t.Helper()
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && links(t, path) != 1 {
			t.Errorf("%s is a hard link", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onlyTree fails unless the cache holds the trees with these keys and nothing
// unfinished.
func onlyTree(t *testing.T, cache string, keys ...string) {
	t.Helper()
	entries, err := os.ReadDir(treesDir(cache))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		if entry.IsDir() {
			got = append(got, entry.Name())
		}
	}
	if strings.Join(got, " ") != strings.Join(keys, " ") {
		t.Errorf("trees are %q, want %q", got, keys)
	}
}

func TestInstallRepairsAChangedTree(t *testing.T) {
	r := request(t, Manager{Kind: NPM}, serve(t, scripted))
	cache := t.TempDir()
	tree, _, err := Install(t.Context(), cache, r, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	lost := filepath.Join(tree, "node_modules", "is-number", "index.js")
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	if _, reused, err := Install(t.Context(), cache, r, progress.Discard); err != nil || reused {
		t.Errorf("reused %v, %v; want a new install", reused, err)
	}
	if _, err := os.Stat(lost); err != nil {
		t.Error(err)
	}
	if _, reused, err := Install(t.Context(), cache, r, progress.Discard); err != nil || !reused {
		t.Errorf("reused %v, %v; want the new install", reused, err)
	}
	for range 2 { // the second time there is nothing left to distrust
		if err := Distrust(tree); err != nil {
			t.Fatal(err)
		}
	}
	if _, reused, err := Install(t.Context(), cache, r, progress.Discard); err != nil || reused {
		t.Errorf("distrusted: reused %v, %v; want a new install", reused, err)
	}
}

func TestCancelledInstallLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hanging := scripted
	hanging.onFetch = cancel // npm is in the middle of its work now
	r := request(t, Manager{Kind: NPM}, serve(t, hanging))
	cache := t.TempDir()
	dead := filepath.Join(treesDir(cache), "0123.partial-4194305-1") // above the kernel's largest pid
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	_, _, err := Install(ctx, cache, r, progress.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	onlyTree(t, cache)
	all, err := process.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if strings.HasPrefix(p.Dir, cache) {
			t.Errorf("process %d still runs in %s", p.PID, p.Dir)
		}
	}
}

func TestFailedInstallSaysWhy(t *testing.T) {
	broken := scripted
	broken.breakDigest = true
	failing := scripted
	failing.manifest = map[string]any{"scripts": map[string]string{"postinstall": "exit 3"}}
	tests := []struct {
		name     string
		manager  Manager
		fake     []fakePackage
		json     string
		registry string
		want     string
	}{
		{"npm, no such version", Manager{Kind: NPM}, nil, `{"dependencies":{"is-number":"99.0.0"}}`, "", "no version that fits is-number@99.0.0"},
		{"npm, no such package", Manager{Kind: NPM}, nil, `{"dependencies":{"@fake/none":"1"}}`, "", "does not have"},
		{"npm, wrong digest", Manager{Kind: NPM}, []fakePackage{broken}, `{"dependencies":{"@fake/scripted":"1"}}`, "", "not what the lockfile or the registry describes"},
		{"npm, unreachable", Manager{Kind: NPM}, nil, `{"dependencies":{"@fake/none":"1"}}`, "http://127.0.0.1:1/", "registry does not answer"},
		{"npm, failing script", Manager{Kind: NPM}, []fakePackage{failing}, `{"dependencies":{"@fake/scripted":"1"}}`, "", "could not install"},
		{"pnpm, no such version", Manager{PNPM, "9"}, nil, `{"dependencies":{"is-number":"99.0.0"}}`, "", "no version that fits is-number@99.0.0"},
		{"pnpm, no such package", Manager{PNPM, "9"}, nil, `{"dependencies":{"@fake/none":"1"}}`, "", "does not have"},
		{"pnpm, unreachable", Manager{PNPM, "9"}, nil, `{"dependencies":{"@fake/none":"1"}}`, "http://127.0.0.1:1/", "registry does not answer"},
		{"yarn, no such version", Manager{Yarn, ""}, nil, `{"dependencies":{"is-number":"99.0.0"}}`, "", "no version that fits"},
		{"yarn, unreachable", Manager{Yarn, ""}, nil, `{"dependencies":{"@fake/none":"1"}}`, "http://127.0.0.1:1/", "registry does not answer"},
		{"yarn 4, no such version", Manager{YarnBerry, "4"}, nil, `{"dependencies":{"is-number":"99.0.0"}}`, "", "no version that fits"},
		{"yarn 4, no such package", Manager{YarnBerry, "4"}, nil, `{"dependencies":{"@fake/none":"1"}}`, "", "does not have"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address := test.registry
			if address == "" {
				address = serve(t, test.fake...)
			}
			r := request(t, test.manager, address)
			r.PackageJSON = []byte(test.json)
			if rc, found := r.Settings[".npmrc"]; found {
				r.Settings[".npmrc"] = append(rc, "fetch-retries=0\n"...)
			}
			cache := cacheWithTools(t)
			var report recorder
			_, _, err := Install(t.Context(), cache, r, &report)
			var person *fault.Error
			if !errors.As(err, &person) || !strings.Contains(err.Error(), test.want) || person.Hint == "" {
				t.Errorf("error is %q with hint %q, want %q\n%s", err, fault.HintOf(err), test.want, report.text())
			}
			onlyTree(t, cache)
		})
	}
}

// A module written in C++ is compiled under a fetched Node against that Node's
// headers although an .npmrc names others, loads under it, and does not load
// under another Node.
func TestNativeModuleBelongsToItsNode(t *testing.T) {
	native := fakePackage{
		name: "@fake/native", version: "1.0.0",
		manifest: map[string]any{"main": "index.js", "scripts": map[string]string{"install": "node-gyp rebuild"}, "gypfile": true},
		files: map[string]string{
			"binding.gyp": `{"targets":[{"target_name":"native","sources":["native.cc"]}]}`,
			"native.cc":   "#include <node.h>\nstatic void init(v8::Local<v8::Object> exports) {}\nNODE_MODULE(NODE_GYP_MODULE_NAME, init)\n",
			"index.js":    `module.exports = require("./build/Release/native.node");`,
		},
	}
	r := request(t, Manager{Kind: NPM}, serve(t, native))
	r.PackageJSON = []byte(`{"dependencies":{"@fake/native":"1.0.0"}}`)
	r.Settings[".npmrc"] = append(r.Settings[".npmrc"], "nodedir=/nonexistent\n"...)
	r.Runtime = fetched(t, 22)
	var report recorder
	tree, _, err := Install(t.Context(), t.TempDir(), r, &report)
	if err != nil {
		t.Fatalf("%v\n%s", err, report.text())
	}
	if err := r.Runtime.LoadModule(t.Context(), tree, "@fake/native"); err != nil {
		t.Error(err)
	}
	copied := filepath.Join(t.TempDir(), "copied")
	if err := Copy(t.Context(), tree, copied, progress.Discard); err != nil {
		t.Fatal(err)
	}
	if err := r.Runtime.LoadModule(t.Context(), copied, "@fake/native"); err != nil {
		t.Errorf("in the copy: %v", err)
	}
	err = fetched(t, 20).LoadModule(t.Context(), tree, "@fake/native")
	var load *node.LoadError
	if !errors.As(err, &load) || load.Code != "ERR_DLOPEN_FAILED" || !strings.Contains(fault.HintOf(err), "another Node") {
		t.Errorf("under Node 20: %v, hint %q; want ERR_DLOPEN_FAILED", err, fault.HintOf(err))
	}
}
