package directus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// Source says where an extension comes from, in the words of
// directus_extensions.source.
type Source string

// The sources.
const (
	Local    Source = "local"    // a folder of EXTENSIONS_PATH
	Registry Source = "registry" // installed from the marketplace
	Module   Source = "module"   // a dependency of the project's package.json
)

// Extension is one extension as it lies on disk.
type Extension struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // interface, hook, bundle …; empty where it is not said
	Version string `json:"version,omitempty"`
	// Host is the range of Directus versions it was made for. Directus does
	// not enforce it.
	Host   string `json:"host,omitempty"`
	Path   string `json:"path"`
	Source Source `json:"source"`
	// Folder is the name of its folder, or of its package for a module; with
	// Source it is the key in directus_extensions.
	Folder string `json:"folder"`
	// Entries lists the parts of a bundle as "type name".
	Entries []string `json:"entries,omitempty"`
	// Sandboxed is set when it runs isolated, with the rights it asks for.
	Sandboxed bool `json:"sandboxed,omitempty"`
	// Problem says why Directus does not load it, or what it does to others.
	Problem string `json:"problem,omitempty"`
}

// typedFolders are the folders that held extensions by type up to 10.9.
var typedFolders = []string{"interfaces", "displays", "layouts", "modules", "panels", "hooks", "endpoints", "operations", "bundles"}

var extensionTypes = []string{"interface", "display", "layout", "module", "panel", "theme", "hook", "endpoint", "operation", "bundle"}

type manifest struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Dependencies map[string]string `json:"dependencies"`
	Extension    *struct {
		Type    string          `json:"type"`
		Path    json.RawMessage `json:"path"`
		Host    string          `json:"host"`
		Entries []struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"entries"`
		Sandbox *struct {
			Enabled bool `json:"enabled"`
		} `json:"sandbox"`
	} `json:"directus:extension"`
}

// ListExtensions lists the extensions that Directus 10.10 and later would find
// in extensionsPath and among the dependencies of packageRoot's package.json
// (@directus/extensions 3.0, resolveFsExtensions and resolveModuleExtensions),
// and the folders by type that Directus read up to 10.9, with a Problem.
// A folder that does not exist has none; one that cannot be read is an error.
func ListExtensions(extensionsPath, packageRoot string) ([]Extension, error) {
	var all []Extension
	for _, part := range []struct {
		dir    string
		source Source
	}{{extensionsPath, Local}, {filepath.Join(extensionsPath, ".registry"), Registry}} {
		found, err := folderExtensions(part.dir, part.source)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	modules, err := moduleExtensions(packageRoot)
	if err != nil {
		return nil, err
	}
	all = append(all, modules...)
	slices.SortStableFunc(all, func(a, b Extension) int {
		return strings.Compare(a.Name+"\x00"+string(a.Source), b.Name+"\x00"+string(b.Source))
	})
	return all, nil
}

func folderExtensions(dir string, source Source) ([]Extension, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "the extensions cannot be listed", "make the folder readable")
	}
	var found []Extension
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || !isDir(path) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(path, "package.json")) //nolint:gosec // the project's own file
		if errors.Is(err, fs.ErrNotExist) {
			if source == Local && slices.Contains(typedFolders, entry.Name()) {
				typed, err := typedExtensions(path, strings.TrimSuffix(entry.Name(), "s"))
				if err != nil {
					return nil, err
				}
				found = append(found, typed...)
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the extension %s: %w", entry.Name(), err)
		}
		extension := describe(data, entry.Name(), path, source)
		found = append(found, extension)
	}
	return found, nil
}

func typedExtensions(dir, kind string) ([]Extension, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the extensions in %s: %w", dir, err)
	}
	var found []Extension
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || !isDir(path) {
			continue
		}
		found = append(found, Extension{
			Name: entry.Name(), Type: kind, Path: path, Source: Local, Folder: filepath.Base(dir) + "/" + entry.Name(),
			Problem: "lies in a folder by type, which Directus ignores from 10.10 on: move it up one level and give it a package.json",
		})
	}
	return found, nil
}

func moduleExtensions(root string) ([]Extension, error) {
	if root == "" {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(root, "package.json")) //nolint:gosec // the project's own file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the project's package.json: %w", err)
	}
	var project manifest
	if err := json.Unmarshal(data, &project); err != nil {
		return nil, fault.Wrap(err, "the project's package.json is not valid JSON", "correct the file")
	}
	var found []Extension
	for name := range project.Dependencies {
		path := resolvePackage(name, root)
		if path == "" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(path, "package.json")) //nolint:gosec // an installed package's
		if err != nil {
			return nil, fmt.Errorf("reading the package %s: %w", name, err)
		}
		var m manifest
		if json.Unmarshal(data, &m) != nil || m.Extension == nil {
			continue
		}
		found = append(found, describe(data, name, path, Module))
	}
	return found, nil
}

// resolvePackage finds an installed package as Node does: in node_modules of
// the folder, then of each folder above it.
func resolvePackage(name, dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		path := filepath.Join(abs, "node_modules", filepath.FromSlash(name))
		if _, err := os.Stat(filepath.Join(path, "package.json")); err == nil {
			return path
		}
		parent := filepath.Dir(abs)
		if parent == abs {
			return ""
		}
		abs = parent
	}
}

func describe(data []byte, folder, path string, source Source) Extension {
	e := Extension{Name: folder, Folder: folder, Path: path, Source: source}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			e.Problem = "its package.json is not valid JSON, so that Directus passes it over"
		} else {
			e.Problem = "its package.json is not an extension's; while it is there, no extension loads at all"
		}
		return e
	}
	e.Version = m.Version
	if m.Name != "" {
		e.Name = m.Name
	}
	var missing []string
	if x := m.Extension; x == nil {
		missing = append(missing, "directus:extension")
	} else {
		e.Type, e.Host = x.Type, x.Host
		e.Sandboxed = x.Sandbox != nil && x.Sandbox.Enabled
		for _, entry := range x.Entries {
			e.Entries = append(e.Entries, entry.Type+" "+entry.Name)
		}
		if !slices.Contains(extensionTypes, x.Type) {
			missing = append(missing, "a known type")
		}
		if len(x.Path) == 0 {
			missing = append(missing, "path")
		}
		if x.Host == "" {
			missing = append(missing, "host")
		}
	}
	if m.Name == "" {
		missing = append(missing, "name")
	}
	if m.Version == "" {
		missing = append(missing, "version")
	}
	if len(missing) > 0 {
		e.Problem = "its package.json lacks " + strings.Join(missing, ", ") + "; while it is there, no extension loads at all"
	}
	return e
}
