package postgres

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// complaint is a line in which a tool says what went wrong.
var complaint = regexp.MustCompile(`: (error|fatal|ERROR|FATAL|PANIC):`)

// known are what tools say, and what it means to a person. The first one that
// fits counts.
var known = []struct {
	text string // a part of the line
	what string
	hint string
	err  error
}{
	{"No space left on device", "the disk is full", "make room, then try again", syscall.ENOSPC},
	{"aborting because of server version mismatch", "the tool is older than the server", "install the Debian package postgresql-client of the server's version", nil},
	{"unsupported version", "the dump was made by a newer version of pg_dump than the pg_restore here", "install the Debian package postgresql-client of the version that made the dump", nil},
	{"password authentication failed", "the server refuses the password", "check DB_USER and DB_PASSWORD", nil},
	{"no password supplied", "the server asks for a password", "set DB_PASSWORD", nil},
	{"permission denied", "the role has not the right to do this", "as a superuser, GRANT the role the right, or make it the owner", nil},
	{"must be owner of", "the role does not own all that it has to change", "as a superuser, make the role the owner (ALTER … OWNER TO …)", nil},
	{"must be superuser", "only a superuser may do this", "see the line above; let a superuser do it, then try again", nil},
	{"row-level security", "a row security policy hides rows from the role", "as a superuser: ALTER ROLE … BYPASSRLS", nil},
	{"canceling statement due to lock timeout", "another session holds a lock on a table for too long", "wait until it is done, or stop it, then try again", nil},
	{"due to statement timeout", "the server ended a statement because of statement_timeout", "raise statement_timeout for the role, then try again", nil},
	{"deadlock detected", "another session got in the way (deadlock)", "stop Directus, then try again", nil},
	{"connection to server was lost", "the connection to the server broke off", "see whether the server was stopped or restarted, then try again", nil},
	{"input file is too short", "the dump is cut off", "verify the backup, or take another one", nil},
	{"server closed the connection unexpectedly", "the connection to the server broke off", "see whether the server was stopped or restarted, then try again", nil},
	{"terminating connection", "the server ended the connection", "see the server's log, then try again", nil},
	{"Connection refused", "the server does not answer", "check that it runs, then try again", nil},
	{"the database system is", "the server takes no connections now", "wait until it has started, then try again", nil},
	{"does not appear to be a valid archive", "the dump is not one that pg_dump made", "verify the backup, or take another one", nil},
	{"did not find magic string", "the dump is not one that pg_dump made", "verify the backup, or take another one", nil},
	{"unexpected end of file", "the dump is cut off", "verify the backup, or take another one", nil},
	{"could not read from input file", "the dump is damaged or cannot be read", "verify the backup, or take another one", nil},
	{"could not uncompress data", "the dump is damaged", "verify the backup, or take another one", nil},
	{"could not open extension control file", "an extension that the database uses is not installed on the server", "install the extension's package on the server, then try again", nil},
	{"is not available", "an extension that the database uses is not installed on the server", "install the extension's package on the server, then try again", nil},
}

// describeTool turns the end of a tool into an error for a person. The lines
// are the tool's own and hold no password.
func describeTool(ctx context.Context, err error, said *complaints, config database.Config) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	var exit *process.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	tool := filepath.Base(exit.Path)
	on := ""
	if config.Name != "" { // else it only read a dump
		on = " (" + config.String() + ")"
	}
	line := said.first()
	if line == "" {
		line = err.Error()
	}
	for _, k := range known {
		if !strings.Contains(line, k.text) {
			continue
		}
		cause := error(&toolError{tool, line, exit})
		what := k.what
		switch {
		case k.err != nil && strings.Contains(line, "ERROR:"): // what the server says, of its own disk
			what = "the disk of the database server is full"
		case k.err != nil:
			cause = fmt.Errorf("%w: %w", cause, k.err)
		}
		return fault.Wrap(cause, what+on, k.hint)
	}
	return fault.Wrap(&toolError{tool, line, exit}, tool+" failed"+on, "see its message, and the server's log")
}

// toolError is what a tool said before it ended.
type toolError struct {
	tool, line string
	exit       *process.ExitError
}

func (e *toolError) Error() string { return e.tool + ": " + strings.TrimPrefix(e.line, e.tool+": ") }
func (e *toolError) Unwrap() error { return e.exit }

// statement is a detail that only repeats the statement: of a table with many
// columns it is a page of text.
var statement = regexp.MustCompile(`(?i): detail: (query|command) was: `)

// complaints keeps the first line in which a tool says what went wrong, and
// the detail after it, which often names the object. The statement that failed
// is not kept: it may be long, and may hold secrets.
type complaints struct {
	mu   sync.Mutex
	kept []string
}

func (c *complaints) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.kept) == 0 && complaint.MatchString(line):
		c.kept = append(c.kept, line)
	case len(c.kept) == 1 && (strings.HasPrefix(line, "DETAIL:") || strings.Contains(line, ": detail:")) && !statement.MatchString(line):
		c.kept = append(c.kept, line)
	}
}

func (c *complaints) first() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.kept, "; ")
}
