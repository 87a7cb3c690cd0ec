package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
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

// isSocket reports whether the host is a Unix socket.
func isSocket(host string) bool { return strings.HasPrefix(host, "/") }

func portOf(config database.Config) string {
	if config.Port == "" {
		return defaultPort
	}
	return config.Port
}

// driverConfig makes the driver's configuration. "localhost" is the loopback
// address, as for Directus, and not the socket, as for the server's own tools.
//
// DB_CHARSET has no say: it is the project's view of its texts, in which some
// may not be writable, and what is stored has to be read whole.
func driverConfig(config database.Config) (*mysql.Config, error) {
	if _, err := strconv.ParseUint(portOf(config), 10, 16); err != nil {
		return nil, fault.New(fmt.Sprintf("DB_PORT=%q is not a port", config.Port), "a port is a number from 1 to 65535")
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(config.Host, portOf(config))
	if isSocket(config.Host) {
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
	if config.TLS != nil && !isSocket(config.Host) {
		var err error
		if c.TLS, err = tlsConfig(config); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// tlsConfig does what mysql2 does with the same values: the certificate must
// come from a known authority, but only where a server name is set must it be
// the server's (mysql2 3, lib/base/connection.js, startTLS: verifyIdentity).
func tlsConfig(config database.Config) (*tls.Config, error) {
	t := config.TLS
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: t.ServerName,
		// Without a name to compare, the chain is verified below.
		InsecureSkipVerify: !t.Verify || t.ServerName == "", //nolint:gosec // the project's own setting
	}
	if c.ServerName == "" {
		c.ServerName = config.Host
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, fault.New("DB_SSL__CA holds no certificate", "it takes the text of a certificate in PEM form, or DB_SSL__CA_FILE the name of a file with one")
		}
	}
	if t.Verify && t.ServerName == "" {
		roots := c.RootCAs
		c.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, roots) }
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fault.Wrap(errors.New("they do not form a pair in PEM form"), "DB_SSL__CERT and DB_SSL__KEY cannot be used", "check both")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// verifyChain verifies a certificate but for its name.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := state.PeerCertificates[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
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
