// Package mysql reads, dumps and restores databases of MySQL and MariaDB: with
// the driver go-sql-driver/mysql, and with the server's own tools mariadb-dump
// and mariadb, or mysqldump and mysql. Its tests run on MariaDB; what is said
// here of MySQL is from its documentation and source.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// maxConnections leaves a server with few connections enough for Directus.
const maxConnections = 4

// DB is an open database of MySQL or MariaDB.
type DB struct {
	config  database.Config
	sql     *sql.DB
	version version
	name    string // of the schema, as the server spells it
	address string
}

var _ database.Database = (*DB)(nil)

// version is a server's or a tool's version.
type version struct {
	maria        bool
	major, minor int
	text         string // as in version(): "10.11.19-MariaDB-0+deb12u1"
}

// The oldest versions that this package can read.
var (
	oldestMaria = version{maria: true, major: 10, minor: 2}
	oldestMySQL = version{major: 5, minor: 7}
)

func (v version) before(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

// product is the name of what has the version.
func (v version) product() string {
	if v.maria {
		return "MariaDB"
	}
	return "MySQL"
}

// series is the part of the version that tells features apart: "10.11".
func (v version) series() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

var numbers = regexp.MustCompile(`(\d+)\.(\d+)\.\d+`)

// parseVersion reads a server's version. MariaDB before 11 puts "5.5.5-" in
// front for old clients; version() does not, some proxies do.
func parseVersion(text string) (version, bool) {
	v := version{text: text, maria: strings.Contains(text, "MariaDB")}
	m := numbers.FindStringSubmatch(strings.TrimPrefix(text, "5.5.5-"))
	if m == nil {
		return v, false
	}
	v.major, _ = strconv.Atoi(m[1])
	v.minor, _ = strconv.Atoi(m[2])
	return v, true
}

// Open connects to a database and reads from it once. A server that cannot be
// reached, refuses, or is neither MySQL nor MariaDB is a *fault.Error.
func Open(ctx context.Context, config database.Config, mode database.Mode) (*DB, error) {
	c, err := newConnector(config, mode)
	if err != nil {
		return nil, err
	}
	d := &DB{config: config, sql: sql.OpenDB(c), address: c.net}
	d.sql.SetMaxOpenConns(maxConnections)
	if err := d.greet(ctx); err != nil {
		return nil, errors.Join(describe(err, config), d.sql.Close())
	}
	return d, nil
}

func (d *DB) greet(ctx context.Context) error {
	var comment string
	if err := d.sql.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment, coalesce(DATABASE(), '')").Scan(&d.version.text, &comment, &d.name); err != nil {
		return err
	}
	var err error
	if d.version, err = supported(d.version.text, comment); err != nil {
		return err
	}
	return d.settled(ctx)
}

// settled waits while another run restores the database, or the server still
// executes the last statement of one that was killed: while tables are moved,
// lists of them are of neither state.
func (d *DB) settled(ctx context.Context) error {
	for start := time.Now(); ; {
		holder, err := collect(ctx, d.sql, one, "SELECT coalesce(CAST(IS_USED_LOCK(?) AS CHAR), '')", lockName(d.name))
		if err != nil {
			return err
		}
		if holder[0] == "" {
			return nil
		}
		if _, own := ours.Load(sessionKey{d.address, holder[0]}); own {
			return nil
		}
		if time.Since(start) > busyWait {
			return busy(d.name)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stranger finds products that speak the protocol and are not what they say.
var stranger = regexp.MustCompile(`(?i)TiDB|OceanBase|Vitess|SingleStore|Doris|StarRocks|ClickHouse|Dolt`)

func supported(text, comment string) (version, error) {
	v, ok := parseVersion(text)
	if name := stranger.FindString(text + " " + comment); !ok || name != "" {
		return v, fault.New("the server is neither MySQL nor MariaDB but "+text+" "+comment, "check DB_HOST and DB_PORT").WithCode(fault.Blocked)
	}
	oldest := oldestMySQL
	if v.maria {
		oldest = oldestMaria
	}
	if v.before(oldest) {
		return v, fault.Newf("the server is %s %s, which is too old: bunnyhop needs %s or newer", v.product(), v.text, oldest.series()).
			WithHint("upgrade the server first").WithCode(fault.Blocked)
	}
	return v, nil
}

// Vendor is database.MySQL, for MariaDB too.
func (d *DB) Vendor() database.Vendor { return database.MySQL }

// SQL gives reading access.
func (d *DB) SQL() *sql.DB { return d.sql }

// Quote quotes an identifier.
func (d *DB) Quote(identifier string) string { return quote(identifier) }

// Close closes all connections.
func (d *DB) Close() error { return d.sql.Close() }

// snapshot begins a transaction that sees one state of the tables with
// transactions (InnoDB), that of this moment.
const snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

// read runs work on one connection, in one snapshot.
func (d *DB) read(ctx context.Context, work func(*sql.Conn) error) error {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return describe(err, d.config)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	if _, err = conn.ExecContext(ctx, snapshot); err == nil {
		err = work(conn)
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // a broken connection is closed
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return describe(err, d.config)
}

// querier is a connection or a pool of them.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect runs a query and reads each row into the places that targets names.
func collect[T any](ctx context.Context, q querier, targets func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to the end
	var all []T
	for rows.Next() {
		var row T
		if err := rows.Scan(targets(&row)...); err != nil {
			return nil, fmt.Errorf("reading the catalogue: %w", err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	return all, nil
}

// one reads a column of texts.
func one(s *string) []any { return []any{s} }
