package mysql

import (
	"context"
	"fmt"
)

// session is somebody's connection to a schema.
type session struct {
	ID   string
	User string
	Host string
}

func (s session) String() string {
	return fmt.Sprintf("user %s from %s (connection %s)", s.User, s.Host, s.ID)
}

func names(sessions []session) []string {
	texts := []string{}
	for _, s := range sessions {
		texts = append(texts, s.String())
	}
	return texts
}

// sessionsOf lists the sessions whose current schema is the named one, but
// for those of this process. A user without the right PROCESS sees those of
// the same user only; Directus connects as that one.
func sessionsOf(ctx context.Context, q querier, address, name string) ([]session, error) {
	all, err := collect(ctx, q, func(s *session) []any { return []any{&s.ID, &s.User, &s.Host} },
		`SELECT CAST(id AS CHAR), user, host FROM information_schema.processlist
		WHERE db = ? AND BINARY db = ? AND id <> CONNECTION_ID() ORDER BY id`, name, name)
	if err != nil {
		return nil, fmt.Errorf("listing the sessions: %w", err)
	}
	var others []session
	for _, s := range all {
		if _, own := ours.Load(sessionKey{address, s.ID}); !own {
			others = append(others, s)
		}
	}
	return others, nil
}

// Sessions lists the sessions that others have on the database: not those of
// this process. Those of other users only show to a user with the right
// PROCESS.
func (d *DB) Sessions(ctx context.Context) ([]string, error) {
	others, err := sessionsOf(ctx, d.sql, d.address, d.name)
	if err != nil {
		return nil, describe(err, d.config)
	}
	return names(others), nil
}
