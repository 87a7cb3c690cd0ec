package advisory

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"bunnyhop/internal/directus"
)

// The kinds of servers, as Input.Vendor names them.
const (
	postgresVendor = "postgres"
	mysqlVendor    = "mysql" // MariaDB too
)

// The vendors of rules.
var (
	onServers = []string{postgresVendor, mysqlVendor}
	onMySQL   = []string{mysqlVendor}
)

// Connection is what the rules need to know of how a project reaches its
// database server. It holds no secret.
type Connection struct {
	// Socket is set when the project uses a Unix socket.
	Socket bool
	// ScratchElsewhere is set when copies of the database are made on another
	// server, or by another role.
	ScratchElsewhere bool
	// Charset is DB_CHARSET and Collate DB_COLLATE, of MySQL only: with them
	// knex makes new tables (knex 2.4 to 3.1,
	// lib/dialects/mysql/schema/mysql-tablecompiler.js, createQuery).
	Charset, Collate string
	// Timeouts are the settings that end with _timeout which the project asks
	// the server for when it connects, of PostgreSQL only (DB_OPTIONS, or the
	// parameters of DB_CONNECTION_STRING), with the value as written.
	Timeouts map[string]string
	// OwnPorts lists the local ports from which this program and the project's
	// own server processes are connected to the server at this moment; nil when
	// that is not known.
	OwnPorts func() map[int]bool
}

// ownPorts is OwnPorts, where it is known.
func (in Input) ownPorts() map[int]bool {
	if in.Connection.OwnPorts == nil {
		return nil
	}
	return in.Connection.OwnPorts()
}

// record is a row of a server's view by column name, in lower case; null is "".
type record map[string]string

// records reads all rows of a query.
func records(ctx context.Context, db directus.Database, query string, args ...any) ([]record, error) {
	rows, err := db.SQL().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(names))
	targets := make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	var all []record
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		r := make(record, len(names))
		for i, name := range names {
			r[strings.ToLower(name)] = values[i].String
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// one reads the single row of a query.
func one(ctx context.Context, db directus.Database, query string, args ...any) (record, error) {
	all, err := records(ctx, db, query, args...)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("%d rows where one was expected", len(all))
	}
	return all[0], nil
}

// quoted is a text for a statement that people are shown.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
