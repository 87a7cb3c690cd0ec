package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// admin is one connection without a schema of its own, from which schemas are
// made, emptied and dropped.
type admin struct {
	pool    *sql.DB
	conn    *sql.Conn
	config  database.Config
	version version
	address string
	account string // the user as the server knows it, for a GRANT
}

func administrate(ctx context.Context, config database.Config) (*admin, error) {
	c, err := newConnector(withName(config, ""), database.ReadWrite)
	if err != nil {
		return nil, err
	}
	a := &admin{pool: sql.OpenDB(c), config: config, address: c.net}
	if a.conn, err = a.pool.Conn(ctx); err != nil {
		return nil, errors.Join(describe(err, config), a.pool.Close())
	}
	var text, comment, user string
	err = a.conn.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment, CURRENT_USER()").Scan(&text, &comment, &user)
	if err == nil {
		a.version, err = supported(text, comment)
	}
	if err != nil {
		a.close()
		return nil, describe(err, config)
	}
	a.account = accountOf(user)
	return a, nil
}

func (a *admin) close() {
	_ = a.conn.Close()
	_ = a.pool.Close()
}

func (a *admin) exec(ctx context.Context, statement string) error {
	_, err := a.conn.ExecContext(ctx, statement)
	return err
}

// busyWait is how long another run, or the server at the last statement of one
// that is gone, is waited for.
const busyWait = time.Minute

// alone makes sure that no other run works on the same schema: not one that
// goes on, nor a statement that the server still executes for one that was
// killed. The server frees the lock when the connection is gone.
func (a *admin) alone(ctx context.Context, schema string) error {
	var got sql.NullInt64
	err := a.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", lockName(schema), int(busyWait.Seconds())).Scan(&got)
	if err != nil {
		return fmt.Errorf("keeping other runs out: %w", describe(err, a.config))
	}
	if got.Int64 != 1 {
		return busy(schema)
	}
	return nil
}

// lockName is the server's lock for work on a schema.
func lockName(schema string) string { return "bunnyhop " + hashOf(schema) }

func busy(schema string) error {
	return fault.New("another run of bunnyhop is at work on the database "+quote(schema), "wait until it is done, then try again").WithCode(fault.Busy)
}

// exists reports whether there is a schema of that name. A user only sees
// those on which it has some right.
func (a *admin) exists(ctx context.Context, name string) (bool, error) {
	found, err := collect(ctx, a.conn, one, "SELECT schema_name FROM information_schema.schemata WHERE schema_name = ?", name)
	if err != nil {
		return false, describe(err, a.config)
	}
	return slices.Contains(found, name), nil
}

// defaults is the clause with the character set and collation that new tables
// of a schema get, or "" if there is no such schema.
func defaults(ctx context.Context, q querier, schema string) (string, error) {
	found, err := collect(ctx, q, one, `SELECT concat('CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name)
		FROM information_schema.schemata WHERE schema_name = ? AND BINARY schema_name = ?`, schema, schema)
	if err != nil {
		return "", fmt.Errorf("reading the defaults of the database: %w", err)
	}
	return strings.Join(found, ""), nil
}

// create makes an empty schema with the character set and collation of
// another one, or the server's own where there is none.
func (a *admin) create(ctx context.Context, name, like string) error {
	clause, err := defaults(ctx, a.conn, like)
	if err != nil {
		return describe(err, a.config)
	}
	err = a.exec(ctx, strings.TrimSpace("CREATE DATABASE "+quote(name)+" "+clause))
	if number := numberOf(err); number == errDatabaseDenied || number == errAccessDenied || number == errNeedsRight {
		return a.mayNotCreate(err, name)
	}
	return describe(err, withName(a.config, name))
}

// mayNotCreate names the right that is missing.
func (a *admin) mayNotCreate(err error, name string) error {
	grant := "GRANT ALL PRIVILEGES ON `" + strings.ReplaceAll(database.ScratchPrefix, "_", `\_`) + "%`.* TO " + a.account
	if !strings.HasPrefix(name, database.ScratchPrefix) {
		grant = "CREATE DATABASE " + quote(name) + "; GRANT ALL PRIVILEGES ON " + quote(pattern(name)) + ".* TO " + a.account
	}
	e := fault.Wrap(err, "user "+a.account+" may not make the database "+quote(name), "as root: "+grant).WithCode(fault.Blocked)
	e.State = "the project's database is as it was"
	return e
}

// drop drops a schema, if it is there.
func (a *admin) drop(ctx context.Context, name string) error {
	if err := a.exec(ctx, "SET foreign_key_checks = 0"); err != nil {
		return describe(err, a.config)
	}
	exists, err := a.exists(ctx, name)
	if err != nil || !exists {
		return err
	}
	return describe(a.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)), withName(a.config, name))
}

// closeWait is how long sessions that have just been closed, or whose process
// was killed, may take to go away. Tests shorten it.
var closeWait = 3 * time.Second

// free waits until nobody else has the schema open, not for long, and reports
// who has.
func (a *admin) free(ctx context.Context, name string) error {
	for start := time.Now(); ; {
		all, err := sessionsOf(ctx, a.conn, a.address, name)
		if err != nil {
			return describe(err, a.config)
		}
		if len(all) == 0 {
			return nil
		}
		if time.Since(start) > closeWait {
			e := fault.New("the database "+quote(name)+" is in use by "+strings.Join(names(all), ", "),
				"stop the server and whatever else uses the database, then try again")
			e.State = "the database is as it was"
			return e
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// use makes a schema the current one, which some statements depend on, for the
// time of work.
func (a *admin) use(ctx context.Context, schema string, work func() error) error {
	if err := a.exec(ctx, "USE "+quote(schema)); err != nil {
		return describe(err, withName(a.config, schema))
	}
	return work()
}
