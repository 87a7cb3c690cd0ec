package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// session is somebody else's connection to a database.
type session struct {
	PID         int32
	Application string
	Role        string
	Address     string
}

func (s session) String() string {
	name := s.Application
	switch name {
	case "":
		name = "a session"
	case applicationName():
		name = "this very process"
	}
	if s.Address != "" {
		return fmt.Sprintf("%s of role %s from %s (server process %d)", name, s.Role, s.Address, s.PID)
	}
	return fmt.Sprintf("%s of role %s (server process %d)", name, s.Role, s.PID)
}

func names(sessions []session) []string {
	texts := []string{}
	for _, s := range sessions {
		texts = append(texts, s.String())
	}
	return texts
}

// sessionsOf lists the sessions on a database, other than the one that asks.
// The server's own workers have no role; of the rest, the kind is hidden from
// roles that may not look at others.
func sessionsOf(ctx context.Context, conn *pgx.Conn, name string) ([]session, error) {
	return collect[session](ctx, conn, `SELECT pid, coalesce(application_name, ''), coalesce(usename, ''),
			coalesce(pg_catalog.host(client_addr), '')
		FROM pg_catalog.pg_stat_activity
		WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid() AND usesysid IS NOT NULL
			AND coalesce(backend_type, 'client backend') IN ('client backend', 'walsender')
		ORDER BY pid`, name)
}

// Sessions lists the sessions that others have on the database: not those of
// this process or of the tools it runs.
func (d *DB) Sessions(ctx context.Context) ([]string, error) {
	var others []session
	err := d.read(ctx, func(conn *pgx.Conn) error {
		all, err := sessionsOf(ctx, conn, d.config.Name)
		for _, s := range all {
			if s.Application != applicationName() {
				others = append(others, s)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the sessions: %w", err)
	}
	return names(others), nil
}
