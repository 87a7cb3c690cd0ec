package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
)

// connector makes connections whose settings depend neither on the server's
// nor on the user's, and remembers which sessions are this process's own.
type connector struct {
	driver.Connector
	mode database.Mode
	net  string
}

func newConnector(config database.Config, mode database.Mode) (*connector, error) {
	c, err := driverConfig(config)
	if err != nil {
		return nil, err
	}
	c.DialFunc = dial
	inner, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("reading the connection's settings: %w", err)
	}
	return &connector{Connector: inner, mode: mode, net: c.Addr}, nil
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	w := &wire{}
	conn, err := c.Connector.Connect(context.WithValue(ctx, wireKey{}, w))
	if err != nil {
		return nil, err
	}
	if err := c.settle(ctx, conn, w); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// settings make what is read independent of the server's own settings, and
// keep those from ending a long transaction. Each is set where the server
// knows it; of two with the same number, the first one only.
var settings = []struct {
	name, value string
	either      int
}{
	{name: "time_zone", value: "'+00:00'"},
	{name: "sql_mode", value: "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"},
	{name: "autocommit", value: "1"},
	{name: "sql_quote_show_create", value: "1"},
	{name: "sql_select_limit", value: "18446744073709551615"},
	{name: "sql_big_selects", value: "1"},
	{name: "sql_safe_updates", value: "0"},
	{name: "lock_wait_timeout", value: seconds(lockTimeout.Seconds())},
	{name: "innodb_lock_wait_timeout", value: seconds(lockTimeout.Seconds())},
	{name: "max_statement_time", value: "0"}, // MariaDB
	{name: "max_execution_time", value: "0"}, // MySQL
	{name: "wait_timeout", value: "28800"},
	{name: "net_read_timeout", value: "3600"},
	{name: "net_write_timeout", value: "3600"},
	{name: "idle_transaction_timeout", value: "0"}, // MariaDB, all three
	{name: "idle_readonly_transaction_timeout", value: "0"},
	{name: "idle_write_transaction_timeout", value: "0"},
	{name: "information_schema_stats_expiry", value: "0"}, // MySQL 8
	{name: "transaction_isolation", value: "'REPEATABLE-READ'", either: 1},
	{name: "tx_isolation", value: "'REPEATABLE-READ'", either: 1}, // MariaDB before 11.1
	{name: "transaction_read_only", value: "", either: 2},
	{name: "tx_read_only", value: "", either: 2}, // MariaDB before 11.1
}

func seconds(n float64) string { return strconv.Itoa(int(n)) }

func (c *connector) settle(ctx context.Context, conn driver.Conn, w *wire) error {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = literal(s.name)
	}
	known, err := texts(ctx, conn, "SHOW VARIABLES WHERE Variable_name IN ("+strings.Join(names, ",")+")")
	if err != nil {
		return err
	}
	var set []string
	done := map[int]bool{}
	for _, s := range settings {
		if s.either > 0 && done[s.either] || !slices.ContainsFunc(known, func(row []string) bool { return row[0] == s.name }) {
			continue
		}
		done[s.either] = true
		value := s.value
		if value == "" {
			value = "0"
			if c.mode == database.ReadOnly {
				value = "1"
			}
		}
		set = append(set, "SESSION "+s.name+" = "+value)
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, "SET "+strings.Join(set, ", "), nil); err != nil {
		return fmt.Errorf("choosing the session's settings: %w", err)
	}
	id, err := texts(ctx, conn, "SELECT CAST(CONNECTION_ID() AS CHAR)")
	if err != nil || len(id) != 1 {
		return errors.Join(errors.New("the server does not tell the connection's number"), err)
	}
	w.own(c.net, id[0][0])
	return nil
}

// texts runs a query below database/sql.
func texts(ctx context.Context, conn driver.Conn, query string) ([][]string, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to the end
	var all [][]string
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(dest); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		row := make([]string, len(dest))
		for i, value := range dest {
			if b, ok := value.([]byte); ok {
				row[i] = string(b)
			}
		}
		all = append(all, row)
	}
}

// ours are the numbers of the sessions that this process has, by address.
var ours sync.Map // of sessionKey

type sessionKey struct{ address, id string }

// wire is a connection that takes its session off the list when it is closed:
// a server that was started again gives the same numbers to others.
type wire struct {
	net.Conn
	key sessionKey
}

type wireKey struct{}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w, ok := ctx.Value(wireKey{}).(*wire)
	if !ok {
		return conn, nil
	}
	w.Conn = conn
	return w, nil
}

func (w *wire) own(address, id string) {
	w.key = sessionKey{address, id}
	ours.Store(w.key, nil)
}

// Close implements net.Conn.
func (w *wire) Close() error {
	ours.Delete(w.key)
	return w.Conn.Close()
}

// SyscallConn lets the driver look whether the server has hung up.
func (w *wire) SyscallConn() (syscall.RawConn, error) {
	if c, ok := w.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
