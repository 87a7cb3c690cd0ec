// Package packages installs a project's dependencies with the project's own
// package manager into a tree that is kept, so that a second try or a second
// project with the same files takes seconds, and copies such trees.
package packages

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/registry/environ"
)

// Kind is a package manager.
type Kind string

// The package managers. Yarn is the first generation, YarnBerry all later.
const (
	NPM       Kind = "npm"
	PNPM      Kind = "pnpm"
	Yarn      Kind = "yarn"
	YarnBerry Kind = "yarn-berry"
)

// Manager is a package manager of a version. Version may be exact, with or
// without the digest that package.json's packageManager field allows
// ("9.15.0+sha512.…"), a range ("9", "^4.1"), or "": then the lockfile's
// generation decides. It does not count for npm, which comes with the Runtime.
type Manager struct {
	Kind    Kind
	Version string
}

// Request is everything that an install hangs on.
type Request struct {
	// PackageJSON is the project's package.json with the version to install.
	PackageJSON []byte
	// LockFile is the project's lockfile, by its name ("package-lock.json");
	// nil where there is none. The manager brings it up to date.
	LockName string
	LockFile []byte
	// Settings are the other files of the project that an install reads, by
	// their path in it: .npmrc, .yarnrc, .yarnrc.yml, pnpm-workspace.yaml,
	// and what package.json names (patches, scripts of its own).
	Settings map[string][]byte
	Manager  Manager
	Runtime  *node.Runtime
	Client   *registry.Client // fetches pnpm and yarn
	Environ  []string         // the environment to run in; see node.Runtime.Environ
}

// lockNames is what each package manager calls its lockfile.
var lockNames = map[Kind]string{
	NPM: "package-lock.json", PNPM: "pnpm-lock.yaml", Yarn: "yarn.lock", YarnBerry: "yarn.lock",
}

// deciding are the variables that change what an install makes.
var deciding = []string{"NODE_ENV", "npm_config_omit", "npm_config_include", "npm_config_production", "npm_config_legacy_peer_deps"}

// Key is the digest that names a request's tree: of package.json, lockfile,
// settings, manager and its version, Node major, system and architecture.
func Key(r Request) string {
	sum := sha256.New()
	put := func(name string, data []byte) {
		_, _ = fmt.Fprintf(sum, "%d:%s%d:", len(name), name, len(data))
		_, _ = sum.Write(data)
	}
	put("format", []byte("1"))
	put("package.json", r.PackageJSON)
	if r.LockFile != nil {
		put("lock "+r.LockName, r.LockFile)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		put("settings "+name, r.Settings[name])
	}
	version := r.Manager.Version
	if r.Manager.Kind == NPM {
		version = r.Runtime.NPMVersion
	}
	put("manager", []byte(string(r.Manager.Kind)+" "+version))
	put("node", []byte(fmt.Sprint(r.Runtime.Major)))
	put("platform", []byte(runtime.GOOS+"/"+runtime.GOARCH))
	for _, name := range deciding {
		put(name, []byte(environ.Get(r.Environ, name)))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// check refuses what cannot be installed apart from the project.
func (r Request) check() error {
	if r.Runtime == nil {
		return fmt.Errorf("installing packages: no Node given")
	}
	want, known := lockNames[r.Manager.Kind]
	if !known {
		return fault.Newf("%q is not a package manager that is known here", r.Manager.Kind).WithHint("npm, pnpm and yarn are")
	}
	if r.LockFile != nil && r.LockName != want && r.LockName != "npm-shrinkwrap.json" {
		return fault.Newf("%s is not a lockfile of %s", r.LockName, r.Manager.Kind)
	}
	for name := range r.Settings {
		if !filepath.IsLocal(name) || strings.HasPrefix(filepath.ToSlash(name), "node_modules/") || name == "package.json" {
			return fmt.Errorf("installing packages: %q cannot be a settings file", name)
		}
	}
	manifest, err := readManifest(r.PackageJSON)
	if err != nil {
		return err
	}
	if err := manifest.checkLocal(r.Settings); err != nil {
		return err
	}
	if r.Manager.Kind == YarnBerry {
		return checkLinker(r.Settings[".yarnrc.yml"], r.Environ)
	}
	return nil
}
