package directus

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/fault"
)

// closed is a loopback port on which nothing listens (tcpmux). Connections to
// it are refused at once.
const closed = "1"

// Rehearsal describes one boot of Directus on a copy of the project, with
// everything off that would reach beyond the copy.
type Rehearsal struct {
	// Values is the effective configuration of the project.
	Values map[string]string
	// Root is the project's folder: relative paths in Values start there.
	Root string
	// Dir is the scratch folder; everything that Directus writes goes there.
	Dir string
	// Database holds the DB_ values of the copy. They replace those of the
	// project; an empty value removes one.
	Database map[string]string
	// Port is a spare loopback port.
	Port int
	// StorageRoots gives a storage location a folder of its own; the others
	// get Dir/storage/<name>.
	StorageRoots map[string]string
	// ExtensionsCopy is the copy of the extensions folder. Empty means none.
	ExtensionsCopy string
}

// removed are the settings that a rehearsal does without, as names or, with a
// star at the end, beginnings of names. Read in @directus/api 39.2 (12.4.0)
// and @directus/env 6.3.
var removed = []string{
	"CONFIG_PATH", "UNIX_SOCKET_PATH", // would be listened on in place of the port
	"ADMIN_*",                       // only bootstrap needs them
	"AUTH_*",                        // OpenID discovery and LDAP connections at boot
	"REDIS", "REDIS_*", "MEMCACHE*", // shared with the live project
	"CACHE_*", "RATE_LIMITER_*", "MESSENGER_*", "SYNCHRONIZATION_*", "WEBSOCKETS_*",
	"LICENSE_*", // would bind an activation to the copy
	"TELEMETRY", "TELEMETRY_*", "COMPLIANCE_URL", "PROJECT_OWNER", "PROJECT_OWNER_*",
	"AI_TELEMETRY_*", "AI_DEVTOOLS_*", "LANGFUSE_*", "BRAINTRUST_*",
	"EMAIL_*", "STORAGE_*", "METRICS_*", "RETENTION_*", "PRESSURE_LIMITER_*", "TUS_*", "MCP_OAUTH_*",
	"LOG_*", "LOGGER_*", // may name a transport to somewhere else
	"HEALTHCHECK_*", "PM2_*",
	"EXTENSIONS_LOCATION", "EXTENSIONS_AUTO_RELOAD",
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NODE_OPTIONS",
}

// Config returns the values of the rehearsal's configuration file. It refuses
// to make one that leads to the project's own database.
func (r Rehearsal) Config() (map[string]string, error) {
	config := map[string]string{}
	for key, value := range r.Values {
		if !isRemoved(key) {
			config[key] = value
		}
	}
	if err := r.useCopy(config); err != nil {
		return nil, err
	}
	maps.Copy(config, map[string]string{
		"HOST": "127.0.0.1", "PORT": strconv.Itoa(r.Port),
		"PUBLIC_URL": "http://127.0.0.1:" + strconv.Itoa(r.Port),
		"SERVE_APP":  "false", "ROOT_REDIRECT": "false",
		"LOG_STYLE": "raw", "LOG_LEVEL": "info",

		"EMAIL_TRANSPORT": "smtp", "EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": closed,
		"EMAIL_VERIFY_SETUP": "false", "EMAIL_FROM": "rehearsal@localhost",
		"EMAIL_TEMPLATES_PATH": r.absolute(r.Values["EMAIL_TEMPLATES_PATH"], "templates"),

		"CACHE_ENABLED": "false", "CACHE_STORE": "memory", "CACHE_AUTO_PURGE": "false",
		"RATE_LIMITER_ENABLED": "false", "RATE_LIMITER_STORE": "memory", "RATE_LIMITER_GLOBAL_ENABLED": "false",
		"MESSENGER_STORE": "memory", "SYNCHRONIZATION_STORE": "memory", "WEBSOCKETS_ENABLED": "false",

		// The Core tier of 12 sends telemetry whatever TELEMETRY says.
		"TELEMETRY": "false", "TELEMETRY_URL": "http://127.0.0.1:" + closed,
		"COMPLIANCE_URL": "http://127.0.0.1:" + closed, "PROJECT_OWNER_ENABLED": "false",
		"AI_TELEMETRY_ENABLED": "false", "AI_DEVTOOLS_ENABLED": "false",

		"METRICS_ENABLED": "false", "RETENTION_ENABLED": "false", "PRESSURE_LIMITER_ENABLED": "false",
		"TUS_ENABLED": "false", "MCP_OAUTH_ENABLED": "false",

		"EXTENSIONS_PATH": r.extensions(), "EXTENSIONS_AUTO_RELOAD": "false",
		"MIGRATIONS_PATH": r.absolute(r.Values["MIGRATIONS_PATH"], "migrations"),
		"TEMP_PATH":       filepath.Join(r.Dir, "temp"),
	})
	if location := r.Values["PACKAGE_FILE_LOCATION"]; location != "" && location != "." {
		config["PACKAGE_FILE_LOCATION"] = r.absolute(location, ".")
	}
	for key, value := range r.storage() {
		config[key] = value
	}
	for key, value := range config {
		base, isFile := strings.CutSuffix(key, "_FILE")
		if !isFile {
			continue
		}
		if _, both := config[base]; both {
			delete(config, key) // the value was already read from the file
		} else {
			config[key] = r.absolute(value, value)
		}
	}
	return config, nil
}

// Write writes the configuration file, for CONFIG_PATH, with mode 0600, and
// makes the folders that it names in Dir. The path has to end in .json.
func (r Rehearsal) Write(path string) error {
	if filepath.Ext(path) != ".json" {
		return fmt.Errorf("writing the rehearsal's configuration: %s does not end in .json, by which Directus knows the format", path)
	}
	config, err := r.Config()
	if err != nil {
		return err
	}
	for _, dir := range r.folders(config) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the rehearsal's folders: %w", err)
		}
	}
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the rehearsal's configuration: %w", err)
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o600, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("writing the rehearsal's configuration: %w", err)
	}
	return nil
}

