package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// admin is a connection to some database of the server, from which others are
// made, renamed and dropped.
type admin struct {
	conn    *pgx.Conn
	config  database.Config
	version version
	rights  rights
}

// rights are what the role may do.
type rights struct {
	Superuser bool
	CreateDB  bool
}

// connect makes one connection to the database name. The search path is
// empty: every name is written with its schema.
func connect(ctx context.Context, config database.Config, name string) (*pgx.Conn, error) {
	config.Name, config.SearchPath = name, []string{"pg_catalog"}
	cfg, err := connConfig(config, database.ReadWrite)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, describe(err, config)
	}
	return conn, nil
}

// errNoPlace says that no database of the server lets the role in.
var errNoPlace = errors.New("no other database of the server can be connected to")

// administrate connects to the first of the databases that lets the role in.
func administrate(ctx context.Context, config database.Config, places ...string) (*admin, error) {
	a := &admin{config: config}
	var refused error
	for _, name := range places {
		conn, err := connect(ctx, config, name)
		if code := codeOf(err); code == codeNoDatabase || code == codeNoPrivilege || code == codeConnectionRejected {
			refused = err
			continue
		}
		if err != nil {
			return nil, err
		}
		a.conn = conn
		break
	}
	if a.conn == nil {
		return nil, errors.Join(errNoPlace, refused)
	}
	var whole string
	err := a.conn.QueryRow(ctx, `SELECT version(), current_setting('server_version_num')::int, current_setting('server_version'),
		rolsuper, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user`).
		Scan(&whole, &a.version.number, &a.version.text, &a.rights.Superuser, &a.rights.CreateDB)
	if err == nil {
		err = supported(whole, a.version)
	}
	if err != nil {
		a.close()
		return nil, describe(err, config)
	}
	return a, nil
}

// apart connects to a database other than the one of config, which is going
// to be renamed or dropped.
func apart(ctx context.Context, config database.Config) (*admin, error) {
	a, err := administrate(ctx, config, without([]string{"postgres", "template1"}, config.Name)...)
	if !errors.Is(err, errNoPlace) {
		return a, err
	}
	// The database itself tells which other ones let the role in.
	conn, err := connect(ctx, config, config.Name)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `SELECT datname::text FROM pg_database
		WHERE datallowconn AND has_database_privilege(oid, 'CONNECT') ORDER BY datname`)
	if err == nil {
		var others []string
		if others, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			// Those of a swap may have to be dropped.
			own := []string{config.Name, newName(config.Name), oldName(config.Name)}
			a, err = administrate(ctx, config, without(others, own...)...)
		}
	}
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	return a, err
}

func without(names []string, unwanted ...string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(unwanted, n) })
}

// anywhere connects to any database, the project's included.
func anywhere(ctx context.Context, config database.Config) (*admin, error) {
	a, err := administrate(ctx, config, "postgres", "template1", config.Name)
	if errors.Is(err, errNoPlace) {
		return nil, fault.Wrap(err, "no database of the server can be connected to",
			"as a superuser: GRANT CONNECT ON DATABASE postgres TO "+quote(config.User))
	}
	return a, err
}

func (a *admin) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = a.conn.Close(ctx)
}

func (a *admin) exec(ctx context.Context, statement string) error {
	_, err := a.conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol)
	return err
}

// exists reports whether there is a database of that name, and whether the
// role may act as its owner.
func (a *admin) exists(ctx context.Context, name string) (exists, owned bool, err error) {
	err = a.conn.QueryRow(ctx, "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = $1", name).Scan(&owned)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, owned, describe(err, a.config)
}

