package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/registry/environ"
)

// Options is what Find works with.
type Options struct {
	Client   *registry.Client
	CacheDir string   // fetched Nodes go under CacheDir/node
	Environ  []string // its PATH is searched; nil is this process's own
	Reporter progress.Reporter
	// Kept is a folder with copies of fetched Nodes, which have neither their npm
	// nor their headers. Where PATH leads to one that fits, its major counts, and
	// a whole one is found for it. Optional.
	Kept string
	// Offline makes Find fail instead of fetching.
	Offline bool
}

// Find returns a Node of one of the given majors, with an npm: the Node on
// PATH if its major is among them, else one that was fetched before, else one
// fetched from the npm registry (about 50 MB), for which the majors are tried
// in order.
func Find(ctx context.Context, majors []int, options Options) (*Runtime, error) {
	if len(majors) == 0 {
		return nil, fault.New("no Node version is known to work with this version of Directus", "choose a version that bunnyhop versions lists with a Node")
	}
	if options.Environ == nil {
		options.Environ = os.Environ()
	}
	if options.Reporter == nil {
		options.Reporter = progress.Discard
	}
	found, err := onPath(ctx, majors, options)
	if err != nil {
		return nil, err
	}
	if found == nil {
		found = inCache(ctx, majors, options)
	}
	if found == nil {
		found, err = fetchAny(ctx, majors, options)
	}
	if err != nil {
		return nil, err
	}
	if options.Client != nil {
		found.GlobalFile = options.Client.Config().GlobalFile
	}
	return found, nil
}

// onPath returns the Node on PATH, or nil where it does not fit. A Node that
// fits and whose npm cannot be found gets one from the registry.
func onPath(ctx context.Context, majors []int, options Options) (*Runtime, error) {
	path := environ.LookPath(options.Environ, "node")
	if path == "" {
		return nil, nil
	}
	found, err := probe(ctx, path, options.Environ)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, nil //nolint:nilerr // a Node that does not run is as good as none
	}
	if !slices.Contains(majors, found.major()) {
		return nil, nil
	}
	if isKept(found.Path, options.Kept) {
		if r := whole(ctx, found.major(), options); r != nil {
			return r, nil
		}
	}
	r := &Runtime{Node: found.Path, Version: found.Version, Major: found.major(), Bin: filepath.Dir(found.Path), Headers: headersBeside(found)}
	for _, candidate := range npmBeside(found.Path, options.Environ) {
		if version, err := npmVersion(ctx, r.Node, candidate, options.Environ); err == nil {
			r.NPM, r.NPMVersion = candidate, version
			return r, nil
		}
	}
	if err := addNPM(ctx, r, options); err != nil {
		return nil, err
	}
	return r, nil
}