// passed are the variables of this process that a rehearsed Directus gets.
// Everything else stays out: Directus takes any variable for configuration
// that its file does not set.
var passed = []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "NODE_EXTRA_CA_CERTS"}

// Environ returns the environment for the CLI and the server of a rehearsal,
// made from base (os.Environ). Requests that follow proxy settings end at a
// closed port; code that opens connections by itself is not held back.
func (r Rehearsal) Environ(base []string, configPath string) []string {
	proxy := "http://127.0.0.1:" + closed
	environ := []string{
		"CONFIG_PATH=" + configPath, "NODE_ENV=production",
		"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "ALL_PROXY=" + proxy,
		"http_proxy=" + proxy, "https_proxy=" + proxy, "all_proxy=" + proxy,
		"NO_PROXY=127.0.0.1,localhost,::1", "no_proxy=127.0.0.1,localhost,::1",
		"NODE_USE_ENV_PROXY=1", // fetch() follows them from Node 22.21 on
		"NODE_NO_WARNINGS=1",   // which Node calls experimental, at every start
	}
	for _, entry := range base {
		if name, _, ok := strings.Cut(entry, "="); ok && slices.Contains(passed, name) {
			environ = append(environ, entry)
		}
	}
	return environ
}

// Notes says, for the report, what the rehearsal does not show.
func (r Rehearsal) Notes() []string {
	notes := []string{
		"flows, webhooks, mail, cache, Redis, WebSockets, telemetry, metrics, retention and the Studio were off",
	}
	if providers := r.Values["AUTH_PROVIDERS"]; providers != "" {
		notes = append(notes, "login through "+providers+" was not tried")
	}
	for _, key := range []string{"LICENSE_KEY", "LICENSE_TOKEN"} {
		if r.Values[key] != "" {
			notes = append(notes, key+" was left out: the copy ran without a licence")
		}
	}
	if r.Values["EXTENSIONS_LOCATION"] != "" {
		notes = append(notes, "extensions in the storage location "+r.Values["EXTENSIONS_LOCATION"]+" were not loaded from there")
	}
	if r.ExtensionsCopy != "" {
		notes = append(notes, "extensions ran from a copy; their own code can still reach other systems")
	}
	return notes
}

// useCopy sets the DB_ values and proves that they lead elsewhere than the
// project's.
func (r Rehearsal) useCopy(config map[string]string) error {
	for key, value := range r.Database {
		if !strings.HasPrefix(key, "DB_") {
			return fmt.Errorf("making the rehearsal's configuration: %s is no database setting", key)
		}
		delete(config, key+"_FILE")
		if value == "" {
			delete(config, key)
		} else {
			config[key] = value
		}
	}
	own, copied := r.identity(r.Values), r.identity(config)
	if own == copied {
		return fault.New("the rehearsal would run on the project's own database",
			"this is a fault of bunnyhop; nothing was started and nothing was changed")
	}
	return nil
}

// identity names the database that a configuration leads to.
func (r Rehearsal) identity(config map[string]string) string {
	if config["DB_CLIENT"] == "sqlite3" {
		path := r.absolute(config["DB_FILENAME"], "")
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		return path
	}
	var parts []string
	if whole := config["DB_CONNECTION_STRING"]; whole != "" {
		parts = append(parts, whole)
	} else {
		for _, key := range []string{"DB_HOST", "DB_PORT", "DB_SOCKET_PATH", "DB_CONNECT_STRING", "DB_DATABASE"} {
			parts = append(parts, config[key])
		}
	}
	return strings.Join(append(parts, config["DB_SEARCH_PATH"]), "\x00")
}

func (r Rehearsal) locations() []string {
	names := r.Values["STORAGE_LOCATIONS"]
	names = strings.TrimPrefix(names, "array:")
	if strings.TrimSpace(names) == "" {
		names = "local"
	}
	var list []string
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

func (r Rehearsal) storage() map[string]string {
	names := r.locations()
	config := map[string]string{
		"STORAGE_LOCATIONS": strings.Join(names, ","),
		// Looked at whenever any location is local, whatever its name.
		"STORAGE_LOCAL_ROOT": filepath.Join(r.Dir, "storage", "local"),
	}
	for _, name := range names {
		root := r.StorageRoots[name]
		if root == "" {
			root = filepath.Join(r.Dir, "storage", name)
		}
		config["STORAGE_"+strings.ToUpper(name)+"_DRIVER"] = "local"
		config["STORAGE_"+strings.ToUpper(name)+"_ROOT"] = root
	}
	return config
}

func (r Rehearsal) extensions() string {
	if r.ExtensionsCopy != "" {
		return r.ExtensionsCopy
	}
	return filepath.Join(r.Dir, "extensions")
}

func (r Rehearsal) folders(config map[string]string) []string {
	dirs := []string{r.Dir, config["TEMP_PATH"], config["EXTENSIONS_PATH"], config["STORAGE_LOCAL_ROOT"]}
	for _, name := range r.locations() {
		dirs = append(dirs, config["STORAGE_"+strings.ToUpper(name)+"_ROOT"])
	}
	return dirs
}

func (r Rehearsal) absolute(path, fallback string) string {
	if path == "" {
		path = fallback
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.Root, path)
}

func isRemoved(key string) bool {
	for _, pattern := range removed {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			if strings.HasPrefix(key, prefix) {
				return true
			}
		} else if key == pattern || key == pattern+"_FILE" {
			return true
		}
	}
	return false
}
