package project

import (
	"bytes"
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

// lockFiles returns the names of the lockfiles in root. npm's two count as
// one: npm reads npm-shrinkwrap.json when both are there.
func lockFiles(root string) ([]string, error) {
	var found []string
	for _, name := range []string{"npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"} {
		_, err := os.Lstat(filepath.Join(root, name))
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("looking for %s: %w", name, err)
		case name == "package-lock.json" && slices.Contains(found, "npm-shrinkwrap.json"):
		case name == "bun.lockb" && slices.Contains(found, "bun.lock"):
		default:
			found = append(found, name)
		}
	}
	return found, nil
}

// findManager decides which package manager the project uses: packageManager
// in package.json and the lockfile have to agree; without either, what the
// installed node_modules says; without any, npm.
func (p *Project) findManager(pkg packageJSON) error {
	locks, err := lockFiles(p.Root)
	if err != nil {
		return err
	}
	if len(locks) > 1 {
		return fault.New("there are several lockfiles: "+strings.Join(locks, ", "),
			"keep the one of the package manager that you use, and remove the others")
	}
	named, version, _ := strings.Cut(pkg.PackageManager, "@")
	version, _, _ = strings.Cut(version, "+") // "9.1.0+sha512.…"
	named = strings.TrimSpace(named)

	family := "" // npm, pnpm or yarn
	if len(locks) == 1 {
		p.LockFile = filepath.Join(p.Root, locks[0])
		switch locks[0] {
		case "pnpm-lock.yaml":
			family = "pnpm"
		case "yarn.lock":
			family = "yarn"
		case "bun.lock", "bun.lockb":
			family = "bun"
		default:
			family = "npm"
		}
	}
	switch {
	case family == "":
		if family = named; family == "" {
			family = installedBy(p.Root)
		}
	case named != "" && named != family:
		return fault.New(fmt.Sprintf("package.json names %s as its package manager, but the lockfile is %s", named, locks[0]),
			"remove the one that you do not use")
	}
	if named == family {
		p.ManagerVersion = version
	}
	switch family {
	case "npm":
		p.Manager = NPM
	case "pnpm":
		p.Manager = PNPM
		if p.ManagerVersion == "" {
			p.ManagerVersion = pnpmVersion(p.Root)
		}
	case "yarn":
		return p.findYarn()
	default:
		return fault.New("the package manager "+family+" is not supported", "bunnyhop works with npm, pnpm and yarn")
	}
	return nil
}

// installedBy tells from the marks in node_modules who installed it.
func installedBy(root string) string {
	modules := filepath.Join(root, "node_modules")
	switch {
	case exists(filepath.Join(modules, ".modules.yaml")):
		return "pnpm"
	case exists(filepath.Join(modules, ".yarn-integrity")), exists(filepath.Join(modules, ".yarn-state.yml")):
		return "yarn"
	}
	return "npm"
}

// pnpmVersion is the version that installed node_modules, else the major
// version that writes the lockfile's format (9.0 is pnpm 9 and later).
func pnpmVersion(root string) string {
	var installed struct {
		PackageManager string `yaml:"packageManager"`
	}
	if data, err := os.ReadFile(filepath.Join(root, "node_modules", ".modules.yaml")); err == nil &&
		yaml.Unmarshal(data, &installed) == nil {
		if version, ok := strings.CutPrefix(installed.PackageManager, "pnpm@"); ok {
			return version
		}
	}
	data, err := os.ReadFile(filepath.Join(root, "pnpm-lock.yaml"))
	if err != nil {
		return ""
	}
	format := pnpmLockVersion.FindSubmatch(data)
	if format == nil {
		return ""
	}
	switch string(format[1]) {
	case "5":
		return "7"
	case "6":
		return "8"
	}
	return string(format[1])
}

var pnpmLockVersion = regexp.MustCompile(`(?m)^lockfileVersion: ['"]?(\d+)`)

var yarnPath = regexp.MustCompile(`yarn-(\d+\.\d+\.\d+[^/]*)\.c?js$`)

// findYarn tells Yarn 1 from the later ones, which write another lockfile
// and need not use node_modules.
func (p *Project) findYarn() error {
	rc, err := readYarnRC(p.Root)
	if err != nil {
		return err
	}
	berry := rc.found
	if p.LockFile != "" {
		data, err := os.ReadFile(p.LockFile)
		if err != nil {
			return fault.Wrap(err, "yarn.lock cannot be read", "")
		}
		// Yarn 1 writes "# yarn lockfile v1", the later ones a __metadata entry.
		switch {
		case bytes.Contains(data, []byte("\n__metadata:")):
			berry = true
		case bytes.Contains(data, []byte("# yarn lockfile v1")):
			berry = false
		}
	}
	if p.ManagerVersion != "" {
		berry = !strings.HasPrefix(p.ManagerVersion, "1.") && p.ManagerVersion != "1"
	} else if m := yarnPath.FindStringSubmatch(rc.YarnPath); m != nil && berry {
		p.ManagerVersion = m[1]
	}
	if !berry {
		p.Manager = YarnClassic
		if p.ManagerVersion == "" {
			p.ManagerVersion = "1"
		}
		return nil
	}
	p.Manager = YarnBerry
	linker := rc.NodeLinker
	if v := os.Getenv("YARN_NODE_LINKER"); v != "" {
		linker = v
	}
	switch linker {
	case "node-modules":
		return nil
	case "":
		return plugAndPlay("nodeLinker is not set, and its default is pnp")
	}
	return plugAndPlay("nodeLinker is " + linker)
}

type yarnRC struct {
	NodeLinker string `yaml:"nodeLinker"`
	YarnPath   string `yaml:"yarnPath"`
	found      bool   // in the root itself
}

// readYarnRC reads .yarnrc.yml as Yarn does: the nearest one wins, key by
// key, then the one in the home folder.
func readYarnRC(root string) (yarnRC, error) {
	var all yarnRC
	read := func(dir string) error {
		path := filepath.Join(dir, ".yarnrc.yml")
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) || (err != nil && dir != root) {
			return nil
		}
		if err != nil {
			return fault.Wrap(err, path+" cannot be read", "")
		}
		var one yarnRC
		if err := yaml.Unmarshal(data, &one); err != nil {
			return fault.Wrap(err, path+" is not valid YAML", "")
		}
		all.found = all.found || dir == root
		if all.NodeLinker == "" {
			all.NodeLinker = one.NodeLinker
		}
		if all.YarnPath == "" {
			all.YarnPath = one.YarnPath
		}
		return nil
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		if err := read(dir); err != nil {
			return all, err
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		return all, read(home)
	}
	return all, nil
}
