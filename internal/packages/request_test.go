package packages

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

func TestKeyHangsOnEverythingThatDecides(t *testing.T) {
	base := func() Request {
		return Request{
			PackageJSON: []byte("{}"), LockName: "package-lock.json", LockFile: []byte("{}"),
			Settings: map[string][]byte{".npmrc": []byte("a"), "x": []byte("b")},
			Manager:  Manager{Kind: NPM}, Runtime: &node.Runtime{Major: 22, Version: "22.1.0", NPMVersion: "10.9.9"},
		}
	}
	key := Key(base())
	same := base()
	same.Runtime.Version, same.Runtime.Node, same.Environ = "22.2.0", "/elsewhere", []string{"HOME=/x"}
	if Key(same) != key {
		t.Error("the key hangs on what does not decide")
	}
	changes := map[string]func(*Request){
		"package.json":  func(r *Request) { r.PackageJSON = []byte("{ }") },
		"lockfile":      func(r *Request) { r.LockFile = []byte("{ }") },
		"no lockfile":   func(r *Request) { r.LockFile = nil },
		"setting":       func(r *Request) { r.Settings[".npmrc"] = []byte("c") },
		"moved setting": func(r *Request) { r.Settings = map[string][]byte{".npmrc": []byte("ab"), "x": nil} },
		"manager":       func(r *Request) { r.Manager.Kind = PNPM },
		"npm's version": func(r *Request) { r.Runtime.NPMVersion = "11.0.0" },
		"Node's major":  func(r *Request) { r.Runtime.Major = 20 },
		"NODE_ENV":      func(r *Request) { r.Environ = []string{"NODE_ENV=production"} },
	}
	seen := map[string]string{key: "nothing"}
	for name, change := range changes {
		r := base()
		change(&r)
		if other, found := seen[Key(r)]; found {
			t.Errorf("changing %s gives the key of changing %s", name, other)
		}
		seen[Key(r)] = name
	}
	if r := base(); strings.ContainsAny(Key(r), "/.") || len(key) != 32 {
		t.Errorf("key is %q", key)
	}
}

