package mysql

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/tlsconfig"
	"bunnyhop/internal/fault"
)

const (
	defaultPort = "3306"
	// program is what every connection calls itself (the connection attribute
	// program_name).
	program = "bunnyhop"
	// connectTimeout is how long a server may take to answer a connection.
	connectTimeout = 15 * time.Second
	// lockTimeout is how long a statement waits for another session to let a
	// table go: longer than most migrations hold one, short enough to say so.
	lockTimeout = 30 * time.Second
)

// driverConfig makes the driver's configuration. "localhost" is the loopback
// address, as for Directus, and not the socket, as for the server's own tools.
//
// DB_CHARSET has no say: it is the project's view of its texts, in which some
// may not be writable, and what is stored has to be read whole.
func driverConfig(config database.Config) (*mysql.Config, error) {
	if _, err := strconv.ParseUint(config.PortOr(defaultPort), 10, 16); err != nil {
		return nil, fault.New(fmt.Sprintf("DB_PORT=%q is not a port", config.Port), "a port is a number from 1 to 65535")
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(config.Host, config.PortOr(defaultPort))
	if config.IsSocket() {
		c.Net, c.Addr = "unix", config.Host
	}
	c.User, c.Passwd, c.DBName = config.User, config.Password, config.Name
	c.Timeout = connectTimeout
	c.ConnectionAttributes = "program_name:" + program
	c.InterpolateParams = true // one round trip for a query of the catalogue
	c.Logger = &mysql.NopLogger{}
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, fmt.Errorf("choosing the character set: %w", err)
	}
	if config.TLS != nil && !config.IsSocket() {
		var err error
		if c.TLS, err = tlsconfig.ChainOnly(config); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// quote quotes an identifier.
func quote(identifier string) string {
	return "`" + strings.ReplaceAll(strings.ReplaceAll(identifier, "\x00", ""), "`", "``") + "`"
}

// unquote is the name that a quoted identifier stands for.
func unquote(text string) string {
	return strings.ReplaceAll(strings.Trim(text, "`"), "``", "`")
}

// escapes are those of a string literal while the SQL mode has no
// NO_BACKSLASH_ESCAPES. No line end is left in one, so that a literal never
// goes over several lines.
var escapes = strings.NewReplacer("\x00", `\0`, "\n", `\n`, "\r", `\r`, `\`, `\\`, `'`, `\'`, "\x1a", `\Z`)

func literal(text string) string { return "'" + escapes.Replace(text) + "'" }
