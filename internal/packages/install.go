package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// Install returns a folder with package.json, lockfile, settings and
// node_modules of a request: the kept one of the same Key if it is whole
// (reused), else one installed now. The folder belongs to the cache: copy it
// with Copy, never run from it or change it. An install that fails or is
// killed leaves nothing under the key. The error of a failed install is a
// *fault.Error that names the cause.
func Install(ctx context.Context, cacheDir string, r Request, report progress.Reporter) (tree string, reused bool, err error) {
	if err := r.check(); err != nil {
		return "", false, err
	}
	key := Key(r)
	dir := treesDir(cacheDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, fmt.Errorf("making the folder for trees: %w", err)
	}
	// One process installs a key; a second one waits and takes its tree.
	lock := flock.New(filepath.Join(dir, key+".lock"))
	if held, err := lock.TryLock(); err == nil && !held {
		report.Output("another install of the same tree is at work; waiting for it")
	}
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", false, fmt.Errorf("waiting for another install of the same tree: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	removeDead(dir, "")

	tree = filepath.Join(dir, key)
	if complete(tree) {
		now := time.Now()
		_ = os.Chtimes(filepath.Join(tree, markerName), now, now) // for Prune
		return tree, true, nil
	}
	if err := discard(tree); err != nil {
		return "", false, err
	}
	temp := partial(tree)
	defer func() { _ = os.RemoveAll(temp) }() // gone already when renamed
	m, err := installIn(ctx, cacheDir, temp, r, report)
	if err != nil {
		return "", false, err
	}
	m.Key = key
	wanted, err := readManifest(r.PackageJSON)
	if err != nil {
		return "", false, err
	}
	if err := seal(temp, m, wanted); err != nil {
		return "", false, err
	}
	if err := os.Rename(temp, tree); err != nil {
		return "", false, fmt.Errorf("finishing the tree: %w", err)
	}
	return tree, false, flushName(dir)
}

func installIn(ctx context.Context, cacheDir, dir string, r Request, report progress.Reporter) (*marker, error) {
	if err := writeInputs(dir, r); err != nil {
		return nil, err
	}
	command, err := commandFor(ctx, cacheDir, r, report)
	if err != nil {
		return nil, err
	}
	for _, note := range command.notes {
		report.Output(note)
	}
	watch := watchGrowth(ctx, dir, expected(r.LockName, r.LockFile), string(r.Manager.Kind), report)
	var output tail
	err = process.Run(ctx, process.Spec{
		Path: r.Runtime.Node, Args: command.args, Dir: dir, Env: command.env,
		Line: func(line string) {
			output.add(line)
			report.Output(line)
		},
	})
	watch.stop()
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("installing with %s: %w", command.name, ctx.Err())
		}
		return nil, Explain(command.name, dir, output.lines(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		return nil, fault.Wrap(err, command.name+" made no node_modules", "look at the project's settings for the place of its modules (modules-dir, nodeLinker)")
	}
	return &marker{Manager: command.name, Node: r.Runtime.Version, Made: time.Now().UTC()}, nil
}

// writeInputs lays out what the manager reads. Everything is for the owner
// only: settings may hold logins.
func writeInputs(dir string, r Request) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing an unfinished tree: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // its parent is for the owner only; the mode is copied beside the project
		return fmt.Errorf("making the tree's folder: %w", err)
	}
	files := map[string][]byte{"package.json": r.PackageJSON}
	if r.LockFile != nil {
		files[r.LockName] = r.LockFile
	}
	for name, data := range r.Settings {
		files[filepath.FromSlash(name)] = data
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
			return fmt.Errorf("making the folder of %s: %w", name, err)
		}
		mode := os.FileMode(0o600)
		if name == "package.json" || name == r.LockName {
			mode = 0o644
		}
		if err := os.WriteFile(path, data, mode); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// tail keeps the last lines of output for Explain.
type tail struct{ kept []string }

const tailLines = 400

func (t *tail) add(line string) {
	if t.kept = append(t.kept, line); len(t.kept) > tailLines {
		t.kept = t.kept[1:]
	}
}

func (t *tail) lines() []string { return t.kept }

// errNoVersion says that no version of a package manager runs on the Node.
var errNoVersion = errors.New("no version of it runs on this Node")

func plainVersion(text string) string {
	version, _, _ := strings.Cut(strings.TrimSpace(text), "+")
	return strings.TrimPrefix(version, "v")
}
