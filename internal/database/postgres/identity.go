package postgres

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
)

func isPostgres(whole string) bool { return strings.HasPrefix(whole, "PostgreSQL ") }

// firstWords cuts a server's own description of itself down.
func firstWords(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(len(words), 4)], " ")
}

// Identity reads which server and which database this is. SystemID joins the
// server's system identifier, or its address where only superusers may read
// that, and the database's oid, which a restore changes.
func (d *DB) Identity(ctx context.Context) (database.Identity, error) {
	id := database.Identity{Vendor: database.Postgres, Host: d.config.Host + ":" + d.config.PortOr(defaultPort)}
	var oid int64
	err := d.sql.QueryRowContext(ctx, `SELECT datname, oid::int8, pg_catalog.current_setting('server_version')
		FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`).
		Scan(&id.Name, &oid, &id.ServerVersion)
	if err != nil {
		return id, fmt.Errorf("reading who the database is: %w", describe(err, d.config))
	}
	id.SystemID = fmt.Sprintf("%s database %d", d.system(ctx), oid)
	return id, nil
}

// system identifies the server. An ordinary role may call the function on
// most servers; some hosts take that right away.
func (d *DB) system(ctx context.Context) string {
	var system string
	if d.sql.QueryRowContext(ctx, "SELECT system_identifier::text FROM pg_catalog.pg_control_system()").Scan(&system) == nil {
		return "system " + system
	}
	if d.sql.QueryRowContext(ctx, `SELECT coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'socket') || ':' ||
		pg_catalog.current_setting('port')`).Scan(&system) == nil {
		return "server " + system
	}
	return "server " + d.config.Host + ":" + d.config.PortOr(defaultPort)
}

// Size is the size of the database on the server, with its indexes.
func (d *DB) Size(ctx context.Context) (int64, error) {
	var size int64
	err := d.sql.QueryRowContext(ctx, "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())").Scan(&size)
	if err != nil {
		return 0, fmt.Errorf("reading the size of the database: %w", describe(err, d.config))
	}
	return size, nil
}
