package project

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// Format is the form of a configuration file, told by its extension as
// Directus tells it (@directus/env, readConfigurationFromFile).
type Format string

// The formats. NoFile means that the file does not exist, which Directus
// takes for an empty one.
const (
	NoFile     Format = "none"
	Dotenv     Format = "dotenv"
	JSON       Format = "json"
	YAML       Format = "yaml"
	JavaScript Format = "javascript"
)

// Source says where a value comes from.
type Source string

// The sources, strongest first: Directus lets its configuration file win
// over the process environment.
const (
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
	FromDefault     Source = "default"
)

// Config is the configuration that Directus itself would read: defaults,
// then the process environment, then the configuration file.
type Config struct {
	Path   string // absolute
	Format Format

	root   string
	values map[string]value
}

// value is one entry before casting. A string of a dotenv file or the
// environment may carry a cast prefix; other formats have other types.
type value struct {
	raw    any
	source Source
	// readFrom is the file that a _FILE variable names, absolute; "" for
	// other values.
	readFrom string
	// order is where the key stands among all; of two keys that set the same
	// thing (DB_SSL, DB_SSL__CA) the later one counts.
	order int
}

// LoadConfig reads the effective configuration into p.Config. environ is the
// environment of the server, in the form of os.Environ; nil means this
// process's own. nodeBin is the Node that runs a JavaScript configuration;
// for other formats it may be empty.
func (p *Project) LoadConfig(ctx context.Context, environ []string, nodeBin string) error {
	if environ == nil {
		environ = os.Environ()
	}
	c := &Config{root: p.Root, values: map[string]value{}}
	var entries []entry
	position := map[string]int{}
	for _, pair := range environ {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			continue
		}
		if i, twice := position[key]; twice {
			entries[i].raw = text
			continue
		}
		position[key] = len(entries)
		entries = append(entries, entry{key, text, FromEnvironment})
	}
	c.Path = filepath.Join(p.Root, ".env")
	if i, ok := position["CONFIG_PATH"]; ok && entries[i].raw != "" {
		c.Path = p.abs(entries[i].raw.(string)) //nolint:forcetypeassert // the environment holds strings only
	}
	fromFile, err := c.read(ctx, environ, nodeBin)
	if err != nil {
		return err
	}
	for _, e := range fromFile {
		// A key of both keeps its place in the order, as in {...process.env, ...file}.
		if i, both := position[e.key]; both {
			entries[i] = e
			continue
		}
		position[e.key] = len(entries)
		entries = append(entries, e)
	}
	for _, e := range entries {
		if err := c.add(e); err != nil {
			return err
		}
	}
	p.Config = c
	return nil
}

// entry is one key of a source, in the source's order.
type entry struct {
	key    string
	raw    any
	source Source
}

// add takes an entry over, later ones replacing earlier ones, and resolves
// _FILE variables: the raw content of the file, trailing newline included
// (@directus/env of Directus 11.17.4, createEnv).
func (c *Config) add(e entry) error {
	name, isFile := strings.CutSuffix(e.key, "_FILE")
	path, isString := e.raw.(string)
	if !isFile || name == "" || !isString || !directusVariables.MatchString(name) {
		c.values[e.key] = value{raw: e.raw, source: e.source, order: c.orderOf(e.key)}
		return nil
	}
	flag, path := castFlag(path)
	path = absIn(c.root, path)
	data, err := os.ReadFile(path)
	if err != nil {
		return fault.Wrap(err, fmt.Sprintf("the file named by %s cannot be read", e.key),
			"Directus itself would not start either; check the path and its permissions")
	}
	if flag != "" {
		flag += ":"
	}
	c.values[name] = value{raw: flag + strings.ToValidUTF8(string(data), "\uFFFD"), source: e.source, readFrom: path, order: c.orderOf(name)}
	return nil
}

// orderOf is the place of a key: the one it has, else the next.
func (c *Config) orderOf(key string) int {
	if v, there := c.values[key]; there {
		return v.order
	}
	return len(c.values)
}

// defaults are the defaults of Directus that hold for every version from 9
// to 12 (@directus/env, DEFAULTS). Those that differ between versions are
// left out, so that Source tells whether a project sets them.
var defaults = map[string]string{
	"HOST":                   "0.0.0.0",
	"PORT":                   "8055",
	"PUBLIC_URL":             "/",
	"TEMP_PATH":              "./node_modules/.directus",
	"STORAGE_LOCATIONS":      "local",
	"STORAGE_LOCAL_DRIVER":   "local",
	"STORAGE_LOCAL_ROOT":     "./uploads",
	"EXTENSIONS_PATH":        "./extensions",
	"PACKAGE_FILE_LOCATION":  ".",
	"EMAIL_FROM":             "no-reply@example.com",
	"EMAIL_TRANSPORT":        "sendmail",
	"CACHE_ENABLED":          "false",
	"AUTH_PROVIDERS":         "",
	"AUTH_DISABLE_DEFAULT":   "false",
	"SERVE_APP":              "true",
	"TELEMETRY":              "true",
	"WEBSOCKETS_ENABLED":     "false",
	"RATE_LIMITER_ENABLED":   "false",
	"EXTENSIONS_AUTO_RELOAD": "false",
	"EXTENSIONS_MUST_LOAD":   "false",
}

// Get returns the effective value of a key as text, without its cast prefix:
// lists are joined with commas, objects are JSON. A key that is not set has
// its default, else "".
func (c *Config) Get(key string) string {
	text, _ := c.Lookup(key)
	return text
}

// Lookup is Get that also tells whether the key has a value, its default
// included.
func (c *Config) Lookup(key string) (string, bool) {
	if v, ok := c.values[key]; ok {
		return valueText(v.raw), true
	}
	text, ok := defaults[key]
	return text, ok
}

// Source says where a key's value comes from. A key that is not set is
// FromDefault.
func (c *Config) Source(key string) Source {
	if v, ok := c.values[key]; ok {
		return v.source
	}
	return FromDefault
}

// Keys returns the keys that the file sets, and those of the process
// environment that Directus knows, sorted. A key with a _FILE variant stands
// here without the suffix.
func (c *Config) Keys() []string {
	var keys []string
	for key, v := range c.values {
		if v.source == FromFile || key == "KEY" || directusVariables.MatchString(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// SecretFiles returns the files that _FILE variables name, absolute and
// sorted. They belong to the configuration.
func (c *Config) SecretFiles() []string {
	files := map[string]bool{}
	for _, v := range c.values {
		if v.readFrom != "" {
			files[v.readFrom] = true
		}
	}
	return slices.Sorted(maps.Keys(files))
}

// All returns every key of Keys with the text that makes Directus see the
// same value again when it stands in a JSON configuration file: cast prefixes
// are kept, lists and objects get one, _FILE variables are resolved.
// CONFIG_PATH is left out. One thing cannot be said in text: an element of a
// list that itself has a comma.
func (c *Config) All() map[string]string {
	all := map[string]string{}
	for _, key := range c.Keys() {
		if key != "CONFIG_PATH" {
			all[key] = rawText(key, c.values[key].raw)
		}
	}
	return all
}

// abs resolves a path as Directus does, whose working folder is the root.
func (p *Project) abs(path string) string { return absIn(p.Root, path) }

func absIn(root, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(root, path)
}
