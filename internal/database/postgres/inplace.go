package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/memfile"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// restoreInPlace replaces what is in the live database, in one transaction:
// psql runs the drops and then what pg_restore writes, and gets to read the
// COMMIT only after pg_restore has ended well.
func restoreInPlace(ctx context.Context, config database.Config, dump, missing string, report progress.Reporter) error {
	report.Output("the database is restored in place, in one transaction; to restore into a new one beside it: " + missing)
	a, err := administrate(ctx, config, config.Name)
	if err != nil {
		return err
	}
	defer a.close()
	j, err := plan(ctx, a, dump, false, report)
	if err != nil {
		return err
	}
	if err := a.free(ctx, config.Name, leftOver); err != nil {
		return err
	}
	script, err := a.script(ctx, j)
	if err != nil {
		return describe(err, config)
	}
	a.close() // it would hold no lock, but count as a session
	if committing, err := j.within(ctx, config.Name, script); err != nil {
		if committing {
			err = unknown(err)
		}
		return fmt.Errorf("restoring the database %s in place: %w", quote(config.Name), asItWas(err))
	}
	reached("committed")
	conn, err := connect(ctx, config, config.Name)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost
	return describe(analyze(ctx, conn, report), config)
}

// script is what comes before and after the statements of a dump.
type script struct{ before, after, commit string }

// script drops what the role's database holds but what extensions brought,
// also what the dump does not know of, and gives the owners and grants back.
func (a *admin) script(ctx context.Context, j *job) (script, error) {
	kept, err := keptSchemas(ctx, a.conn)
	if err != nil {
		return script{}, err
	}
	j.entries = slices.DeleteFunc(j.entries, func(e entry) bool {
		return slices.ContainsFunc(kept, func(name string) bool { return e.is("SCHEMA - "+flat(name), "COMMENT - SCHEMA "+flat(name)) })
	})
	var keep []string
	for _, name := range kept {
		keep = append(keep, literal(name))
	}
	keep = append(keep, "'public'")
	var extensions []string
	for _, name := range extensionsOf(j.all) {
		extensions = append(extensions, literal(name))
	}
	extensions = append(extensions, "'plpgsql'")
	statements, err := grants(ctx, a.conn)
	if err != nil {
		return script{}, err
	}
	return script{
		before: "\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\nSET lock_timeout = " + fmt.Sprint(lockTimeout.Milliseconds()) +
			";\nBEGIN;\nSET LOCAL search_path = pg_catalog;\n" + fmt.Sprintf(dropAll, strings.Join(keep, ", "), strings.Join(extensions, ", ")),
		// What cannot be given back stops nothing: each statement has a
		// savepoint of its own.
		after: checkMigrations + "\n\\set ON_ERROR_ROLLBACK on\n\\set ON_ERROR_STOP off\n" + strings.Join(append(statements, ""), ";\n"),
		// In a failed transaction COMMIT would quietly roll back.
		commit: "\\set ON_ERROR_STOP on\nSELECT 1;\nCOMMIT;\n",
	}, nil
}

// keptSchemas are those in which an extension lives.
func keptSchemas(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT DISTINCT n.nspname::text FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
		WHERE `+ownSchema+` AND n.nspname <> 'public'`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// dropAll takes back, by psql's \gexec, what the role grants on all it makes,
// which would add grants to what is restored. Then it drops every object in a
// schema that is not the system's, the schemas themselves, and the few kinds
// of objects that live in none. What belongs to another object goes with it.
const dropAll = `
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %%I%%s REVOKE ALL ON %%s FROM %%s', current_user, ' IN SCHEMA ' || quote_ident(n.nspname),
	CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
	CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) AS x
WHERE pg_get_userbyid(d.defaclrole) = current_user AND x.grantee <> d.defaclrole \gexec
SELECT format('DROP %%s IF EXISTS %%s CASCADE', CASE o.type WHEN 'composite type' THEN 'type' WHEN 'statistics object' THEN 'statistics' ELSE o.type END, o.identity)
FROM pg_depend AS d JOIN pg_namespace AS n ON n.oid = d.refobjid, pg_identify_object(d.classid, d.objid, 0) AS o
WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n' AND n.nspname NOT LIKE 'pg\_%%' AND n.nspname <> 'information_schema'
	AND o.type NOT IN ('default acl', 'publication namespace', 'extension')
	AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = d.classid AND e.objid = d.objid
		AND (e.deptype = 'e' OR e.deptype = 'i' AND e.refobjid <> d.objid)) -- a partitioned table depends on its own key
