package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/process"
	"bunnyhop/internal/registry"
)

// bundled is the npm major that a Node major came with. A newer npm would
// often run too, but npm 12 leaves out the install scripts of packages that a
// project did not approve, and native modules are made by those.
func bundled(node int) int {
	switch {
	case node <= 16:
		return 8
	case node <= 22:
		return 10
	}
	return 11
}

// fetch fetches the newest Node of a major, and an npm for it, into the cache.
func fetch(ctx context.Context, name string, major int, options Options) (*Runtime, error) {
	document, err := options.Client.Package(ctx, name)
	if err != nil {
		return nil, err
	}
	version, err := document.Best(fmt.Sprintf("%d.x", major), nil)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(nodeDir(options), version.Version)
	if err := os.MkdirAll(nodeDir(options), 0o755); err != nil { //nolint:gosec // Node may run as another user
		return nil, fmt.Errorf("making the folder for fetched Nodes: %w", err)
	}
	removeDeadPartials(nodeDir(options))
	temp := filepath.Join(nodeDir(options), fmt.Sprintf("partial-%d-%s", os.Getpid(), version.Version))
	defer func() { _ = os.RemoveAll(temp) }() // gone already when renamed
	if err := os.RemoveAll(temp); err != nil {
		return nil, fmt.Errorf("removing an unfinished folder: %w", err)
	}
	options.Reporter.Output(fmt.Sprintf("fetching Node %s (%s)", version.Version, name))
	if err := options.Client.TarballUnflushed(ctx, name, version.Version, temp, options.Reporter); err != nil {
		return nil, err
	}
	npm, err := npmFor(ctx, version.Version, major, options)
	if err != nil {
		return nil, err
	}
	options.Reporter.Output("fetching npm " + npm)
	if err := options.Client.TarballUnflushed(ctx, "npm", npm, filepath.Join(temp, "lib", "node_modules", "npm"), options.Reporter); err != nil {
		return nil, err
	}
	if err := linkNPM(temp); err != nil {
		return nil, err
	}
	if _, err := open(ctx, temp, version.Version, options); err != nil {
		return nil, err
	}
	if err := finish(temp, dir); err != nil {
		return nil, err
	}
	return open(ctx, dir, version.Version, options)
}

// npmFor chooses the newest npm of the bundled major that accepts a Node.
func npmFor(ctx context.Context, node string, major int, options Options) (string, error) {
	document, err := options.Client.Package(ctx, "npm")
	if err != nil {
		return "", err
	}
	parsed, err := semver.NewVersion(node)
	if err != nil {
		return "", fmt.Errorf("reading Node's version: %w", err)
	}
	best, err := document.Best(fmt.Sprintf("%d.x", bundled(major)), func(v registry.Version) bool {
		accepts, err := registry.ParseRange(v.Engines["node"])
		return err == nil && accepts(parsed)
	})
	return best.Version, err
}

// addNPM gives a Node of the machine's own an npm from the registry.
func addNPM(ctx context.Context, r *Runtime, options Options) error {
	if options.Client == nil || options.Offline {
		return fmt.Errorf("no npm for the Node at %s", r.Node)
	}
	version, err := npmFor(ctx, r.Version, r.Major, options)
	if err != nil {
		return err
	}
	dir := filepath.Join(options.CacheDir, "tools", "npm-"+version)
	err = options.Client.Tarball(ctx, "npm", version, dir, options.Reporter)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	r.NPM = filepath.Join(dir, "bin", "npm-cli.js")
	r.NPMVersion, err = npmVersion(ctx, r.Node, r.NPM, options.Environ)
	return err
}

// linkNPM makes npm and npx findable on PATH, as the official archives do:
// packages' install scripts call them.
func linkNPM(dir string) error {
	for _, name := range []string{"npm", "npx"} {
		script := filepath.Join("lib", "node_modules", "npm", "bin", name+"-cli.js")
		if err := os.Chmod(filepath.Join(dir, script), 0o755); err != nil { //nolint:gosec // a program
			return fmt.Errorf("making %s a program: %w", name, err)
		}
		if err := os.Symlink(filepath.Join("..", script), filepath.Join(dir, "bin", name)); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}

// finish flushes temp to disk and gives it its name. What stands there
// already did not run (else it had been used) or was made by another process
// just now; either way what was proved here takes its place.
func finish(temp, dir string) error {
	opened, err := os.Open(temp) //nolint:gosec // made by this package
	if err != nil {
		return fmt.Errorf("opening %s: %w", temp, err)
	}
	err = unix.Syncfs(int(opened.Fd()))
	_ = opened.Close()
	if err != nil {
		return fmt.Errorf("flushing %s: %w", temp, err)
	}
	err = os.Rename(temp, dir)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		// Two renames instead of remove and rename: a process that started
		// from the old folder keeps its open files.
		aside := temp + ".old"
		if err = os.Rename(dir, aside); err == nil {
			err = os.Rename(temp, dir)
			_ = os.RemoveAll(aside)
		}
	}
	if err != nil {
		return fmt.Errorf("finishing %s: %w", dir, err)
	}
	return nil
}

// removeDeadPartials removes what processes that are gone left unfinished.
func removeDeadPartials(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		var pid int
		var rest string
		if n, _ := fmt.Sscanf(entry.Name(), "partial-%d-%s", &pid, &rest); n != 2 {
			continue
		}
		if _, err := process.Stat(pid); errors.Is(err, process.ErrGone) {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}
