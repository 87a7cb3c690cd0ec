package database

import (
	"cmp"
	"log/slog"
	"strings"
)

// Config says how a project reaches its database: the DB_* values of
// Directus, with a relative file name already resolved.
type Config struct {
	Client   string `json:"client"`             // DB_CLIENT
	Filename string `json:"filename,omitempty"` // DB_FILENAME, absolute; SQLite only
	// Host is DB_HOST; an absolute path is a Unix socket: its folder for
	// PostgreSQL, as in libpq, and the socket itself for MySQL (DB_SOCKET_PATH).
	Host     string `json:"host,omitempty"`
	Port     string `json:"port,omitempty"` // DB_PORT
	Name     string `json:"name,omitempty"` // DB_DATABASE
	User     string `json:"user,omitempty"` // DB_USER
	Password string `json:"-"`              // DB_PASSWORD: never shown, logged or marshalled
	// SearchPath is DB_SEARCH_PATH, of PostgreSQL only; empty is the server's own.
	SearchPath []string `json:"search_path,omitempty"`
	Charset    string   `json:"charset,omitempty"` // DB_CHARSET, of MySQL only
	TLS        *TLS     `json:"tls,omitempty"`     // nil: not encrypted
}

// TLS says how a connection is encrypted: the DB_SSL values, which Directus
// hands to Node's tls.connect.
type TLS struct {
	// Verify has the server's certificate checked (DB_SSL__REJECT_UNAUTHORIZED,
	// true unless set).
	Verify     bool   `json:"verify"`
	ServerName string `json:"server_name,omitempty"` // DB_SSL__SERVERNAME; empty is the host
	CA         string `json:"-"`                     // PEM text; empty is the system's
	Cert       string `json:"-"`                     // PEM text of the client's certificate
	Key        string `json:"-"`                     // PEM text of its key, a secret
}

// Vendor returns the vendor that DB_CLIENT means, with the aliases that
// Directus and knex take, and whether the client is known at all.
func (c Config) Vendor() (Vendor, bool) { return vendorOf(c.Client) }

func vendorOf(client string) (Vendor, bool) {
	switch client {
	case "sqlite3", "better-sqlite3", "sqlite":
		return SQLite, true
	case "pg", "postgres", "postgresql":
		return Postgres, true
	case "mysql", "mysql2":
		return MySQL, true
	case "mssql":
		return MSSQL, true
	case "oracledb":
		return Oracle, true
	case "cockroachdb":
		return CockroachDB, true
	case "redshift":
		return Redshift, true
	}
	return "", false
}

// Place says where the database is: its file, or host, port and name.
func (c Config) Place() string {
	if c.Filename != "" {
		return c.Filename
	}
	host := c.Host
	if c.Port != "" {
		host += ":" + c.Port
	}
	return host + "/" + c.Name
}

// IsSocket reports whether the host is a Unix socket, or a folder with one.
func (c Config) IsSocket() bool { return strings.HasPrefix(c.Host, "/") }

// PortOr is the port, or the vendor's usual one where none is set.
func (c Config) PortOr(usual string) string { return cmp.Or(c.Port, usual) }

// String describes the connection without the password.
func (c Config) String() string {
	if c.Filename != "" {
		return c.Client + " " + c.Filename
	}
	return c.Client + " " + c.User + "@" + c.Place()
}

// GoString keeps the password out of %#v too.
func (c Config) GoString() string { return "database.Config{" + c.String() + "}" }

// LogValue keeps the password out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
