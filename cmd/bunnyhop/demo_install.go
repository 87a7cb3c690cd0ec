package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bunnyhop/internal/node"
	"bunnyhop/internal/packages"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/sample"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/site"
)

// makeDemo unpacks the sample into dir and installs the code of its version,
// so that it is a project as somebody has one. A folder that it made and could
// not finish is removed again.
func (a *app) makeDemo(ctx context.Context, dir string) (err error) {
	_, statErr := os.Lstat(dir)
	var report progress.Reporter = &progressLines{app: a}
	if a.flags.json {
		report = &progressEvents{app: a}
	} else {
		a.printf("Making a sample project in %s\n", dir)
	}
	if err := sample.Unpack(dir); err != nil {
		return err
	}
	if os.IsNotExist(statErr) {
		defer func() {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(dir))
			}
		}()
	}
	begin := time.Now()
	if !a.flags.json {
		a.printf("Installing Directus %s from the npm registry; the first time takes some minutes\n", sample.Version)
	}
	reused, err := a.installSample(ctx, dir, report)
	if err != nil {
		return err
	}
	if !a.flags.json {
		how := "installed"
		if reused {
			how = "taken from an earlier installation"
		}
		a.printf("Directus %s %s (%s)\n\n", sample.Version, how, seconds(time.Since(begin)))
	}
	return nil
}

func (a *app) installSample(ctx context.Context, dir string, report progress.Reporter) (reused bool, err error) {
	p, err := project.Detect(dir)
	if err != nil {
		return false, err
	}
	place := site.New(site.Options{Root: p.Root, Environ: a.environ})
	runtime, err := place.Node(ctx, node.Majors(sample.Version), report)
	if err != nil {
		return false, err
	}
	cache, err := state.CacheDir()
	if err != nil {
		return false, err
	}
	request, err := code.Request(p, sample.Version, runtime, a.environ)
	if err != nil {
		return false, err
	}
	tree, reused, err := packages.Install(ctx, cache, request, report)
	if err != nil {
		return false, err
	}
	const lock = "package-lock.json"
	data, err := os.ReadFile(filepath.Join(tree, lock)) //nolint:gosec // a file of the cache
	if err != nil {
		return false, fmt.Errorf("reading the lockfile of the sample: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, lock), data, 0o644); err != nil { //nolint:gosec // a lockfile is public
		return false, fmt.Errorf("writing the lockfile of the sample: %w", err)
	}
	return reused, packages.Copy(ctx, filepath.Join(tree, "node_modules"), filepath.Join(dir, "node_modules"), report)
}

// progressEvents writes the progress of work that is no run as JSON lines.
type progressEvents struct {
	app  *app
	mu   sync.Mutex
	last time.Time
}

// Progress implements progress.Reporter.
func (p *progressEvents) Progress(label string, unit progress.Unit, done, total int64) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last) < time.Second {
		return
	}
	p.last = now
	p.app.writeEvent("progress", now, steps.Progress{Step: "demo", Label: label, Unit: unit, Done: done, Total: total})
}

// Output implements progress.Reporter.
func (p *progressEvents) Output(line string) {
	p.app.writeEvent("output", time.Now(), steps.Output{Step: "demo", Line: p.app.oneLine(line)})
}
