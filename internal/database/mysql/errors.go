package mysql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Numbers of the server's errors (MySQL and MariaDB documentation, "Server
// Error Message Reference" and "MariaDB Error Codes").
const (
	errDiskWrite         = 3
	errDiskFull          = 1021
	errNoMemory          = 1037
	errEngine            = 1030
	errNotKeyFile        = 1034
	errOldKeyFile        = 1035
	errTooMany           = 1040
	errDatabaseDenied    = 1044
	errAccessDenied      = 1045
	errUnknownDatabase   = 1049
	errUnknownTable      = 1051
	errShutdown          = 1053
	errTableFull         = 1114
	errHostBlocked       = 1129
	errHostNotAllowed    = 1130
	errTableDenied       = 1142
	errColumnDenied      = 1143
	errNoSuchTable       = 1146
	errPacketTooLarge    = 1153
	errCrashed           = 1194
	errCrashedRepair     = 1195
	errTooManyUser       = 1203
	errLockTimeout       = 1205
	errDeadlock          = 1213
	errResource          = 1226
	errNeedsRight        = 1227
	errReadOnlyOption    = 1290
	errInterrupted       = 1317
	errTableChanged      = 1412
	errFunctionCreators  = 1419
	errPasswordless      = 1698
	errPasswordExpired   = 1820
	errNoInfoTable       = 1877 // table is corrupted or missing in InnoDB
	errKilledMaria       = 1927
	errStatementTimeMDB  = 1969
	errIndexCorrupt      = 1712
	errStatementTime     = 3024
	errAccountLocked     = 3118
	errTLSRequired       = 3159
	errIdle              = 4031
	errAccountLockedMDB  = 4151
	errClientUnknownHost = 2005
	errClientRefused     = 2003
	errClientSocket      = 2002
	errClientGone        = 2006
	errClientLost        = 2013
	errClientTLS         = 2026
	errClientHandshake   = 2055
)

// numberOf is the server's number in an error's chain, or 0.
func numberOf(err error) int {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return int(e.Number)
	}
	return 0
}

// describe turns what the driver or the server says into an error for a
// person. What is one already stays as it is.
func describe(err error, config database.Config) error {
	var already *fault.Error
	if err == nil || errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	var answer *mysql.MySQLError
	if errors.As(err, &answer) {
		if e := describeNumber(int(answer.Number), answer.Message, config); e != nil {
			e.Err = err
			return e
		}
		return err
	}
	if e := describeNetwork(err, config); e != nil {
		return e
	}
	return err
}

func place(config database.Config) string {
	if config.IsSocket() {
		return "the database server's socket " + config.Host
	}
	return "the database server at " + net.JoinHostPort(config.Host, config.PortOr(defaultPort))
}

func describeNumber(number int, message string, config database.Config) *fault.Error {
	user, name := literal(config.User), quote(config.Name)
	switch number {
	case errAccessDenied, errPasswordless:
		return fault.New("the server refuses user "+user+" with this password", "check DB_USER and DB_PASSWORD, and whether the user may come from this machine (CREATE USER … @'host')")
	case errHostNotAllowed, errHostBlocked:
		return fault.New("the server takes no connections from this machine", "as root: "+hostHint(number, config))
	case errAccountLocked, errAccountLockedMDB, errPasswordExpired:
		return fault.New("the account of user "+user+" is locked or its password has expired", "as root: ALTER USER … ACCOUNT UNLOCK, or give it a new password")
	case errTLSRequired:
		return fault.New("the server takes encrypted connections only", "set DB_SSL=true, or what of DB_SSL__… fits the server")
	case errUnknownDatabase:
		return fault.New("there is no database "+name+" on the server", "check DB_DATABASE, or make it and restore a backup: CREATE DATABASE "+name)
	case errDatabaseDenied, errTableDenied, errColumnDenied, errNeedsRight:
		return fault.New("user "+user+" has not the right to do this", privilegeHint(number, message, config))
	case errFunctionCreators:
		return fault.New("the server lets only an administrator make functions and triggers", "as root: SET GLOBAL log_bin_trust_function_creators = 1")
	case errDiskFull, errTableFull:
		return fault.New("the disk of the database server is full", "make room on the server, then try again")
	case errEngine, errDiskWrite, errNoMemory:
		if diskFullText.MatchString(message) {
			return fault.New("the disk of the database server is full", "make room on the server, then try again")
		}
	case errTooMany, errTooManyUser, errResource:
		return fault.New("the server has no connection left", "stop what holds connections, or raise max_connections (or the user's limit), then try again")
	case errLockTimeout:
		return fault.Newf("another session holds a lock on a table of database %s for more than %s", name, lockTimeout).
			WithHint("wait until it is done (SHOW FULL PROCESSLIST shows it), then try again")
	case errDeadlock:
		return fault.New("another session got in the way (deadlock)", "stop Directus, or wait until it is idle, then try again")
	case errTableChanged:
		return fault.New("somebody changed a table while it was read", "stop Directus, or wait until it is idle, then try again")
	case errInterrupted, errStatementTime, errStatementTimeMDB:
		return fault.New("the server ended a statement", "somebody cancelled it, or a time limit of the server or the user did (max_statement_time, max_execution_time); then try again")
	case errShutdown, errKilledMaria, errIdle:
		return fault.New("the server ended the connection", "the server was stopped, or somebody ended this session; see the server's log, then try again")
	case errReadOnlyOption:
		return fault.New("the server takes no changes (read_only)", "use the primary server, or switch read_only off")
	case errPacketTooLarge:
		return fault.New("a row is larger than the server takes at once", "as root: SET GLOBAL max_allowed_packet = 1073741824")
	case errNotKeyFile, errOldKeyFile, errCrashed, errCrashedRepair, errIndexCorrupt, errNoInfoTable:
		return fault.New("the server finds damaged data", "look into the server's log; restore a backup if the table cannot be read")
	}
	return describeClient(number, config)
}

