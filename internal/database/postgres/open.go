// Package postgres reads, dumps and restores PostgreSQL databases: with the
// driver pgx, and with the server's own tools pg_dump, pg_restore and psql.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// oldest is the oldest major version that this package can read.
const oldest = 11

// maxConnections leaves a server with few connections enough for Directus.
const maxConnections = 4

// DB is an open PostgreSQL database.
type DB struct {
	config  database.Config
	sql     *sql.DB
	version version
	schema  string // the first schema of the effective search path
}

var _ database.Database = (*DB)(nil)

// version is a server's version.
type version struct {
	number int    // as in server_version_num: 150018
	text   string // as in server_version: "15.18 (Debian …)"
}

func (v version) major() int { return v.number / 10000 }

// Open connects to a database and reads from it once. A server that cannot be
// reached, refuses, or is not PostgreSQL is a *fault.Error.
func Open(ctx context.Context, config database.Config, mode database.Mode) (*DB, error) {
	cfg, err := connConfig(config, mode)
	if err != nil {
		return nil, err
	}
	d := &DB{config: config, sql: stdlib.OpenDB(*cfg)}
	d.sql.SetMaxOpenConns(maxConnections)
	if err := d.greet(ctx); err != nil {
		return nil, errors.Join(describe(err, config), d.sql.Close())
	}
	return d, nil
}

func (d *DB) greet(ctx context.Context) error {
	var whole string
	if err := d.sql.QueryRowContext(ctx, "SELECT pg_catalog.version()").Scan(&whole); err != nil {
		return err
	}
	err := d.sql.QueryRowContext(ctx, `SELECT pg_catalog.current_setting('server_version_num')::int,
		pg_catalog.current_setting('server_version'), coalesce(pg_catalog.current_schema(), 'public')`).
		Scan(&d.version.number, &d.version.text, &d.schema)
	if err != nil {
		return err
	}
	return supported(whole, d.version)
}

func supported(whole string, v version) error {
	if !isPostgres(whole) {
		return fault.New("the server is not PostgreSQL but "+firstWords(whole), "check DB_CLIENT").WithCode(fault.Blocked)
	}
	if v.major() < oldest {
		return fault.Newf("the server is PostgreSQL %s, which is too old: bunnyhop needs %d or newer", v.text, oldest).
			WithHint("upgrade the server first").WithCode(fault.Blocked)
	}
	return nil
}

// Vendor is database.Postgres.
func (d *DB) Vendor() database.Vendor { return database.Postgres }

// SQL gives reading access.
func (d *DB) SQL() *sql.DB { return d.sql }

// Quote quotes an identifier.
func (d *DB) Quote(identifier string) string { return quote(identifier) }

// Close closes all connections.
func (d *DB) Close() error { return d.sql.Close() }

// read runs work in one read-only transaction that sees one state of the
// database. The search path is empty in it, so that the server writes every
// name out with its schema.
func (d *DB) read(ctx context.Context, work func(*pgx.Conn) error) error {
	return d.readIn(ctx, "", work)
}

// readIn is like read, in the snapshot that another connection exported.
// Without a name it takes its own.
func (d *DB) readIn(ctx context.Context, snapshot string, work func(*pgx.Conn) error) error {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return describe(err, d.config)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	err = conn.Raw(func(raw any) error {
		conn := raw.(*stdlib.Conn).Conn()
		if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
			return err
		}
		defer conn.Exec(context.WithoutCancel(ctx), "ROLLBACK") //nolint:errcheck // a broken connection is closed
		if snapshot != "" {
			if _, err := conn.Exec(ctx, "SET TRANSACTION SNAPSHOT "+literal(snapshot)); err != nil {
				return err
			}
		}
		if _, err := conn.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		return work(conn)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return describe(err, d.config)
}

// collect runs a query and scans each row into a T by position.
func collect[T any](ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	return all, nil
}
