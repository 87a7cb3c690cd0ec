package database

import (
	"fmt"
	"log/slog"
)

// Config says how a project reaches its database: the DB_* values of
// Directus, with a relative file name already resolved.
type Config struct {
	Client   string `json:"client"`             // DB_CLIENT
	Filename string `json:"filename,omitempty"` // DB_FILENAME, absolute; SQLite only
	Host     string `json:"host,omitempty"`     // DB_HOST
	Port     string `json:"port,omitempty"`     // DB_PORT
	Name     string `json:"name,omitempty"`     // DB_DATABASE
	User     string `json:"user,omitempty"`     // DB_USER
	Password string `json:"-"`                  // DB_PASSWORD: never shown, logged or marshalled
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

// String describes the connection without the password.
func (c Config) String() string {
	if c.Filename != "" {
		return fmt.Sprintf("%s %s", c.Client, c.Filename)
	}
	return fmt.Sprintf("%s %s@%s:%s/%s", c.Client, c.User, c.Host, c.Port, c.Name)
}

// GoString keeps the password out of %#v too.
func (c Config) GoString() string { return "database.Config{" + c.String() + "}" }

// LogValue keeps the password out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
