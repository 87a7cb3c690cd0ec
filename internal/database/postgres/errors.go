package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Codes of the server (PostgreSQL documentation, appendix A).
const (
	codeConnectionRejected = "28000" // no line in pg_hba.conf, or a role that may not log in
	codeWrongPassword      = "28P01" //nolint:gosec // a code, not a password
	codeNoDatabase         = "3D000"
	codeNoPrivilege        = "42501"
	codeDiskFull           = "53100"
	codeTooMany            = "53300"
	codeLockTimeout        = "55P03"
	codeInUse              = "55006"
	codeCanceled           = "57014"
	codeAdminShutdown      = "57P01"
	codeCrashShutdown      = "57P02"
	codeNotAcceptingYet    = "57P03"
	codeDeadlock           = "40P01"
	codeDuplicateDatabase  = "42P04"
	codeDuplicateKey       = "23505" // in the catalogue, by a database that is being made
	codeDamaged            = "XX001"
	codeIndexDamaged       = "XX002"
)

// codeOf is the server's code in an error's chain, or "".
func codeOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// describe turns what the driver or the server says into an error for a
// person. What is one already stays as it is.
func describe(err error, config database.Config) error {
	var already *fault.Error
	if err == nil || errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		if e := describeAnswer(answer, config); e != nil {
			e.Err = err
			if isConnectError(err) {
				e.Err = answer // without the driver's list of attempts
			}
			return e
		}
		return fault.Wrap(err, "the PostgreSQL server refuses a statement", "see its message, and the server's log")
	}
	if e := describeNetwork(err, config); e != nil {
		return e
	}
	return err
}

func isConnectError(err error) bool {
	var e *pgconn.ConnectError
	return errors.As(err, &e)
}

func place(config database.Config) string {
	if config.IsSocket() {
		return "the PostgreSQL socket in " + config.Host
	}
	return "the PostgreSQL server at " + net.JoinHostPort(config.Host, config.PortOr(defaultPort))
}

func describeAnswer(e *pgconn.PgError, config database.Config) *fault.Error {
	role, name := quote(config.User), quote(config.Name)
	switch e.Code {
	case codeWrongPassword:
		return fault.New("the server refuses the password of role "+role, "check DB_USER and DB_PASSWORD")
	case codeConnectionRejected:
		return fault.New("the server refuses a connection of role "+role+" to database "+name,
			"check DB_USER and DB_SSL, and whether a line of the server's pg_hba.conf lets this machine in")
	case codeNoDatabase:
		return fault.New("there is no database "+name+" on the server", "check DB_DATABASE, or restore a backup into a new one: CREATE DATABASE "+name+" OWNER "+role)
	case codeNoPrivilege:
		return fault.New("role "+role+" has not the right to do this", privilegeHint(e, role, name))
	case codeDiskFull:
		return fault.New("the disk of the database server is full", "make room on the server, then try again")
	case codeTooMany:
		return fault.New("the server has no connection left", "stop what holds connections, or raise max_connections, then try again")
	case codeLockTimeout:
		return fault.Newf("another session holds a lock on a table of database %s for more than %s", name, lockTimeout).
			WithHint("wait until it is done (SELECT * FROM pg_stat_activity shows it), then try again")
	case codeDeadlock:
		return fault.New("another session got in the way (deadlock)", "stop Directus, or wait until it is idle, then try again")
	case codeInUse:
		return fault.New("the database "+name+" is in use", "stop the server first, then try again")
	case codeCanceled:
		return fault.New("the server ended a statement: "+e.Message,
			"if statement_timeout is set for the role (ALTER ROLE "+role+" SET statement_timeout = 0 takes it away) or somebody cancelled it, try again")
	case codeAdminShutdown, codeCrashShutdown:
		return fault.New("the server ended the connection: "+e.Message, "the server was stopped, or somebody ended this session; see the server's log, then try again")
	case codeNotAcceptingYet:
		return fault.New("the server takes no connections now: "+e.Message, "wait until it has started, then try again")
	case codeDamaged, codeIndexDamaged:
		return fault.New("the server finds damaged data: "+e.Message, "look into the server's log; restore a backup if the table cannot be read")
	}
	return nil
}

func privilegeHint(e *pgconn.PgError, role, name string) string {
	switch {
	case strings.Contains(e.Message, "for database"):
		return "as a superuser: GRANT CONNECT ON DATABASE " + name + " TO " + role
	case strings.Contains(e.Message, "to create database"):
		return "as a superuser: ALTER ROLE " + role + " CREATEDB"
	case strings.Contains(e.Message, "for schema"):
		return "as a superuser, in database " + name + ": GRANT USAGE ON SCHEMA … TO " + role
	case strings.Contains(e.Message, "row-level security"):
		return "as a superuser: ALTER ROLE " + role + " BYPASSRLS"
	case strings.HasPrefix(e.Message, "must be owner"):
		return "as a superuser, make " + role + " the owner (ALTER … OWNER TO " + role + "), or give it the owner's role (GRANT owner TO " + role + ")"
	}
	return "as a superuser, in database " + name + ": GRANT SELECT ON ALL TABLES IN SCHEMA … TO " + role + " (and ON ALL SEQUENCES)"
}

func describeNetwork(err error, config database.Config) *fault.Error {
	where := place(config)
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return fault.Wrap(dns, "the name of the database server, "+config.Host+", cannot be resolved", "check DB_HOST; a name of a Compose service is only known inside its network")
	case errors.As(err, &untrusted):
		return fault.Wrap(untrusted, "the certificate of "+where+" is not trusted",
			"set DB_SSL__CA_FILE to the certificate authority's file, or DB_SSL__REJECT_UNAUTHORIZED=false if you accept any certificate")
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return fault.Wrap(errors.New("it does not speak TLS"), where+" cannot be reached as DB_SSL asks", "unset DB_SSL, or switch ssl on in the server")
	case strings.Contains(err.Error(), "tls: "):
		return fault.Wrap(plain(err), "an encrypted connection to "+where+" cannot be made", "check the DB_SSL values")
	case errors.Is(err, syscall.ECONNREFUSED), config.IsSocket() && errors.Is(err, os.ErrNotExist):
		return fault.Wrap(plain(err), where+" does not answer", "check that it runs, and DB_HOST and DB_PORT")
	case isConnectError(err) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || pgconn.Timeout(err)):
		return fault.New(fmt.Sprintf("%s does not answer within %s", where, connectTimeout), "check DB_HOST and DB_PORT, and firewalls between")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed), errors.Is(err, pgconn.ErrConnClosed):
		return fault.Wrap(plain(err), "the connection to "+where+" broke off", "see whether the server was stopped or restarted, then try again")
	case isConnectError(err):
		return fault.Wrap(plain(err), where+" cannot be reached", "check DB_HOST and DB_PORT")
	}
	return nil
}

// plain is the innermost cause on one line: the driver lists all its attempts
// with their addresses.
func plain(err error) error {
	for {
		if next, ok := err.(interface{ Unwrap() []error }); ok && len(next.Unwrap()) > 0 { //nolint:errorlint // the tree is walked by hand
			err = next.Unwrap()[0]
			continue
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
