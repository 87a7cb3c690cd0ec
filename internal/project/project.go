// Package project finds a Directus project in a folder and reads what it is:
// its package manager, its versions, its configuration and the settings that a
// person gave for it.
package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"bunnyhop/internal/fault"
)

// PackageManager is the program that installs the project's dependencies.
type PackageManager string

// The package managers. Yarn 1 and the later ones share a name only.
const (
	NPM         PackageManager = "npm"
	PNPM        PackageManager = "pnpm"
	YarnClassic PackageManager = "yarn"
	YarnBerry   PackageManager = "yarn-berry"
)

// Project is a Directus project in a folder.
type Project struct {
	Root        string // absolute, without symbolic links
	Name        string // the name in package.json, or the folder's
	PackageFile string // absolute path of package.json
	Manager     PackageManager
	// ManagerVersion is exact when package.json or an installation names it,
	// else a major version when the lockfile tells it, else "".
	ManagerVersion string
	LockFile       string // absolute; "" when there is none
	Declared       string // the range at dependencies.directus
	Installed      string // the version in node_modules/directus; "" when not installed
	// LocalDependencies lie in folders of this machine.
	LocalDependencies []LocalDependency
	Settings          Settings
	Config            *Config // nil until LoadConfig
}

// CLI is the path of the Directus command line program, relative to the root.
const CLI = "node_modules/directus/cli.js"

// Detect reads the project in dir, and only there. What is no project, or one
// of a kind that bunnyhop does not handle, is a *fault.Error that says why. The
// configuration is read later, by LoadConfig.
func Detect(dir string) (*Project, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", dir, err)
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, fault.New("there is no folder "+root, "name the project's folder with --project DIR")
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, fmt.Errorf("resolving %s: %w", dir, err)
	}
	p := &Project{Root: root, Name: filepath.Base(root), PackageFile: filepath.Join(root, "package.json")}
	pkg, err := readPackageJSON(p.PackageFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := refuseKind(root, pkg, err == nil); err != nil {
		return nil, err
	}
	if pkg.Name != "" {
		p.Name = pkg.Name
	}
	p.Declared = pkg.Dependencies["directus"]
	if err := refuseLayout(root, pkg); err != nil {
		return nil, err
	}
	if err := p.findManager(pkg); err != nil {
		return nil, err
	}
	if p.Installed, err = InstalledVersion(filepath.Join(root, "node_modules"), "directus"); err != nil {
		return nil, err
	}
	p.LocalDependencies = localDependencies(root, pkg)
	settings := filepath.Join(root, SettingsFile)
	if _, err := os.Lstat(settings); err == nil {
		if p.Settings, err = ReadSettings(settings); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// InstalledVersion returns the version of a package in a node_modules folder;
// "" when it is not there.
func InstalledVersion(nodeModules, name string) (string, error) {
	path := filepath.Join(nodeModules, filepath.FromSlash(name), "package.json")
	pkg, err := readPackageJSON(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if pkg.Version == "" {
		return "", fault.New(path+" names no version",
			"the installation is damaged; install the project's dependencies again")
	}
	return pkg.Version, nil
}