ORDER BY o.type <> 'table' \gexec
SELECT format('DROP SCHEMA IF EXISTS %%I CASCADE', n.nspname) FROM pg_namespace AS n
WHERE n.nspname NOT LIKE 'pg\_%%' AND n.nspname <> 'information_schema' AND n.nspname NOT IN (%[1]s)
	AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e') \gexec
SELECT format('DROP PUBLICATION IF EXISTS %%I', pubname) FROM pg_publication \gexec
SELECT format('DROP SERVER IF EXISTS %%I CASCADE', srvname) FROM pg_foreign_server AS s
WHERE NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_foreign_server'::regclass AND e.objid = s.oid AND e.deptype = 'e') \gexec
SELECT format('SELECT lo_unlink(%%s)', oid) FROM pg_largeobject_metadata \gexec
SELECT format('DROP EXTENSION IF EXISTS %%I CASCADE', extname) FROM pg_extension WHERE extname NOT IN (%[2]s) \gexec
`

// checkMigrations fails when a restored Directus database has no migrations.
const checkMigrations = `
DO $check$
DECLARE
	t regclass;
	filled bool;
BEGIN
	FOR t IN SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relname = 'directus_migrations' AND c.relkind IN ('r', 'p') LOOP
		EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', t) INTO filled;
		IF NOT filled THEN
			RAISE EXCEPTION 'the dump holds the table % without rows: it is no complete dump of a Directus database', t;
		END IF;
	END LOOP;
END
$check$;
`

// within runs the script with the dump's statements in its middle. Once psql
// was given the COMMIT, an error does not tell whether it came through, unless
// it is one of a statement.
func (j *job) within(ctx context.Context, name string, s script) (committing bool, err error) {
	list, err := useList(j.entries)
	if err != nil {
		return false, err
	}
	defer list.Close() //nolint:errcheck // in memory only
	fromRestore, toUs, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer memfile.CloseAll([]*os.File{fromRestore, toUs})
	toPsql, fromUs, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer memfile.CloseAll([]*os.File{toPsql, fromUs})
	watch := watchRestore(j.dump, j.entries, j.report)
	defer watch.stop()

	// The first of the two tools that fails ends the other.
	group, together := errgroup.WithContext(ctx)
	var restoreErr, psqlErr error
	written := make(chan error, 1)
	group.Go(func() error {
		defer toUs.Close() //nolint:errcheck // pg_restore has its own
		restoreErr = j.tools.run(together, "", call{
			name: "pg_restore", files: []*os.File{list, toUs}, line: watch.line, start: watch.start,
			args: []string{"--no-owner", "--no-privileges", "--verbose", "--use-list=/proc/self/fd/3", "--file=/proc/self/fd/4", j.dump},
		})
		written <- restoreErr
		return restoreErr
	})
	group.Go(func() error {
		defer fromUs.Close() //nolint:errcheck // what counts is what psql says
		if err := feed(fromUs, fromRestore, s, written); err != nil {
			return err
		}
		committing = true
		_, err := io.WriteString(fromUs, s.commit)
		return err
	})
	group.Go(func() error {
		defer toPsql.Close() //nolint:errcheck // psql has its own
		psqlErr = j.tools.run(together, name, call{
			name: "psql", files: []*os.File{toPsql}, line: j.psqlLine,
			args: []string{"--no-psqlrc", "--quiet", "--no-password", "--tuples-only", "--output=/dev/null", "--file=/proc/self/fd/3"},
		})
		return psqlErr
	})
	err = group.Wait()
	for _, cause := range []error{ctx.Err(), restoreErr, psqlErr} {
		if cause != nil && (ctx.Err() != nil || !errors.Is(cause, context.Canceled)) {
			return committing && !failedStatement(cause), cause
		}
	}
	return committing, err
}

// failedStatement reports whether psql ended because a statement failed
// (psql's documentation, "Exit Status").
func failedStatement(err error) bool {
	var exit *process.ExitError
	return errors.As(err, &exit) && exit.Code == 3
}

// feed writes the script to psql, but for the COMMIT, and returns nil only if
// pg_restore has ended well.
func feed(psql io.Writer, restore io.Reader, s script, written <-chan error) error {
	if _, err := io.WriteString(psql, s.before); err != nil {
		return fmt.Errorf("writing to psql: %w", err)
	}
	if _, err := io.Copy(psql, restore); err != nil {
		return fmt.Errorf("writing to psql: %w", err)
	}
	if err := <-written; err != nil {
		return err
	}
	reached("written")
	if _, err := io.WriteString(psql, s.after); err != nil {
		return fmt.Errorf("writing to psql: %w", err)
	}
	return nil
}

// psqlLine passes on what could not be given back.
func (j *job) psqlLine(line string) {
	if strings.Contains(line, "ERROR:") && !strings.Contains(line, "does not exist") {
		j.report.Output(line)
	}
}
