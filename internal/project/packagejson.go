package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// packageJSON is what is read of a package.json.
type packageJSON struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	PackageManager       string            `json:"packageManager"`
	Workspaces           json.RawMessage   `json:"workspaces"`
	Extension            json.RawMessage   `json:"directus:extension"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
}

// readPackageJSON reads a package.json. A missing file is os.ErrNotExist.
func readPackageJSON(path string) (packageJSON, error) {
	var p packageJSON
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	if err != nil {
		return p, fault.Wrap(err, "package.json cannot be read", "check the permissions of "+path)
	}
	// npm accepts a byte order mark; encoding/json does not.
	err = json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), &p)
	if err != nil {
		return p, fault.Wrap(jsonError(data, err), path+" is not valid JSON",
			"it may be half written; compare it with a copy that is known to be good")
	}
	return p, nil
}

// jsonError adds the line to a JSON error that has a position.
func jsonError(data []byte, err error) error {
	var offset int64
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typed):
		offset = typed.Offset
	default:
		return err
	}
	line := 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, err)
}

// LocalDependency is a dependency that lies in a folder of this machine, so
// that a relative path in it holds only from the project's root.
type LocalDependency struct {
	Name string `json:"name"`
	Spec string `json:"spec"` // as in package.json: "file:../theme"
	Path string `json:"path"` // absolute
}

func localDependencies(root string, p packageJSON) []LocalDependency {
	var found []LocalDependency
	for _, section := range []map[string]string{p.Dependencies, p.DevDependencies, p.OptionalDependencies} {
		for _, name := range slices.Sorted(maps.Keys(section)) {
			spec := section[name]
			path := spec
			for _, prefix := range []string{"file:", "link:", "portal:"} {
				path = strings.TrimPrefix(path, prefix)
			}
			isPath := path != spec
			for _, start := range []string{"./", "../", "/", "~/"} {
				isPath = isPath || strings.HasPrefix(spec, start)
			}
			if !isPath || slices.ContainsFunc(found, func(d LocalDependency) bool { return d.Name == name }) {
				continue
			}
			if rest, ok := strings.CutPrefix(path, "~/"); ok {
				if home, err := os.UserHomeDir(); err == nil {
					path = filepath.Join(home, rest)
				}
			}
			if !filepath.IsAbs(path) {
				path = filepath.Join(root, path)
			}
			found = append(found, LocalDependency{Name: name, Spec: spec, Path: filepath.Clean(path)})
		}
	}
	return found
}

// SetDependency returns a package.json in which dependencies.<name> is the
// version. Only the bytes of that value change: formatting, key order, line
// ends and the last newline stay. A name that is not there is an error.
func SetDependency(content []byte, name, version string) ([]byte, error) {
	from, to, err := dependencyValue(content, name)
	if err != nil {
		return nil, fmt.Errorf("setting %s in package.json: %w", name, err)
	}
	var value bytes.Buffer
	encoder := json.NewEncoder(&value)
	encoder.SetEscapeHTML(false) // ">=11" stays readable
	if err := encoder.Encode(version); err != nil {
		return nil, fmt.Errorf("setting %s in package.json: %w", name, err)
	}
	quoted := bytes.TrimSuffix(value.Bytes(), []byte("\n"))
	return append(append(bytes.Clone(content[:from]), quoted...), content[to:]...), nil
}

// dependencyValue finds the bytes of the string dependencies.<name>, quotes
// included. Of a key that stands twice the last one counts, as in JSON.parse.
func dependencyValue(content []byte, name string) (from, to int, err error) {
	bom := len(content) - len(bytes.TrimPrefix(content, []byte("\uFEFF")))
	decoder := json.NewDecoder(bytes.NewReader(content[bom:]))
	// path holds the open containers; a key waits in key until its value comes.
	type container struct {
		key    string
		object bool
		isKey  bool // the next token is a key
	}
	var path []container
	section := 0 // counts objects at "dependencies", so that the last one wins
	found := 0
	for {
		before := int(decoder.InputOffset()) + bom
		token, err := decoder.Token()
		if err != nil {
			if len(path) == 0 && found > 0 && found == section {
				return from, to, nil
			}
			if len(path) == 0 && err.Error() == "EOF" {
				return 0, 0, fmt.Errorf("it is not in dependencies")
			}
			return 0, 0, err
		}
		var top *container
		if len(path) > 0 {
			top = &path[len(path)-1]
		}
		delim, isDelim := token.(json.Delim)
		switch {
		case isDelim && (delim == '}' || delim == ']'):
			path = path[:len(path)-1]
		case top != nil && top.object && top.isKey:
			top.key, _ = token.(string)
			top.isKey = false
			continue
		default:
			if top != nil && top.object {
				top.isKey = true
			}
			if isDelim {
				if delim == '{' && len(path) == 1 && path[0].key == "dependencies" {
					section++
				}
				path = append(path, container{object: delim == '{', isKey: delim == '{'})
				continue
			}
			if len(path) == 2 && path[0].object && path[0].key == "dependencies" && path[1].key == name {
				if _, ok := token.(string); !ok {
					return 0, 0, fmt.Errorf("its value is not a string")
				}
				to = int(decoder.InputOffset()) + bom
				from = before + bytes.IndexByte(content[before:to], '"')
				found = section
			}
		}
	}
}
