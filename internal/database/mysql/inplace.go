package mysql

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
)

// RestoreInPlace replaces the database of config with a dump without a schema
// beside it: all that is in it is dropped, and the dump is loaded. For a user
// without the right to make schemas. It is not atomic: killed, it leaves a
// part of the dump, and has to be run again to its end.
func RestoreInPlace(ctx context.Context, config database.Config, dump string, report progress.Reporter) error {
	a, err := administrate(ctx, config)
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.inPlace(ctx, dump, report); err != nil {
		return fmt.Errorf("restoring the database %s in place: %w", quote(config.Name), err)
	}
	return nil
}

func (a *admin) inPlace(ctx context.Context, dump string, report progress.Reporter) error {
	live := a.config.Name
	t, err := findTools(ctx, a.config, a.version)
	if err != nil {
		return err
	}
	s, err := openScript(dump)
	if err != nil {
		return err
	}
	defer s.close()
	s.live, s.as = true, live
	if err := a.alone(ctx, live); err != nil {
		return err
	}
	if err := a.free(ctx, live); err != nil {
		return err
	}
	if err := a.referenced(ctx); err != nil {
		return err
	}
	// Whether the dump is whole is known before anything is dropped.
	if err := readThrough(ctx, dump); err != nil {
		return err
	}
	if err := a.empty(ctx, live); err != nil {
		return withState(err, "a part of the database is dropped; restore again")
	}
	reached("emptied")
	if err := t.restore(ctx, live, s, report); err != nil {
		return withState(err, "the database holds a part of the dump; restore again")
	}
	reached("loaded")
	return a.check(ctx, live)
}

// readThrough reads a dump to its end.
func readThrough(ctx context.Context, dump string) error {
	s, err := openScript(dump)
	if err != nil {
		return err
	}
	defer s.close()
	return s.rest(ctx)
}

// empty drops all that is in a schema.
func (a *admin) empty(ctx context.Context, schema string) error {
	all, err := a.objects(ctx, schema)
	if err != nil {
		return err
	}
	if err := a.dropAll(ctx, schema, all, kinds...); err != nil {
		return err
	}
	tables, err := listTables(ctx, a.conn, schema)
	if err != nil {
		return describe(err, a.config)
	}
	if err := a.exec(ctx, "SET foreign_key_checks = 0"); err != nil {
		return describe(err, a.config)
	}
	var names []string
	for _, t := range tables {
		if t.sequence() {
			if err := a.exec(ctx, "DROP SEQUENCE "+quote(schema)+"."+quote(t.Name)); err != nil {
				return fmt.Errorf("dropping the sequence %q: %w", t.Name, describe(err, a.config))
			}
			continue
		}
		names = append(names, quote(schema)+"."+quote(t.Name))
	}
	if len(names) == 0 {
		return nil
	}
	if err := a.exec(ctx, "DROP TABLE "+strings.Join(names, ", ")); err != nil {
		return fmt.Errorf("dropping the tables: %w", describe(err, a.config))
	}
	return nil
}
