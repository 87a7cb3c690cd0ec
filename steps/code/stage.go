// Package code holds the steps that install code beside the live one and
// switch between the two by rename.
package code

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/packages"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Stage is the step that installs the target version in a folder beside the
// live code, with the project's own package manager and the Node that the
// target needs.
type Stage struct{ Site *site.Site }

// nativeModules are the compiled packages that Directus cannot start without.
// isolated-vm runs the scripts of flows since 10.6.
var nativeModules = []string{"isolated-vm", "argon2", "sharp"}

// Check proves that the staged code is there and loads.
func (s Stage) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	stage, ok := facts.Staged.Get(r)
	target, chosen := facts.Chosen.Get(r)
	if !ok || !chosen || stage.Version != target.To {
		return steps.Unproved("nothing is staged"), nil
	}
	p, err := s.Site.Open(ctx, r)
	if err != nil {
		return steps.Proof{}, err
	}
	runtime := &node.Runtime{Node: stage.Node, Version: stage.NodeVers, Bin: stage.NodeBin}
	if _, err := s.prove(ctx, r, p, stage.Dir, runtime, stage.Version); err != nil {
		if ctx.Err() != nil {
			return steps.Proof{}, ctx.Err()
		}
		return steps.Unproved("the staged code does not load: %v", err), nil
	}
	return steps.Proved("Directus %s on Node %s", stage.Version, stage.NodeVers), nil
}

// Do installs, or takes the tree that an earlier run installed from the same
// files.
func (s Stage) Do(ctx context.Context, r *steps.Run) error {
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return err
	}
	p, err := s.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	runtime, err := s.Site.Node(ctx, target.NodeMajor, r)
	if err != nil {
		return err
	}
	r.Output(fmt.Sprintf("Node %s (%s)", runtime.Version, runtime.Node))
	cache, err := state.CacheDir()
	if err != nil {
		return err
	}
	request, err := Request(p, target.To, runtime, s.Site.Environ())
	if err != nil {
		return err
	}
	if request.Client, err = s.Site.Registry(); err != nil {
		return err
	}
	if err := s.roomToInstall(ctx, cache, target.To, request); err != nil {
		return err
	}
	tree, reused, err := packages.Install(ctx, cache, request, r)
	if err != nil {
		return err
	}
	if reused {
		r.Output("this very installation was made before and is used again")
	}
	dir, err := s.beside(ctx, r, tree)
	if err != nil {
		return err
	}
	live, err := s.keepNode(ctx, r, runtime)
	if err != nil {
		return err
	}
	modules, err := s.prove(ctx, r, p, dir, live, target.To)
	if err != nil {
		if ctx.Err() == nil {
			err = errors.Join(err, packages.Distrust(tree))
		}
		return err
	}
	link := ""
	if live.Fetched {
		link = filepath.Join(dir, "node")
		if err := os.Symlink("node-"+live.Version, link); err != nil {
			return fmt.Errorf("staging the link to Node: %w", err)
		}
	}
	r.Summary("Directus %s on Node %s", target.To, live.Version)
	return facts.Staged.Set(r, facts.Stage{
		Dir: dir, Version: target.To, Key: filepath.Base(tree), Reused: reused,
		Node: live.Node, NodeBin: live.Bin, NodeVers: live.Version, NodeLink: link, Modules: modules,
	})
}

// beside copies the tree into the run's folder in the project.
func (s Stage) beside(ctx context.Context, r *steps.Run, tree string) (string, error) {
	top := facts.Beside(s.Site.Root())
	if err := os.MkdirAll(s.Site.Beside(r), 0o755); err != nil { //nolint:gosec // the server's user must reach the code
		return "", fault.Wrap(err, "making a folder beside the live code", "bunnyhop must be able to write in the project's folder")
	}
	ignore := filepath.Join(top, ".gitignore")
	if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil { //nolint:gosec // as public as the project
		return "", fmt.Errorf("writing %s: %w", ignore, err)
	}
	dir := filepath.Join(s.Site.Beside(r), "stage")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := roomBeside(dir, tree); err != nil {
		return "", err
	}
	if err := packages.Copy(ctx, tree, dir, r); err != nil {
		return "", err
	}
	return dir, nil
}

