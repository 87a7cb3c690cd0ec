package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
)

const (
	// parallel is how many documents are asked for at once.
	parallel = 6
	// fallbacks is how many older versions are tried for the hint.
	fallbacks = 10
)

// MissingError says that a version cannot be installed because one of the
// packages it needs is not in the registry.
type MissingError struct {
	Package  string // "@directus/app"
	Wanted   string // "18.0.1"
	NeededBy string // "@directus/api 39.2.1"; "" for Directus itself
}

func (e *MissingError) Error() string {
	if e.NeededBy == "" {
		return fmt.Sprintf("%s %s is not in the npm registry", e.Package, e.Wanted)
	}
	return fmt.Sprintf("%s needs %s %s, which is not in the npm registry", e.NeededBy, e.Package, e.Wanted)
}

// Installable proves that Directus' own packages of a version all resolve:
// the dependencies of directus and, again and again, of every @directus
// package, each with a listed version. Where one does not, the error holds a
// *MissingError and its hint names the newest version below that resolves.
func Installable(ctx context.Context, client *registry.Client, version string, report progress.Reporter) error {
	err := resolve(ctx, client, version, report)
	var missing *MissingError
	if !errors.As(err, &missing) {
		return err
	}
	failure := fault.Wrap(err, fmt.Sprintf("Directus %s cannot be installed from this npm registry", version), "")
	older, searchErr := newestBelow(ctx, client, version)
	switch {
	case searchErr != nil:
		return failure.WithHint("choose another version")
	case older != "":
		return failure.WithHint("choose %s, the newest version below that can be installed", older)
	}
	return failure.WithHint("no version below it can be installed either; check which registry npm uses: npm config get registry")
}

// newestBelow returns the newest release below a version that resolves, or "".
func newestBelow(ctx context.Context, client *registry.Client, version string) (string, error) {
	limit, err := semver.NewVersion(version)
	if err != nil {
		return "", nil //nolint:nilerr // nothing is below what is not a version
	}
	document, err := client.Package(ctx, Package)
	if err != nil {
		return "", err
	}
	tried := 0
	for _, candidate := range versionsOf(document) {
		if !candidate.LessThan(limit) || candidate.Prerelease() != "" {
			continue
		}
		if tried++; tried > fallbacks {
			break
		}
		err := resolve(ctx, client, candidate.Original(), progress.Discard)
		var missing *MissingError
		if err == nil {
			return candidate.Original(), nil
		}
		if !errors.As(err, &missing) {
			return "", err
		}
	}
	return "", nil
}

// need is one dependency to resolve.
type need struct{ name, wanted, by string }

// resolver walks the tree of Directus' own packages level by level.
type resolver struct {
	client *registry.Client
	report progress.Reporter
	mu     sync.Mutex
	seen   map[string]bool // "name@version" whose dependencies were read
	done   int64
}

func resolve(ctx context.Context, client *registry.Client, version string, report progress.Reporter) error {
	r := &resolver{client: client, report: report, seen: map[string]bool{}}
	level := []need{{name: Package, wanted: version}}
	asked := map[need]bool{}
	for len(level) > 0 {
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(parallel)
		found := make([][]need, len(level))
		// Every need of a level is looked at, so that which one is named
		// does not hang on which answer came first.
		faults := make([]error, len(level))
		for i, wanted := range level {
			group.Go(func() error {
				next, err := r.one(groupCtx, wanted)
				var missing *MissingError
				if err != nil && !errors.As(err, &missing) {
					return err
				}
				found[i], faults[i] = next, err
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		for _, err := range faults {
			if err != nil {
				return err
			}
		}
		level = level[:0:0]
		for _, next := range found {
			for _, wanted := range next {
				key := need{name: wanted.name, wanted: wanted.wanted}
				if !asked[key] {
					asked[key] = true
					level = append(level, wanted)
				}
			}
		}
	}
	return nil
}

// one resolves a need and returns what the version found needs in turn.
func (r *resolver) one(ctx context.Context, wanted need) ([]need, error) {
	missing := &MissingError{Package: wanted.name, Wanted: wanted.wanted, NeededBy: wanted.by}
	document, err := r.client.Package(ctx, wanted.name)
	var notFound *registry.NotFoundError
	if errors.As(err, &notFound) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	version, err := document.Best(wanted.wanted, nil)
	if err != nil {
		return nil, missing
	}
	key := wanted.name + "@" + version.Version
	r.mu.Lock()
	seen := r.seen[key]
	r.seen[key] = true
	if !seen {
		r.done++
		r.report.Progress("checking "+wanted.name, progress.Steps, r.done, 0)
	}
	r.mu.Unlock()
	if seen {
		return nil, nil
	}
	return needsOf(wanted.name+" "+version.Version, version), nil
}

// needsOf lists what a version needs of Directus' own packages, by name. npm
// installs peers too; a missing optional dependency it forgives.
func needsOf(by string, version registry.Version) []need {
	wanted := map[string]string{}
	for name, text := range version.PeerDependencies {
		if !version.PeerMeta[name].Optional {
			wanted[name] = text
		}
	}
	maps.Copy(wanted, version.Dependencies)
	var needs []need
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, optional := version.OptionalDependencies[name]; optional {
			continue
		}
		real, text, checkable := target(name, wanted[name])
		if checkable && (real == Package || strings.HasPrefix(real, "@directus/")) {
			needs = append(needs, need{name: real, wanted: text, by: by})
		}
	}
	return needs
}

// target reads a dependency's text: an alias names another package, a
// workspace range that was published by mistake stands for its range, and
// what comes from elsewhere (git, files, addresses) cannot be asked for here.
func target(name, text string) (string, string, bool) {
	text = strings.TrimSpace(text)
	if alias, found := strings.CutPrefix(text, "npm:"); found {
		at := strings.LastIndexByte(alias, '@')
		if at <= 0 {
			return alias, "*", true
		}
		return alias[:at], alias[at+1:], true
	}
	if workspace, found := strings.CutPrefix(text, "workspace:"); found {
		if workspace == "^" || workspace == "~" {
			workspace = "*"
		}
		return name, workspace, true
	}
	if strings.ContainsAny(text, ":/") {
		return name, text, false
	}
	return name, text, true
}