// create makes an empty database with the encoding, the locale and the
// tablespace of another one, or the server's own where there is none.
func (a *admin) create(ctx context.Context, name, like string) error {
	options := []string{"TEMPLATE template0"}
	var found map[string]any
	err := a.conn.QueryRow(ctx, `SELECT to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(d.encoding), 'space', t.spcname)
		FROM pg_database AS d JOIN pg_tablespace AS t ON t.oid = d.dattablespace WHERE d.datname = $1`, like).Scan(&found)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return describe(err, a.config)
	}
	add := func(option, key string) {
		if text, ok := found[key].(string); ok && text != "" {
			options = append(options, option+" "+literal(text))
		}
	}
	add("ENCODING", "encoding")
	add("LC_COLLATE", "datcollate")
	add("LC_CTYPE", "datctype")
	switch found["datlocprovider"] {
	case "i":
		options = append(options, "LOCALE_PROVIDER icu")
		add("ICU_LOCALE", "daticulocale") // 15 and 16
		add("ICU_LOCALE", "datlocale")    // from 17 on
		add("ICU_RULES", "daticurules")
	case "b":
		options = append(options, "LOCALE_PROVIDER builtin")
		add("BUILTIN_LOCALE", "datlocale")
	}
	if space, _ := found["space"].(string); space != "" && space != "pg_default" {
		options = append(options, "TABLESPACE "+quote(space))
	}
	config := a.config
	config.Name = name
	if err := a.exec(ctx, "CREATE DATABASE "+quote(name)+" "+strings.Join(options, " ")); err != nil {
		return describe(err, config)
	}
	return nil
}

// endWait is how long ended sessions may take to go away, and closeWait those
// of others, and of this process, that have just been closed.
const (
	endWait   = 10 * time.Second
	closeWait = 2 * time.Second
)

// drop drops a database, if it is there. Sessions on it that ours lets
// through are ended; any other is an error.
func (a *admin) drop(ctx context.Context, name string, ours func(session) bool) error {
	exists, _, err := a.exists(ctx, name)
	if err != nil || !exists {
		return err
	}
	if err := a.free(ctx, name, ours); err != nil {
		return err
	}
	config := a.config
	config.Name = name
	return describe(a.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)), config)
}

// free ends the sessions on a database that ours lets through, waits until
// they are gone, and reports any other.
func (a *admin) free(ctx context.Context, name string, ours func(session) bool) error {
	for start := time.Now(); ; {
		all, err := sessionsOf(ctx, a.conn, name)
		if err != nil {
			return describe(err, a.config)
		}
		if len(all) == 0 {
			return nil
		}
		others := slices.DeleteFunc(slices.Clone(all), ours)
		if waited := time.Since(start); len(others) > 0 && waited > closeWait || waited > endWait {
			return inUse(name, all)
		}
		for _, s := range all {
			if !ours(s) || len(others) > 0 {
				continue
			}
			if _, err := a.conn.Exec(ctx, "SELECT pg_terminate_backend($1)", s.PID); err != nil {
				return fmt.Errorf("ending a session that an earlier run left: %w", describe(err, a.config))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func inUse(name string, sessions []session) error {
	e := fault.New("the database "+quote(name)+" is in use by "+strings.Join(names(sessions), ", "),
		"stop the server and whatever else uses the database, then try again")
	e.State = "the database is as it was"
	return e
}

// createWait is how long a server may go on making a database for a process
// that is gone.
const createWait = time.Minute

// remake drops a database that an earlier run left and makes it anew. The
// server may still be busy making it for that run: it is not there yet, and
// is when ours is made.
func (a *admin) remake(ctx context.Context, name, like string, report progress.Reporter) error {
	defer busy("making a database", report)()
	for start := time.Now(); ; {
		err := a.drop(ctx, name, scratchSession)
		if err == nil {
			err = a.create(ctx, name, like)
		}
		if code := codeOf(err); code != codeDuplicateDatabase && code != codeDuplicateKey || time.Since(start) > createWait {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// leftOver are the sessions of earlier runs of this program whose process is
// gone.
func leftOver(s session) bool { return deserted(s.Application) }

// scratchSession are the sessions that may be on a database that this program
// alone makes and drops.
func scratchSession(s session) bool {
	return strings.HasPrefix(s.Application, program) || s.Application == "pg_restore"
}