func TestRefusedRequests(t *testing.T) {
	yarnrc := func(text string) map[string][]byte { return map[string][]byte{".yarnrc.yml": []byte(text)} }
	tests := []struct {
		name string
		r    Request
		want string
	}{
		{"broken package.json", Request{PackageJSON: []byte("{"), Manager: Manager{Kind: NPM}}, "package.json cannot be read"},
		{"unknown manager", Request{PackageJSON: []byte("{}"), Manager: Manager{Kind: "bun"}}, "not a package manager"},
		{"another's lockfile", Request{PackageJSON: []byte("{}"), Manager: Manager{Kind: NPM}, LockName: "yarn.lock", LockFile: []byte("x")}, "not a lockfile of npm"},
		{"a local folder", Request{PackageJSON: []byte(`{"dependencies":{"x":"file:./ext/x"}}`), Manager: Manager{Kind: NPM}}, "from the project's own files"},
		{"Plug'n'Play", Request{PackageJSON: []byte("{}"), Manager: Manager{Kind: YarnBerry}, Settings: yarnrc("nodeLinker: pnp")}, `"pnp" linker`},
		{"Plug'n'Play by default", Request{PackageJSON: []byte("{}"), Manager: Manager{Kind: YarnBerry}}, `"pnp" linker`},
		{"a path out", Request{PackageJSON: []byte("{}"), Manager: Manager{Kind: NPM}, Settings: map[string][]byte{"../x": nil}}, "cannot be a settings file"},
	}
	for _, test := range tests {
		test.r.Runtime = &node.Runtime{}
		_, _, err := Install(t.Context(), t.TempDir(), test.r, progress.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	given := Request{
		PackageJSON: []byte(`{"dependencies":{"x":"file:./ext/x"}}`), Manager: Manager{Kind: NPM}, Runtime: &node.Runtime{},
		Settings: map[string][]byte{"ext/x/package.json": []byte("{}")},
	}
	if err := given.check(); err != nil {
		t.Errorf("a local folder that is given along: %v", err)
	}
}

func TestGeneration(t *testing.T) {
	tests := []struct {
		kind Kind
		lock string
		want string
	}{
		{PNPM, "lockfileVersion: 5.4\n", "7.x"},
		{PNPM, "lockfileVersion: '6.0'\n", "8.x"},
		{PNPM, "lockfileVersion: '9.0'\n", "10.x"},
		{PNPM, "", "10.x"},
		{YarnBerry, "# x\n\n__metadata:\n  version: 6\n", "3.x"},
		{YarnBerry, "__metadata:\n  version: 8\n", "4.x"},
		{YarnBerry, "", "4.x"},
		{Yarn, "# yarn lockfile v1", "1.x"},
	}
	for _, test := range tests {
		if got := generation(Request{Manager: Manager{Kind: test.kind}, LockFile: []byte(test.lock)}); got != test.want {
			t.Errorf("%s %q: %s, want %s", test.kind, test.lock, got, test.want)
		}
	}
}

func TestExpected(t *testing.T) {
	tests := []struct {
		name, text string
		want       int64
	}{
		{"package-lock.json", `{"packages":{"":{},"node_modules/a":{},"node_modules/@s/b":{},"node_modules/a/node_modules/c":{}}}`, 2},
		{"pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .:\n    x:\npackages:\n\n  a@1.0.0:\n    resolution: {}\n\n  '@s/b@1.0.0':\n    resolution: {}\nsnapshots:\n  a@1.0.0: {}\n", 2},
		{"yarn.lock", "# v1\n\na@^1:\n  version \"1\"\n\n\"@s/b@^1\", \"@s/b@^1.2\":\n  version \"1\"\n", 2},
		{"package-lock.json", "broken", 0},
		{"", "", 0},
	}
	for _, test := range tests {
		if got := expected(test.name, []byte(test.text)); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// What cannot be forced cheaply is tested with the managers' recorded words.
func TestExplain(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{"disk full", "npm warn EBADENGINE x\nnpm error code ENOSPC\nnpm error syscall write\nnpm error nospc ENOSPC: no space left on device, write", "the disk is full"},
		{"no compiler", "gyp ERR! stack Error: not found: make", "compiler is missing"},
		{"no Python", "gyp ERR! find Python \ngyp ERR! find Python Python is not set", "Python is missing"},
		{"does not compile", "../src/x.cc:1: error: no member\ngyp ERR! build error\ngyp ERR! cwd /t/tree/node_modules/isolated-vm\n", "failed in isolated-vm"},
		{"no headers", "gyp ERR! stack FetchError: request to https://nodejs.org/x failed, reason: getaddrinfo ENOTFOUND nodejs.org", "headers cannot be fetched"},
		{"prebuilt binary out of reach is no cause", "prebuild-install warn install getaddrinfo ENOTFOUND github.com\ngyp ERR! cwd /t/tree/node_modules/x", "failed in x"},
		{"peers", "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree", "different versions"},
		{"peers only warned of", "npm warn ERESOLVE overriding peer dependency\nnpm error code 1", "npm 10 could not install"},
		{"quarantined", "➤ YN0016: │ @fake/scripted@npm:^1.0.0: All versions satisfying \"^1.0.0\" are quarantined", "newer than the package manager accepts"},
		{"own script", "npm error code 1\nnpm error path /t/tree\nnpm error command failed", "install script of the project itself"},
		{"login", "npm error code E401\nnpm error Incorrect or missing password.", "refuses access"},
		{"offline", "npm error code EAI_AGAIN\nnpm error request to https://r/x failed", "registry does not answer"},
		{"unknown", "npm error something", "npm 10 could not install"},
	}
	for _, test := range tests {
		cause := &process.ExitError{Path: "node", Code: 1}
		err := Explain("npm 10", "/t/tree", strings.Split(test.output, "\n"), cause)
		if !strings.Contains(err.What, test.want) || err.Hint == "" || !errors.Is(err, cause) {
			t.Errorf("%s: %q, hint %q; want %q", test.name, err, err.Hint, test.want)
		}
	}
}

func TestVersion(t *testing.T) {
	dir := t.TempDir()
	if _, err := Version(dir); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("nothing installed: %v", err)
	}
	path := filepath.Join(dir, "node_modules", "directus", "package.json")
	for text, want := range map[string]string{`{"version":"11.17.4"}`: "11.17.4", `{`: "", `{}`: ""} {
		put(t, path, text, 0o644)
		if got, err := Version(dir); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	_ = os.Remove(path)
	var person *fault.Error
	if _, err := Version(dir); !errors.As(err, &person) {
		t.Errorf("error is %v", err)
	}
}
