package project

import (
	"net"
	"net/url"
	"path/filepath"

	"github.com/Masterminds/semver/v3"
)

// ExtensionsPath is the folder of extensions, absolute. With
// ExtensionsLocation it is not what Directus loads from.
func (c *Config) ExtensionsPath() string { return absIn(c.root, c.Get("EXTENSIONS_PATH")) }

// ExtensionsLocation is the storage location that holds the extensions
// instead of a folder (Directus 10.8 and later); "" when none does.
func (c *Config) ExtensionsLocation() string { return c.Get("EXTENSIONS_LOCATION") }

// MigrationsPath is the folder of custom migrations for a Directus version,
// absolute: MIGRATIONS_PATH from 10.10.0 on, before that a folder inside
// EXTENSIONS_PATH. An unreadable version counts as a new one.
func (c *Config) MigrationsPath(version string) string {
	return c.folderSince1010(version, "MIGRATIONS_PATH", "migrations")
}

// TemplatesPath is the folder of custom mail templates; see MigrationsPath.
func (c *Config) TemplatesPath(version string) string {
	return c.folderSince1010(version, "EMAIL_TEMPLATES_PATH", "templates")
}

func (c *Config) folderSince1010(version, key, name string) string {
	if v, err := semver.NewVersion(version); err == nil && v.LessThan(semver.New(10, 10, 0, "", "")) {
		return filepath.Join(c.ExtensionsPath(), name)
	}
	if path := c.Get(key); path != "" {
		return absIn(c.root, path)
	}
	return filepath.Join(c.root, name)
}

// PublicURL is the address under which people reach the project; the default
// is "/".
func (c *Config) PublicURL() string { return c.Get("PUBLIC_URL") }

// Host is the address on which the server listens.
func (c *Config) Host() string { return c.Get("HOST") }

// Port is the port on which the server listens.
func (c *Config) Port() string { return c.Get("PORT") }

// PingURL is where the server answers "pong" on this machine. A path in
// PUBLIC_URL is not part of it: the server mounts its routes at the root
// (seen on 10.13.4). A server on a socket (UNIX_SOCKET_PATH, Directus 11) has
// a URL of the form unix:///path/of/socket.
func (c *Config) PingURL() string {
	if path := c.Get("UNIX_SOCKET_PATH"); path != "" {
		return (&url.URL{Scheme: "unix", Path: absIn(c.root, path)}).String()
	}
	host := c.Host()
	switch host {
	case "0.0.0.0", "":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, c.Port()), Path: "/server/ping"}).String()
}
