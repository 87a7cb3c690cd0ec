package node

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bunnyhop/internal/process"
	"bunnyhop/internal/registry/environ"
)

// Runtime is one Node with its npm.
type Runtime struct {
	// Node is the absolute path of the real binary, not of a version
	// switcher's stand-in for it.
	Node string `json:"node"`
	// NPM is the absolute path of the npm-cli.js that Node runs.
	NPM        string `json:"npm"`
	NPMVersion string `json:"npm_version"`
	Version    string `json:"version"` // "22.23.3"
	Major      int    `json:"major"`
	// Headers is the folder (node-gyp's "nodedir") with the C++ headers of this
	// very version; "" for one of the machine's own that has none beside it.
	Headers string `json:"headers,omitempty"`
	Fetched bool   `json:"fetched"`
	// Bin is the folder to put first on PATH.
	Bin string `json:"bin"`
	// GlobalFile is npm's global configuration file. npm looks for it beside
	// its Node, where a fetched one has none.
	GlobalFile string `json:"global_file,omitempty"`
}

// Environ returns base changed so that node is this one, and native modules
// are compiled against its headers. A nodedir in an .npmrc may lead to those of
// another Node; a variable wins over it. One that is set stays where the Node is
// the machine's own.
func (r *Runtime) Environ(base []string) []string {
	changed := environ.With(base)
	if r.Fetched || !r.leads(base) {
		path := r.Bin
		if rest := environ.Get(base, "PATH"); rest != "" {
			path += string(filepath.ListSeparator) + rest
		}
		changed = environ.With(base, "PATH="+path)
	}
	if !r.Fetched && (r.Headers == "" || slices.ContainsFunc(base, namesHeaders)) {
		return changed
	}
	kept := append(slices.DeleteFunc(changed, namesHeaders), "npm_config_nodedir="+r.Headers)
	if r.GlobalFile != "" {
		kept = environ.With(kept, "npm_config_globalconfig="+r.GlobalFile)
	}
	return kept
}

// namesHeaders reports whether a variable tells npm or node-gyp where headers
// are. They take these names in any case.
func namesHeaders(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return strings.EqualFold(name, "npm_config_nodedir") || strings.EqualFold(name, "npm_package_config_node_gyp_nodedir")
}

// leads reports whether the environment's PATH leads to this Node already.
// Then its order stays: it may decide which compiler is used.
func (r *Runtime) leads(base []string) bool {
	found := environ.LookPath(base, "node")
	if found == "" {
		return false
	}
	real, err := filepath.EvalSymlinks(found)
	if err != nil {
		return false
	}
	own, err := filepath.EvalSymlinks(r.Node)
	return err == nil && real == own
}

// probed is what a Node says about itself.
type probed struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Modules string `json:"modules"` // NODE_MODULE_VERSION
}

func (p probed) major() int {
	text, _, _ := strings.Cut(p.Version, ".")
	major, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return major
}

const probeScript = `console.log("bunnyhop "+JSON.stringify({path:process.execPath,version:process.versions.node,modules:process.versions.modules}))`

// probe runs a Node and asks it. NODE_OPTIONS is dropped: it may load code of
// the person's own.
func probe(ctx context.Context, path string, env []string) (probed, error) {
	var found probed
	err := ask(ctx, path, []string{"-e", probeScript}, "", environ.With(env, "NODE_OPTIONS="), &found)
	if err == nil && (found.major() == 0 || !filepath.IsAbs(found.Path)) {
		err = fmt.Errorf("%s does not say which Node it is", path)
	}
	return found, err
}

// npmVersion runs an npm-cli.js.
func npmVersion(ctx context.Context, node, npm string, env []string) (string, error) {
	var version string
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := process.Run(ctx, process.Spec{
		Path: node, Args: []string{npm, "--version"}, Env: environ.With(env, "NODE_OPTIONS="),
		Line: func(line string) {
			if version == "" && line != "" && line[0] >= '0' && line[0] <= '9' {
				version = strings.TrimSpace(line)
			}
		},
	})
	if err != nil {
		return "", fmt.Errorf("running npm: %w", err)
	}
	if version == "" {
		return "", fmt.Errorf("%s does not say its version", npm)
	}
	return version, nil
}

// ask runs a short script that prints one line "bunnyhop {json}".
func ask(ctx context.Context, node string, args []string, dir string, env []string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var parse error
	said := false
	err := process.Run(ctx, process.Spec{
		Path: node, Args: args, Dir: dir, Env: env,
		Line: func(line string) {
			if text, found := strings.CutPrefix(line, "bunnyhop "); found && !said {
				said, parse = true, json.Unmarshal([]byte(text), answer)
			}
		},
	})
	switch {
	case err != nil:
		return err
	case !said:
		return fmt.Errorf("%s gave no answer", node)
	case parse != nil:
		return fmt.Errorf("reading the answer of %s: %w", node, parse)
	}
	return nil
}