// isKept reports whether a Node lies in the folder of kept ones.
func isKept(node, folder string) bool {
	if folder == "" {
		return false
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(real, node)
	return err == nil && filepath.IsLocal(rel)
}

// whole returns a fetched Node of a major, fetching it if need be, or nil where
// there is none.
func whole(ctx context.Context, major int, options Options) *Runtime {
	if r := inCache(ctx, []int{major}, options); r != nil {
		return r
	}
	r, err := fetchAny(ctx, []int{major}, options)
	if err != nil {
		options.Reporter.Output(err.Error())
		return nil
	}
	return r
}

// headersBeside is the folder with the headers of a Node, in the layout of the
// official archives, or "".
func headersBeside(found probed) string {
	dir := filepath.Dir(filepath.Dir(found.Path))
	text, err := os.ReadFile(filepath.Join(dir, "include", "node", "node_version.h"))
	if err != nil {
		return ""
	}
	numbers := map[string]string{}
	for _, define := range versionDefine.FindAllStringSubmatch(string(text), -1) {
		numbers[define[1]] = define[2]
	}
	if numbers["MAJOR"]+"."+numbers["MINOR"]+"."+numbers["PATCH"] != found.Version {
		return ""
	}
	return dir
}

var versionDefine = regexp.MustCompile(`(?m)^#define NODE_(MAJOR|MINOR|PATCH)_VERSION (\d+)$`)

// npmBeside lists where the npm of a Node may be: in the layout of the
// official archives, or what npm on PATH is a link to.
func npmBeside(node string, env []string) []string {
	candidates := []string{filepath.Join(filepath.Dir(filepath.Dir(node)), "lib", "node_modules", "npm", "bin", "npm-cli.js")}
	if npm := environ.LookPath(env, "npm"); npm != "" {
		if real, err := filepath.EvalSymlinks(npm); err == nil {
			candidates = append(candidates, real)
		}
	}
	return slices.DeleteFunc(candidates, func(path string) bool {
		_, err := os.Stat(path)
		return err != nil || filepath.Base(path) != "npm-cli.js"
	})
}

// inCache returns the newest fetched Node of the first major that there is
// one of, or nil.
func inCache(ctx context.Context, majors []int, options Options) *Runtime {
	entries, err := os.ReadDir(nodeDir(options))
	if err != nil {
		return nil
	}
	var versions []*semver.Version
	for _, entry := range entries {
		if version, err := semver.StrictNewVersion(entry.Name()); err == nil && entry.IsDir() {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, func(a, b *semver.Version) int { return b.Compare(a) })
	for _, major := range majors {
		for _, version := range versions {
			if version.Major() != uint64(major) { //nolint:gosec // a small number
				continue
			}
			if r, err := open(ctx, filepath.Join(nodeDir(options), version.Original()), version.Original(), options); err == nil {
				return r
			}
		}
	}
	return nil
}

func nodeDir(options Options) string { return filepath.Join(options.CacheDir, "node") }

// open takes a fetched Node into use: it is run and must say its version.
func open(ctx context.Context, dir, version string, options Options) (*Runtime, error) {
	path := filepath.Join(dir, "bin", "node")
	found, err := probe(ctx, path, options.Environ)
	if err != nil {
		return nil, fmt.Errorf("running the fetched Node %s: %w", version, err)
	}
	if found.Version != version {
		return nil, fmt.Errorf("the Node fetched as %s says that it is %s", version, found.Version)
	}
	r := &Runtime{
		Node: path, Version: version, Major: found.major(), Headers: headersBeside(found), Fetched: true, Bin: filepath.Dir(path),
		NPM: filepath.Join(dir, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
	}
	if r.Headers == "" {
		return nil, fmt.Errorf("the fetched Node %s lacks its headers", version)
	}
	if r.NPMVersion, err = npmVersion(ctx, r.Node, r.NPM, options.Environ); err != nil {
		return nil, err
	}
	return r, nil
}

// fetchAny fetches the first major that the registry has.
func fetchAny(ctx context.Context, majors []int, options Options) (*Runtime, error) {
	if options.Offline || options.Client == nil {
		return nil, fault.New("no Node "+list(majors)+" on this machine", "install one, or run again with the network on")
	}
	name, err := platformPackage(hostRoot)
	if err != nil {
		return nil, fault.Wrap(err, "no Node "+list(majors)+" on PATH, and none can be fetched for this machine",
			fmt.Sprintf("install Node %d with the system's package manager (with its npm and a C++ compiler), then run again", majors[0]))
	}
	var failures []error
	for _, major := range majors {
		r, err := fetch(ctx, name, major, options)
		if err == nil {
			return r, nil
		}
		failures = append(failures, err)
		var none *registry.NoVersionError
		if !errors.As(err, &none) {
			break
		}
	}
	return nil, fault.Wrap(errors.Join(failures...), "fetching Node "+list(majors),
		hintOr(errors.Join(failures...), fmt.Sprintf("install Node %d yourself, then run again", majors[0])))
}

func hintOr(err error, fallback string) string {
	if hint := fault.HintOf(err); hint != "" {
		return hint + "; or " + fallback
	}
	return fallback
}

func list(majors []int) string {
	texts := make([]string, len(majors))
	for i, major := range majors {
		texts[i] = fmt.Sprint(major)
	}
	return strings.Join(texts, " or ")
}