// keepNode puts a fetched Node into the project: a server must not depend on
// a cache that anyone may empty.
func (s Stage) keepNode(ctx context.Context, r progress.Reporter, runtime *node.Runtime) (*node.Runtime, error) {
	if !runtime.Fetched {
		return runtime, nil
	}
	kept := *runtime
	kept.Bin = filepath.Join(facts.Beside(s.Site.Root()), "node-"+runtime.Version, "bin")
	kept.Node = filepath.Join(kept.Bin, "node")
	if there, err := site.Exists(kept.Node); err != nil || there {
		return &kept, err
	}
	if err := os.MkdirAll(filepath.Dir(kept.Bin), 0o755); err != nil { //nolint:gosec // the server's user must reach it
		return nil, err
	}
	r.Progress("keeping Node "+runtime.Version+" with the project", progress.Steps, 0, 0)
	r.Output("keeping Node " + runtime.Version + " with the project")
	return &kept, packages.Copy(ctx, filepath.Dir(runtime.Node), kept.Bin, progress.Discard)
}

// prove runs the staged CLI and loads the native modules under the very Node
// that the server will use.
func (s Stage) prove(ctx context.Context, r *steps.Run, p *project.Project, dir string, runtime *node.Runtime, version string) ([]string, error) {
	r.Progress("proving that the new code loads", progress.Steps, 0, 0)
	cli := directus.CLI{Node: runtime.Node, Tree: dir, Dir: dir, Environ: runtime.Environ(s.Site.Environ()), Redact: r.Redact}
	got, err := cli.Version(ctx)
	if err != nil {
		return nil, err
	}
	if got != version {
		return nil, fault.Newf("the staged code says that it is Directus %s, not %s", got, version).
			WithHint("another package in package.json may pin Directus; look at `npm ls directus`")
	}
	_, api, err := directus.PackageDir(dir)
	if err != nil {
		return nil, err
	}
	modules := nativeModules
	if p.Config.Database().Client == "sqlite3" {
		modules = append(modules[:len(modules):len(modules)], "sqlite3")
	}
	var loaded []string
	for _, module := range modules {
		if err := runtime.LoadModule(ctx, api, module); err != nil {
			return nil, err
		}
		loaded = append(loaded, module)
	}
	return loaded, nil
}

// Clean removes what was staged and not switched to, and keeps what rolling
// back needs.
func (s Stage) Clean(_ context.Context, r *steps.Run) error {
	if err := site.Remove(r, "what was staged and is not in use", filepath.Join(s.Site.Beside(r), "stage")); err != nil {
		return err
	}
	// What was switched away from stays for rolling back; empty folders go.
	_ = os.Remove(filepath.Join(s.Site.Beside(r), "before"))
	_ = os.Remove(s.Site.Beside(r))
	return nil
}

// Request describes the installation of a version for a project: its own
// package file with only that version changed, its lockfile, its settings.
func Request(p *project.Project, version string, runtime *node.Runtime, environ []string) (packages.Request, error) {
	manifest, err := os.ReadFile(p.PackageFile)
	if err != nil {
		return packages.Request{}, fmt.Errorf("reading package.json: %w", err)
	}
	if manifest, err = project.SetDependency(manifest, "directus", version); err != nil {
		return packages.Request{}, err
	}
	request := packages.Request{
		PackageJSON: manifest, Runtime: runtime, Environ: environ,
		Manager:  packages.Manager{Kind: packages.Kind(p.Manager), Version: p.ManagerVersion},
		Settings: map[string][]byte{},
	}
	if p.LockFile != "" {
		request.LockName = filepath.Base(p.LockFile)
		if request.LockFile, err = os.ReadFile(p.LockFile); err != nil {
			return packages.Request{}, fmt.Errorf("reading the lockfile: %w", err)
		}
	}
	for _, name := range []string{".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"} {
		data, err := os.ReadFile(filepath.Join(p.Root, name)) //nolint:gosec // fixed names in the project
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return packages.Request{}, fmt.Errorf("reading %s: %w", name, err)
		}
		request.Settings[name] = data
	}
	return request, nil
}
