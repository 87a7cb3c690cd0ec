package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// restorable leaves out of a dump's contents what an owner who is no
// superuser cannot restore although it is there already, and what must not
// come to life in a copy.
func restorable(entries []entry, superuser, scratch bool, report progress.Reporter) []entry {
	// Every new database has the schema public and its comment; an extension
	// brings its own comment along.
	silent := []string{"SCHEMA - public", "COMMENT - SCHEMA public", "COMMENT - EXTENSION", "ACL", "DEFAULT ACL"}
	// A subscription would be made switched off, without its place in the
	// stream of changes.
	told := []string{"SUBSCRIPTION", "COMMENT - SUBSCRIPTION"}
	if !superuser {
		told = append(told, "EVENT TRIGGER", "COMMENT - EVENT TRIGGER")
	}
	if scratch {
		silent = append(silent, "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "COMMENT - PUBLICATION", "USER MAPPING")
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
		if e.is(told...) {
			report.Output("not restored: " + e.text)
			return true
		}
		return e.is(silent...)
	})
}

// extensionsOf are the extensions that a dump needs.
func extensionsOf(entries []entry) []string {
	var all []string
	for _, e := range entries {
		if fields := strings.Fields(e.text); e.is("EXTENSION") && len(fields) > 2 {
			all = append(all, fields[2])
		}
	}
	return all
}

// checkExtensions tells before anything is made which extensions the server
// lacks, and which only a superuser may create in a new database.
func (a *admin) checkExtensions(ctx context.Context, entries []entry) error {
	wanted := extensionsOf(entries)
	type extension struct {
		Name    string
		Known   bool
		Allowed bool
	}
	// Whether an extension is trusted is known from 13 on.
	all, err := collect[extension](ctx, a.conn, `SELECT w.name, e.name IS NOT NULL,
			coalesce((SELECT bool_or((to_jsonb(v) ->> 'trusted')::bool OR NOT (to_jsonb(v) ->> 'superuser')::bool)
				FROM pg_available_extension_versions AS v WHERE v.name = w.name AND v.version = e.default_version), false) OR w.name = 'plpgsql'
		FROM unnest($1::text[]) AS w (name) LEFT JOIN pg_available_extensions AS e ON e.name = w.name`, wanted)
	if err != nil {
		return describe(err, a.config)
	}
	var missing, forbidden []string
	for _, e := range all {
		switch {
		case !e.Known:
			missing = append(missing, e.Name)
		case !e.Allowed && !a.rights.Superuser:
			forbidden = append(forbidden, e.Name)
		}
	}
	if len(missing) > 0 {
		return fault.New("the server lacks extensions that the database uses: "+strings.Join(missing, ", "),
			"install their packages on the server, then try again").WithCode(fault.Blocked)
	}
	if len(forbidden) > 0 {
		return &forbiddenError{forbidden, a.config.User}
	}
	return nil
}

// forbiddenError says which extensions only a superuser may create.
type forbiddenError struct {
	extensions []string
	role       string
}

func (e *forbiddenError) Error() string {
	return "only a superuser may create extensions that the database uses: " + strings.Join(e.extensions, ", ")
}

// fault is the error for a person.
func (e *forbiddenError) fault() error {
	return fault.New(e.Error(), "as a superuser: ALTER ROLE "+quote(e.role)+" SUPERUSER; afterwards: ALTER ROLE "+quote(e.role)+" NOSUPERUSER").
		WithCode(fault.Blocked)
}

// checkRestored looks whether a restored Directus database has migrations.
func checkRestored(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relname = 'directus_migrations' AND c.relkind IN ('r', 'p')`)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range tables {
		var filled bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+name+")").Scan(&filled); err != nil {
			return err
		}
		if !filled {
			return fault.New("the dump holds the table "+name+" without rows: it is no complete dump of a Directus database",
				"verify the backup, or take another one")
		}
	}
	return nil
}
