package packages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
)

// tool is a package manager fetched from the registry.
type tool struct {
	version string
	script  string
	notes   []string
}

// fetchTool fetches pnpm or yarn, of the version that the project names or
// else of its lockfile's generation, into the cache.
func fetchTool(ctx context.Context, cacheDir string, r Request, report progress.Reporter) (*tool, error) {
	if r.Client == nil {
		return nil, fmt.Errorf("fetching %s: no registry given", r.Manager.Kind)
	}
	name, scripts := "yarn", []string{"bin/yarn.js"}
	switch r.Manager.Kind {
	case PNPM:
		name, scripts = "pnpm", []string{"bin/pnpm.cjs", "bin/pnpm.mjs"}
	case YarnBerry:
		name, scripts = "@yarnpkg/cli-dist", []string{"bin/yarn.js"}
	case NPM, Yarn:
	}
	version, notes, err := chooseTool(ctx, name, r)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cacheDir, "tools", strings.ReplaceAll(name, "/", "+")+"-"+version)
	err = r.Client.Tarball(ctx, name, version, dir, report)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if r.Manager.Kind == PNPM {
		if err := fetchNative(ctx, dir, version, r, report); err != nil {
			return nil, err
		}
	}
	for _, script := range scripts {
		path := filepath.Join(dir, filepath.FromSlash(script))
		if _, err := os.Stat(path); err == nil {
			return &tool{version: version, script: path, notes: notes}, nil
		}
	}
	return nil, fault.Newf("%s %s is not a program that Node runs", name, version).
		WithHint("name another version in package.json's packageManager field")
}

// fetchNative adds the program of pnpm 12 and later, which its own package only
// starts: an optional dependency of it, put where npm would put it.
func fetchNative(ctx context.Context, dir, version string, r Request, report progress.Reporter) error {
	document, err := r.Client.Package(ctx, "pnpm")
	if err != nil {
		return err
	}
	name := "@pnpm/exe." + runtime.GOOS + "-" + node.Architecture()
	if node.Musl() {
		name += "-musl"
	}
	wanted, native := document.Versions[version].OptionalDependencies[name]
	if !native {
		return nil
	}
	err = r.Client.Tarball(ctx, name, wanted, filepath.Join(dir, "node_modules", filepath.FromSlash(name)), report)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// chooseTool finds the version to fetch. The exact version that the project
// names is taken if it is there and runs on this Node, else the newest of its
// major that does, and that is said.
func chooseTool(ctx context.Context, name string, r Request) (string, []string, error) {
	document, err := r.Client.Package(ctx, name)
	if err != nil {
		return "", nil, err
	}
	running, err := semver.NewVersion(r.Runtime.Version)
	if err != nil {
		return "", nil, fmt.Errorf("reading Node's version: %w", err)
	}
	runs := func(v registry.Version) bool {
		accepts, err := registry.ParseRange(v.Engines["node"])
		return err == nil && accepts(running) && !withoutAllowAll(r.Manager.Kind, v.Version)
	}
	wanted := plainVersion(r.Manager.Version)
	if wanted == "" {
		wanted = generation(r)
	}
	best, err := document.Best(wanted, runs)
	if err == nil {
		return best.Version, nil, nil
	}
	if exact, parseErr := semver.StrictNewVersion(wanted); parseErr == nil {
		if best, err := document.Best(fmt.Sprintf("%d.x", exact.Major()), runs); err == nil {
			note := fmt.Sprintf("%s %s cannot be used here; %s, of the same generation, is used", r.Manager.Kind, wanted, best.Version)
			return best.Version, []string{note}, nil
		}
	}
	return "", nil, fault.Wrap(errors.Join(errNoVersion, err),
		fmt.Sprintf("%s %s cannot be used with Node %s", r.Manager.Kind, wanted, r.Runtime.Version),
		"name another version in package.json's packageManager field")
}

// withoutAllowAll reports the pnpm versions that leave out install scripts and
// have no setting yet that allows them all (it came with 10.9).
func withoutAllowAll(kind Kind, version string) bool {
	if kind != PNPM {
		return false
	}
	parsed, err := semver.StrictNewVersion(version)
	return err == nil && parsed.Major() == 10 && parsed.Minor() < 9
}

var (
	pnpmLock  = regexp.MustCompile(`(?m)^lockfileVersion:\s*['"]?(\d+)`)
	berryLock = regexp.MustCompile(`(?m)^__metadata:\s*\n\s+version:\s*(\d+)`)
)

// generation is the range of manager versions that writes lockfiles of the
// form at hand.
func generation(r Request) string {
	lock := string(r.LockFile)
	first := func(pattern *regexp.Regexp) int {
		match := pattern.FindStringSubmatch(lock)
		if match == nil {
			return 0
		}
		number, err := strconv.Atoi(match[1])
		if err != nil {
			return 0
		}
		return number
	}
	switch r.Manager.Kind {
	case PNPM:
		switch first(pnpmLock) {
		case 5:
			return "7.x"
		case 6:
			return "8.x"
		}
		return "10.x" // form 9 is that of pnpm 9 and later
	case YarnBerry:
		if form := first(berryLock); form != 0 && form < 8 {
			return "3.x"
		}
		return "4.x"
	case Yarn:
		return "1.x"
	case NPM:
	}
	return "*"
}
