package packages

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/registry/environ"
)

// manifest is what an install needs to know of a package.json.
type manifest struct {
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	AllowScripts         json.RawMessage   `json:"allowScripts"`
	PNPM                 map[string]any    `json:"pnpm"`
}

func readManifest(data []byte) (*manifest, error) {
	var m manifest
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &m); err != nil {
		return nil, fault.Wrap(err, "package.json cannot be read", "correct it, then run again")
	}
	return &m, nil
}

// checkLocal refuses dependencies that are folders or archives of the project
// unless they were given along: the tree is installed apart from the project.
func (m *manifest) checkLocal(given map[string][]byte) error {
	for _, set := range []map[string]string{m.Dependencies, m.DevDependencies, m.OptionalDependencies} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			text := set[name]
			var where string
			for _, prefix := range []string{"file:", "link:", "portal:", "workspace:"} {
				if rest, found := strings.CutPrefix(text, prefix); found {
					where = path.Clean(strings.TrimPrefix(rest, "./"))
				}
			}
			if where == "" {
				continue
			}
			isGiven := func(file string) bool { return file == where || strings.HasPrefix(file, where+"/") }
			if slices.ContainsFunc(slices.Collect(maps.Keys(given)), isGiven) {
				continue
			}
			return fault.Newf("package.json takes %s from the project's own files (%s), which cannot be installed beside the project", name, text).
				WithHint("publish it or pack it as an extension under extensions/, then take it out of package.json")
		}
	}
	return nil
}

// hasOwnBuildPolicy reports whether the project itself says which packages
// may run install scripts under pnpm 10 or later.
func (m *manifest) hasOwnBuildPolicy(workspace []byte) bool {
	var settings map[string]any
	if yaml.Unmarshal(workspace, &settings) != nil {
		settings = nil
	}
	for _, key := range []string{"onlyBuiltDependencies", "onlyBuiltDependenciesFile", "neverBuiltDependencies", "ignoredBuiltDependencies", "allowBuilds", "dangerouslyAllowAllBuilds"} {
		if _, found := m.PNPM[key]; found {
			return true
		}
		if _, found := settings[key]; found {
			return true
		}
	}
	return false
}

// checkLinker refuses Plug'n'Play and its kin: Directus looks for packages in
// node_modules, and so does everything that proves an install.
func checkLinker(yarnrc []byte, env []string) error {
	var settings struct {
		NodeLinker string `yaml:"nodeLinker"`
	}
	if err := yaml.Unmarshal(yarnrc, &settings); err != nil {
		return fault.Wrap(err, ".yarnrc.yml cannot be read", "correct it, then run again")
	}
	linker := settings.NodeLinker
	if fromEnv := environ.Get(env, "YARN_NODE_LINKER"); fromEnv != "" {
		linker = fromEnv
	}
	if linker == "node-modules" {
		return nil
	}
	if linker == "" {
		linker = "pnp" // yarn's default from its second generation on
	}
	return fault.Newf("this project installs with yarn's %q linker, with which it cannot be upgraded here", linker).
		WithHint("set \"nodeLinker: node-modules\" in .yarnrc.yml, run yarn install, see that Directus starts, then run again")
}
