package project

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/fault"
)

// refuseKind refuses a folder that holds no npm project with Directus in it,
// and says what it holds instead.
func refuseKind(root string, pkg packageJSON, hasPackage bool) error {
	if pkg.Dependencies["directus"] != "" {
		return nil
	}
	if name, err := composeFile(root); err != nil {
		return err
	} else if name != "" {
		return fault.New(fmt.Sprintf("%s runs Directus from an image, and Compose comes later", name),
			"this version upgrades projects that npm, pnpm or yarn installed in a folder")
	}
	switch {
	case !hasPackage:
		return fault.New("there is no Directus project in "+root+": it has no package.json",
			"change to the project's folder, or name it with --project DIR; `bunnyhop demo` makes one to try")
	case len(pkg.Extension) > 0:
		return fault.New(root+" holds a Directus extension, not a project",
			"run bunnyhop in the folder of the project that uses the extension")
	case pkg.DevDependencies["directus"] != "" || pkg.OptionalDependencies["directus"] != "":
		return fault.New("package.json has directus among its development or optional dependencies only",
			"a project that runs Directus has it in \"dependencies\"; move it there")
	}
	return fault.New("there is no Directus project in "+root+": package.json does not depend on directus",
		"change to the project's folder, or name it with --project DIR")
}

// composeFile returns the name of a Compose file with a Directus service, or "".
func composeFile(root string) (string, error) {
	for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", name, err)
		}
		var compose struct {
			Services map[string]struct {
				Image string `yaml:"image"`
			} `yaml:"services"`
		}
		// A Compose file that cannot be read as one is no reason to stop here.
		if yaml.Unmarshal(data, &compose) != nil {
			continue
		}
		for _, service := range compose.Services {
			if directusImage.MatchString(service.Image) {
				return name, nil
			}
		}
	}
	return "", nil
}

var directusImage = regexp.MustCompile(`^(docker\.io/|ghcr\.io/)?directus/directus(:|@|$)`)

// refuseLayout refuses installations whose node_modules is not a folder of
// the project's own.
func refuseLayout(root string, pkg packageJSON) error {
	const oneProject = "bunnyhop upgrades a project that is installed by itself in one folder"
	if hasWorkspaces(pkg.Workspaces) {
		return fault.New("package.json declares workspaces, which are not supported", oneProject)
	}
	if strings.HasPrefix(pkg.Dependencies["directus"], "workspace:") {
		return fault.New("directus is a workspace dependency, which is not supported", oneProject)
	}
	if members, err := pnpmWorkspace(root); err != nil {
		return err
	} else if members {
		return fault.New("pnpm-workspace.yaml declares packages, and workspaces are not supported", oneProject)
	}
	if locks, err := lockFiles(root); err != nil {
		return err
	} else if len(locks) == 0 {
		if above, err := workspaceAbove(root); err != nil {
			return err
		} else if above != "" {
			return fault.New("the folder is part of the workspace at "+above+", and workspaces are not supported", oneProject)
		}
	}
	for _, name := range []string{".pnp.cjs", ".pnp.js", ".pnp.loader.mjs"} {
		if exists(filepath.Join(root, name)) {
			return plugAndPlay(name + " is there")
		}
	}
	return nil
}

func plugAndPlay(why string) error {
	return fault.New("the project uses Yarn without node_modules ("+why+"), which is not supported",
		"put `nodeLinker: node-modules` into .yarnrc.yml and run `yarn install`, then try again")
}

func hasWorkspaces(raw json.RawMessage) bool {
	var list []string
	var object struct {
		Packages []string `json:"packages"`
	}
	if json.Unmarshal(raw, &list) == nil {
		return len(list) > 0
	}
	return json.Unmarshal(raw, &object) == nil && len(object.Packages) > 0
}

// pnpmWorkspace reports whether pnpm-workspace.yaml in dir names packages
// other than the folder itself. From pnpm 10 on the file often holds
// settings only.
func pnpmWorkspace(dir string) (bool, error) {
	path := filepath.Join(dir, "pnpm-workspace.yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", path, err)
	}
	var workspace struct {
		Packages []string `yaml:"packages"`
	}
	if err := yaml.Unmarshal(data, &workspace); err != nil {
		return false, fault.Wrap(err, path+" is not valid YAML", "")
	}
	return slices.ContainsFunc(workspace.Packages, func(p string) bool { return p != "." && p != "./" }), nil
}

// workspaceAbove returns the folder above root that declares a workspace
// which may hold root, or "".
func workspaceAbove(root string) (string, error) {
	for dir := filepath.Dir(root); ; dir = filepath.Dir(dir) {
		// A package.json above that cannot be read is none of this project.
		if pkg, err := readPackageJSON(filepath.Join(dir, "package.json")); err == nil && hasWorkspaces(pkg.Workspaces) {
			return dir, nil
		}
		if members, err := pnpmWorkspace(dir); err == nil && members {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