// diskFullText finds ENOSPC in the server's words.
var diskFullText = regexp.MustCompile(`(?i)error:? 28\b|errcode: 28\b|no space left`)

// describeClient knows the numbers of the client library, which the tools use.
func describeClient(number int, config database.Config) *fault.Error {
	where := place(config)
	switch number {
	case errClientUnknownHost:
		return unknownHost(config)
	case errClientRefused, errClientSocket:
		return fault.New(where+" does not answer", "check that it runs, and DB_HOST and DB_PORT")
	case errClientGone, errClientLost, errClientHandshake:
		return brokeOff(config)
	case errClientTLS:
		return fault.New("an encrypted connection to "+where+" cannot be made", "check the DB_SSL values")
	}
	return nil
}

func unknownHost(config database.Config) *fault.Error {
	return fault.New("the name of the database server, "+config.Host+", cannot be resolved",
		"check DB_HOST; a name of a Compose service is only known inside its network")
}

func brokeOff(config database.Config) *fault.Error {
	return fault.New("the connection to "+place(config)+" broke off", "see whether the server was stopped or restarted, then try again")
}

func hostHint(number int, config database.Config) string {
	if number == errHostBlocked {
		return "FLUSH HOSTS (the server has blocked this machine after too many errors)"
	}
	return "make the user for this machine too: CREATE USER " + literal(config.User) + "@'…'"
}

// pattern is a name in a GRANT, which takes wildcards there.
func pattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(name)
}

func privilegeHint(number int, message string, config database.Config) string {
	grantee := accountIn(message)
	if grantee == "" {
		grantee = literal(config.User) + "@'%'"
	}
	if number == errNeedsRight {
		return "as root: GRANT the right that the message names ON *.* TO " + grantee
	}
	return "as root: GRANT ALL PRIVILEGES ON " + quote(pattern(config.Name)) + ".* TO " + grantee
}

var account = regexp.MustCompile(`'((?:[^']|'')*)'@'([^']*)'`)

// accountIn finds the account in "Access denied for user 'a'@'b'".
func accountIn(message string) string {
	m := account.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	return literal(m[1]) + "@" + literal(m[2])
}

func describeNetwork(err error, config database.Config) *fault.Error {
	where := place(config)
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var dialing *net.OpError
	isDialing := errors.As(err, &dialing) && dialing.Op == "dial"
	var e *fault.Error
	switch {
	case errors.As(err, &dns):
		e = unknownHost(config)
	case errors.As(err, &untrusted):
		e = fault.New("the certificate of "+where+" is not trusted",
			"set DB_SSL__CA_FILE to the certificate authority's file, or DB_SSL__REJECT_UNAUTHORIZED=false if you accept any certificate")
	case errors.Is(err, mysql.ErrNoTLS):
		e = fault.New(where+" cannot be reached as DB_SSL asks", "unset DB_SSL, or switch encryption on in the server")
	case strings.Contains(err.Error(), "tls: "):
		e = fault.New("an encrypted connection to "+where+" cannot be made", "check the DB_SSL values")
	case errors.Is(err, syscall.ECONNREFUSED), config.IsSocket() && isDialing && errors.Is(err, os.ErrNotExist):
		e = fault.New(where+" does not answer", "check that it runs, and DB_HOST and DB_PORT")
	case isDialing && (errors.Is(err, context.DeadlineExceeded) || dialing.Timeout()):
		e = fault.New(fmt.Sprintf("%s does not answer within %s", where, connectTimeout), "check DB_HOST and DB_PORT, and firewalls between")
	case isDialing:
		e = fault.New(where+" cannot be reached", "check DB_HOST and DB_PORT")
	case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed),
		strings.HasSuffix(err.Error(), "bad connection"): // the driver keeps one of its errors to itself
		e = brokeOff(config)
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldProtocol):
		e = fault.New("the server asks user "+literal(config.User)+" to log in in a way that bunnyhop does not know", "as root: ALTER USER … IDENTIFIED BY '…'")
	default:
		return nil
	}
	e.Err = err
	return e
}
