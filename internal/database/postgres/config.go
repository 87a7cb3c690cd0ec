package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/tlsconfig"
	"bunnyhop/internal/fault"
)

const (
	defaultPort = "5432"
	// connectTimeout is how long a server may take to answer a connection.
	connectTimeout = 15 * time.Second
	// lockTimeout is how long a statement waits for another session to let a
	// table go: longer than most migrations hold one, short enough to say so.
	lockTimeout = 30 * time.Second
)

// connConfig makes the driver's configuration. As with Directus, whose driver
// is handed DB_SSL as it is, nothing is encrypted unless the project asks for
// it (api/src/database/index.ts, directus 12.4.0).
func connConfig(config database.Config, mode database.Mode) (*pgx.ConnConfig, error) {
	port, err := strconv.ParseUint(config.PortOr(defaultPort), 10, 16)
	if err != nil {
		return nil, fault.New(fmt.Sprintf("DB_PORT=%q is not a port", config.Port), "a port is a number from 1 to 65535")
	}
	// The password is not in the string, which may end up in an error. The
	// driver looks an empty one up in ~/.pgpass, as Directus's does.
	cfg, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable",
		keyword(config.Host), port, keyword(config.User), keyword(config.Name)))
	if err != nil {
		return nil, fmt.Errorf("reading the connection's settings: %w", err)
	}
	if config.Password != "" {
		cfg.Password = config.Password
	}
	cfg.Fallbacks, cfg.ValidateConnect = nil, nil
	cfg.TLSConfig = nil
	if config.TLS != nil && !config.IsSocket() {
		if cfg.TLSConfig, err = tlsconfig.Strict(config); err != nil {
			return nil, err
		}
	}
	cfg.ConnectTimeout = connectTimeout
	// Of the variables that PostgreSQL's tools read (PGOPTIONS, PGTZ …) none
	// may change what is read here.
	cfg.RuntimeParams = map[string]string{"application_name": applicationName()}
	// Nothing is cached on the connection: tables change between statements.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return conn.Exec(ctx, sessionSettings(config, mode)).Close()
	}
	return cfg, nil
}

// keyword quotes a value of a keyword/value connection string.
func keyword(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// sessionSettings are set by statement, not at the start of the connection,
// because a pooler such as PgBouncer refuses a start with settings. They make
// what is read independent of the server's, the database's and the role's own
// settings, and keep those from ending a long transaction.
func sessionSettings(config database.Config, mode database.Mode) string {
	settings := [][2]string{
		{"TimeZone", "UTC"},
		{"DateStyle", "ISO"},
		{"IntervalStyle", "iso_8601"},
		{"extra_float_digits", "3"},
		{"bytea_output", "hex"},
		{"xmlbinary", "base64"},
		{"lock_timeout", strconv.FormatInt(lockTimeout.Milliseconds(), 10)},
		{"statement_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"idle_session_timeout", "0"}, // from 14 on
		{"transaction_timeout", "0"},  // from 17 on
		// Rows that a policy would hide are an error, as for pg_dump.
		{"row_security", "off"},
	}
	if mode == database.ReadOnly {
		settings = append(settings, [2]string{"default_transaction_read_only", "on"})
	}
	values := make([]string, len(settings))
	for i, s := range settings {
		values[i] = "(" + literal(s[0]) + "," + literal(s[1]) + ")"
	}
	text := "SELECT pg_catalog.set_config(v.name, v.value, false) FROM (VALUES " + strings.Join(values, ",") +
		") AS v (name, value) JOIN pg_catalog.pg_settings AS s ON s.name = v.name"
	if len(config.SearchPath) > 0 {
		schemas := make([]string, len(config.SearchPath))
		for i, schema := range config.SearchPath {
			schemas[i] = quote(schema) // also "$user", which the server reads as such
		}
		text = "SET search_path TO " + strings.Join(schemas, ", ") + "; " + text
	}
	return text
}

// quote quotes an identifier in PostgreSQL's way.
func quote(identifier string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(identifier, "\x00", ""), `"`, `""`) + `"`
}

// literal quotes a text in a way that does not depend on the session's
// standard_conforming_strings.
func literal(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "'", "''")
	if strings.Contains(text, `\`) {
		return " E'" + strings.ReplaceAll(text, `\`, `\\`) + "'"
	}
	return "'" + text + "'"
}
