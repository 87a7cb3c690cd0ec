package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Restore replaces the database of config with a dump.
//
// The dump is restored into a new schema beside the live one. One statement
// then moves the live tables to a schema for old ones, and the new tables into
// the live schema; the server does all of that or nothing. A table with
// triggers cannot be moved, and nothing but tables can, so that triggers go
// before that, and views, triggers, routines and events are made anew after
// it. Without any of those the live schema is, at every instant, the old one
// whole or the new one whole:
//
//	load the new schema, look at it   live: old
//	make the schema for old tables,   live: old
//	  keep its triggers' texts there
//	drop the triggers                 live: old, without triggers
//	move the tables                   live: new, old views, no triggers
//	views, triggers, routines, events live: new
//	drop the two other schemas        live: new
//
// After a kill, Restore tells by what is where how far it had come, and begins
// anew. Together with the tables, a mark is moved into the old schema:
//
//	no old schema                nothing was moved; a new schema is a leftover
//	an old schema without mark   nothing was moved, or, on a server before
//	                             MariaDB 10.6 or MySQL 8 that crashed at the
//	                             same time, a part: what is there goes back,
//	                             and the triggers whose texts were kept
//	an old schema with the mark  all was moved: what is there is obsolete, and
//	                             is dropped as soon as the dump is loaded again
//
// The user needs the right to make schemas with names that begin with
// bunnyhop_; see also RestoreInPlace.
func Restore(ctx context.Context, config database.Config, dump string, report progress.Reporter) error {
	a, err := administrate(ctx, config)
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.alone(ctx, config.Name); err != nil {
		return err
	}
	if _, err := a.recover(ctx, report); err != nil {
		return fmt.Errorf("putting back what an earlier restore left: %w", err)
	}
	if err := a.replace(ctx, dump, report); err != nil {
		return fmt.Errorf("restoring the database %s: %w", quote(config.Name), err)
	}
	return nil
}

// replace makes the new schema and swaps its tables in.
func (a *admin) replace(ctx context.Context, dump string, report progress.Reporter) error {
	live, fresh, old := a.config.Name, newName(a.config.Name), oldName(a.config.Name)
	enable, err := a.prepare(ctx, dump, report)
	if err == nil {
		err = a.swap(ctx, enable, report)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return a.undo(ctx, err, report)
	}
	reached("swapped")
	for _, name := range []string{fresh, old} {
		if err := a.drop(ctx, name); err != nil {
			e := fault.Wrap(err, "the schema "+quote(name)+", in which nothing is needed any more, could not be dropped", "drop it by hand: DROP DATABASE "+quote(name))
			e.State = "the restored database is in place as " + quote(live)
			return e
		}
	}
	reached("dropped")
	return nil
}

// prepare loads the new schema and looks at it. It returns the statements
// that let events take place.
func (a *admin) prepare(ctx context.Context, dump string, report progress.Reporter) ([]string, error) {
	live, fresh := a.config.Name, newName(a.config.Name)
	t, err := findTools(ctx, a.config, a.version)
	if err != nil {
		return nil, err
	}
	s, err := openScript(dump)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.as = live
	if err := a.free(ctx, live); err != nil {
		return nil, err
	}
	if err := a.referenced(ctx); err != nil {
		return nil, err
	}
	if err := a.drop(ctx, fresh); err != nil {
		return nil, err
	}
	if err := a.create(ctx, fresh, live); err != nil {
		return nil, err
	}
	reached("created")
	if err := t.restore(ctx, fresh, s, report); err != nil {
		return nil, err
	}
	reached("restored")
	if err := a.check(ctx, fresh); err != nil {
		return nil, err
	}
	reached("checked")
	return s.enable, nil
}

// referenced reports references from other schemas, which would go with the
// old tables. Those from schemas on which the user has no right do not show.
func (a *admin) referenced(ctx context.Context) error {
	type reference struct{ schema, table, name string }
	found, err := collect(ctx, a.conn, func(r *reference) []any { return []any{&r.schema, &r.table, &r.name} },
		`SELECT DISTINCT table_schema, table_name, constraint_name FROM information_schema.key_column_usage
		WHERE referenced_table_schema = ? AND BINARY table_schema <> ?`, a.config.Name, a.config.Name)
	if err != nil {
		return fmt.Errorf("looking for references from other databases: %w", describe(err, a.config))
	}
	for _, r := range found {
		if r.schema != newName(a.config.Name) && r.schema != oldName(a.config.Name) {
			e := fault.Newf("table %s.%s of another database refers to this one (%s), which a restore would break", quote(r.schema), quote(r.table), r.name).
				WithHint("drop that foreign key, restore, and make it again")
			e.State = "the database is as it was"
			return e
		}
	}
	return nil
}

// check looks at a restored schema. A Directus database has migrations.
func (a *admin) check(ctx context.Context, schema string) error {
	all, err := listTables(ctx, a.conn, schema)
	if err != nil {
		return describe(err, a.config)
	}
	const migrations = "directus_migrations"
	if !slices.ContainsFunc(all, func(t table) bool { return t.Name == migrations }) {
		return nil
	}
	var filled bool
	err = a.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+quote(schema)+"."+quote(migrations)+")").Scan(&filled)
	if err != nil {
		return fmt.Errorf("looking at the restored database: %w", describe(err, a.config))
	}
	if !filled {
		return fault.New("the dump holds the table "+migrations+" without rows: it is no complete dump of a Directus database", "verify the backup, or take another one")
	}
	return nil
}

// undo puts back what a restore that failed has changed, and says what things
// are like.
func (a *admin) undo(ctx context.Context, cause error, report progress.Reporter) error {
	again, err := administrate(ctx, a.config)
	if err != nil {
		// The server is gone. What is where is told by the next restore.
		return withState(cause, "unless a restored one is in place, the database is as it was; restore again to be sure")
	}
	defer again.close()
	a.close() // so that the lock is free, whatever the connection is doing
	if err := again.alone(ctx, a.config.Name); err != nil {
		return errors.Join(cause, err)
	}
	moved, err := again.recover(ctx, report)
	if err != nil {
		return errors.Join(withState(cause, "what was changed could not all be put back; restore again"), err)
	}
	if moved {
		return withState(cause, "the restored tables are in place, but not all views, triggers, routines and events; restore again")
	}
	return errors.Join(withState(cause, "the database is as it was"), again.drop(ctx, newName(a.config.Name)))
}

// withState adds the state to an error that has none.
func withState(err error, state string) error {
	var e *fault.Error
	if errors.As(err, &e) {
		if e.State == "" {
			e.State = state
		}
		return err
	}
	e = fault.Wrap(err, "", "")
	e.State = state
	return e
}
