// Package registry is a small client of the npm registry: package documents
// and tarballs, asked for where npm's own configuration says, with answers
// kept for when the registry cannot be reached.
package registry

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/registry/environ"
)

// DefaultRegistry is what npm asks when nothing else is configured.
const DefaultRegistry = "https://registry.npmjs.org/"

// Config is what npm's configuration says about registries. Formatting it
// with fmt, whatever the verb, shows no secret.
type Config struct {
	// Registry is the address for packages without a scope of their own. It
	// ends in a slash.
	Registry string
	// Scopes maps "@scope" to that scope's registry.
	Scopes map[string]string
	// StrictSSL is false when certificates are not to be checked.
	StrictSSL bool
	// CAFile is a PEM file with certificate authorities to trust as well.
	CAFile string
	// ExtraCAFile is NODE_EXTRA_CA_CERTS, which every npm honours.
	ExtraCAFile string
	// Proxy says which proxy, if any, a request goes through.
	Proxy httpproxy.Config `json:"-"`
	// GlobalFile is npm's global configuration file that was looked for. A
	// Node from elsewhere would look beside itself, so it has to be told.
	GlobalFile string

	auth map[string]credential // by "//host/path/"
}

// credential is one registry's login. It is never printed.
type credential struct{ token, basic, username, password string }

func (c credential) header() string {
	switch {
	case c.token != "":
		return "Bearer " + c.token
	case c.basic != "":
		return "Basic " + c.basic
	case c.username != "" && c.password != "":
		password, err := base64.StdEncoding.DecodeString(c.password)
		if err != nil {
			return ""
		}
		pair := c.username + ":" + string(password)
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	return ""
}

// LoadConfig reads npm's configuration for a project in npm's order: npm_config_*
// variables, the project's .npmrc, the user's, the global one, the defaults.
// An empty projectDir means that there is no project.
func LoadConfig(projectDir string, env []string) (*Config, error) {
	fromEnv := fromEnviron(env)
	home := environ.Get(env, "HOME")
	userFile := fromEnv["userconfig"]
	if userFile == "" && home != "" {
		userFile = filepath.Join(home, ".npmrc")
	}
	var project map[string]string
	var err error
	if projectDir != "" {
		if project, err = readNPMRC(filepath.Join(projectDir, ".npmrc"), env); err != nil {
			return nil, err
		}
	}
	user, err := readNPMRC(userFile, env)
	if err != nil {
		return nil, err
	}
	globalFile := globalFile(env, fromEnv, project, user)
	global, err := readNPMRC(globalFile, env)
	if err != nil {
		return nil, err
	}
	// Debian's npm has its built-in configuration here.
	builtin, err := readNPMRC("/etc/npmrc", env)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, layer := range []map[string]string{builtin, global, user, project, fromEnv} {
		maps.Copy(settings, layer)
	}
	return newConfig(settings, home, globalFile, env)
}

// globalFile finds <prefix>/etc/npmrc. npm's prefix is the folder above the
// one that holds node, so without a Node there is only a guess.
func globalFile(env []string, layers ...map[string]string) string {
	for _, layer := range layers {
		if path := layer["globalconfig"]; path != "" {
			return path
		}
	}
	for _, layer := range layers {
		if prefix := layer["prefix"]; prefix != "" {
			return filepath.Join(prefix, "etc", "npmrc")
		}
	}
	if prefix := environ.Get(env, "PREFIX"); prefix != "" {
		return filepath.Join(prefix, "etc", "npmrc")
	}
	if node := environ.LookPath(env, "node"); node != "" {
		return filepath.Join(filepath.Dir(filepath.Dir(node)), "etc", "npmrc")
	}
	return firstFile("/usr/local/etc/npmrc", "/usr/etc/npmrc")
}

func newConfig(settings map[string]string, home, globalFile string, env []string) (*Config, error) {
	c := &Config{
		Scopes:      map[string]string{},
		StrictSSL:   settings["strict-ssl"] != "false",
		CAFile:      inHome(settings["cafile"], home),
		ExtraCAFile: environ.Get(env, "NODE_EXTRA_CA_CERTS"),
		GlobalFile:  globalFile,
		auth:        map[string]credential{},
	}
	address := settings["registry"]
	if address == "" {
		address = DefaultRegistry
	}
	var err error
	if c.Registry, err = cleanAddress(address); err != nil {
		return nil, err
	}
	for key, value := range settings {
		if scope, found := strings.CutSuffix(key, ":registry"); found && strings.HasPrefix(scope, "@") {
			if c.Scopes[scope], err = cleanAddress(value); err != nil {
				return nil, err
			}
		}
		if strings.HasPrefix(key, "//") {
			c.addCredential(key, value)
		}
	}
	c.Proxy = proxyOf(settings, env)
	return c, nil
}

func (c *Config) addCredential(key, value string) {
	at := strings.LastIndex(key, ":")
	if at < 0 {
		return
	}
	place, field := strings.TrimSuffix(key[:at], "/")+"/", key[at+1:]
	login := c.auth[place]
	switch field {
	case "_authToken":
		login.token = value
	case "_auth":
		login.basic = value
	case "username":
		login.username = value
	case "_password":
		login.password = value
	default:
		return
	}
	c.auth[place] = login
}

// proxyOf follows npm's defaults: its own settings first, then the usual
// variables.
func proxyOf(settings map[string]string, env []string) httpproxy.Config {
	first := func(values ...string) string {
		for _, value := range values {
			if value != "" && value != "null" && value != "false" {
				return value
			}
		}
		return ""
	}
	get := func(name string) string {
		return first(environ.Get(env, strings.ToUpper(name)), environ.Get(env, name))
	}
	plain := first(settings["proxy"], settings["http-proxy"], get("http_proxy"), get("proxy"))
	return httpproxy.Config{
		HTTPProxy:  plain,
		HTTPSProxy: first(settings["https-proxy"], settings["proxy"], get("https_proxy"), plain),
		NoProxy:    first(settings["noproxy"], get("no_proxy")),
	}
}

// registryOf returns the registry that serves a package.
func (c *Config) registryOf(name string) string {
	if scope, _, scoped := strings.Cut(name, "/"); scoped {
		if address := c.Scopes[scope]; address != "" {
			return address
		}
	}
	return c.Registry
}

// authorization returns the header for an address: that of the longest
// configured place which the address lies under, else "".
func (c *Config) authorization(address *url.URL) string {
	path := address.EscapedPath()
	for {
		at := strings.LastIndexByte(path, '/')
		if at < 0 {
			return ""
		}
		if login, found := c.auth["//"+address.Host+path[:at]+"/"]; found {
			return login.header()
		}
		path = path[:at]
	}
}

// Format writes the configuration without anything secret.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "registry %s", redact(c.Registry))
	for _, scope := range slices.Sorted(maps.Keys(c.Scopes)) {
		_, _ = fmt.Fprintf(f, ", %s %s", scope, redact(c.Scopes[scope]))
	}
	if !c.StrictSSL {
		_, _ = fmt.Fprint(f, ", certificates not checked")
	}
}

func cleanAddress(address string) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return "", fault.Newf("npm's configuration names a registry that is not an http address: %s", redact(address)).
			WithHint("correct it with: npm config set registry %s", DefaultRegistry)
	}
	if !strings.HasSuffix(parsed.Path, "/") {
		parsed.Path += "/"
	}
	return parsed.String(), nil
}

// redact hides a password in an address.
func redact(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "(unreadable address)"
	}
	return parsed.Redacted()
}
