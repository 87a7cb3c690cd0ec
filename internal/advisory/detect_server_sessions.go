package advisory

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// session is a connection to the project's database.
type session struct {
	program, user, address, state, id string
	port                              int // 0 where it is not known
	socket                            bool
}

func (s session) String() string {
	who := s.program
	if who == "" {
		who = "a session"
	}
	line := who + " of " + s.user
	switch {
	case s.socket:
		line += " through the socket"
	case s.port > 0:
		line += " from " + net.JoinHostPort(s.address, strconv.Itoa(s.port))
	case s.address != "":
		line += " from " + s.address
	}
	if s.state != "" {
		line += ", " + s.state
	}
	return line + " (" + s.id + ")"
}

// detectSessions lists the sessions on the database that are neither this
// program's nor those of the project's own server.
func detectSessions(ctx context.Context, in Input) ([]string, bool, error) {
	others, err := otherSessions(ctx, in)
	evidence := make([]string, len(others))
	for i, s := range others {
		evidence[i] = s.String()
	}
	return evidence, len(evidence) > 0, err
}

// aMoment is how long a session may take to go away that somebody has closed.
const aMoment = 300 * time.Millisecond

// otherSessions lists the sessions of others that are there twice, a moment
// apart: the ones that come and go are no second server.
func otherSessions(ctx context.Context, in Input) ([]session, error) {
	first, err := otherSessionsNow(ctx, in)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(aMoment):
	}
	second, err := otherSessionsNow(ctx, in)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(second, func(s session) bool {
		return !slices.ContainsFunc(first, func(f session) bool { return f.id == s.id })
	}), nil
}

// otherSessionsNow looks at the project's own ports before and after: its pool
// opens and closes connections all the time.
func otherSessionsNow(ctx context.Context, in Input) ([]session, error) {
	list := postgresSessions
	if in.Vendor == mysqlVendor {
		list = mysqlSessions
	}
	before := in.ownPorts()
	all, err := list(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("listing the sessions on the database: %w", err)
	}
	after := in.ownPorts()
	var others []session
	for _, s := range all {
		// Who is at the other end of a Unix socket cannot be seen from here; a
		// project that uses one is given the benefit of the doubt.
		if s.socket && in.Connection.Socket || s.port > 0 && (before[s.port] || after[s.port]) {
			continue
		}
		others = append(others, s)
	}
	return others, nil
}

func postgresSessions(ctx context.Context, in Input) ([]session, error) {
	rows, err := records(ctx, in.DB, `SELECT pid, application_name, usename, host(client_addr) AS address, client_port, state
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
			AND coalesce(backend_type, 'client backend') IN ('client backend', 'walsender')
			AND coalesce(application_name, '') <> current_setting('application_name')
		ORDER BY backend_start, pid`)
	if err != nil {
		return nil, err
	}
	all := make([]session, 0, len(rows))
	for _, row := range rows {
		s := session{
			program: row["application_name"], user: "role " + row["usename"], address: row["address"], state: row["state"],
			id: "server process " + row["pid"], socket: row["client_port"] == "-1",
		}
		// What belongs to other roles is hidden from ordinary ones.
		if s.port, _ = strconv.Atoi(row["client_port"]); s.port < 0 {
			s.port = 0
		}
		all = append(all, s)
	}
	return all, nil
}

func mysqlSessions(ctx context.Context, in Input) ([]session, error) {
	rows, err := records(ctx, in.DB, `SELECT ID, USER, HOST, COMMAND FROM information_schema.PROCESSLIST
		WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ORDER BY ID`)
	if err != nil {
		return nil, err
	}
	all := make([]session, 0, len(rows))
	for _, row := range rows {
		s := session{user: "user " + row["user"], address: row["host"], state: strings.ToLower(row["command"]), id: "connection " + row["id"]}
		if host, port, err := net.SplitHostPort(row["host"]); err == nil {
			s.address = host
			s.port, _ = strconv.Atoi(port)
		}
		s.socket = s.port == 0 && s.address == "localhost"
		all = append(all, s)
	}
	return all, nil
}

// detectHiddenSessions says when a user of MySQL sees no sessions but those of
// its own name.
func detectHiddenSessions(ctx context.Context, in Input) ([]string, bool, error) {
	held, err := readGrants(ctx, in)
	if err != nil || held.global("PROCESS") {
		return nil, false, err
	}
	return []string{fmt.Sprintf("user %s lacks PROCESS: GRANT PROCESS ON *.* TO %s;", held.account, held.quotedAccount())}, true, nil
}
