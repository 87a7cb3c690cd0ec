package mysql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/progress"
)

// The tables in the schema for old tables that are not old ones: the mark that
// all was moved, and the texts of the triggers.
const (
	markTable    = "bunnyhop_moved"
	triggerTable = "bunnyhop_triggers"
)

// swap moves the old tables out and the new ones in, and makes the rest anew.
func (a *admin) swap(ctx context.Context, enable []string, report progress.Reporter) error {
	live, fresh, old := a.config.Name, newName(a.config.Name), oldName(a.config.Name)
	exists, err := a.exists(ctx, live)
	if err == nil && !exists {
		err = a.create(ctx, live, fresh)
	}
	if err != nil {
		return err
	}
	before, err := a.objects(ctx, live)
	if err != nil {
		return err
	}
	after, err := a.objects(ctx, fresh)
	if err != nil {
		return err
	}
	if err := a.makeOld(ctx, before); err != nil {
		return err
	}
	reached("kept")
	if err := a.free(ctx, live); err != nil { // a server that was started meanwhile
		return err
	}
	if err := a.dropAll(ctx, fresh, after, "trigger"); err != nil {
		return err
	}
	if err := a.dropAll(ctx, live, before, "trigger"); err != nil {
		return err
	}
	reached("untriggered")
	if err := a.move(ctx, live, fresh, old); err != nil {
		return err
	}
	reached("moved")
	if err := a.requalify(ctx, live, fresh); err != nil {
		return err
	}
	if err := a.dropAll(ctx, live, before, without(kinds, "trigger")...); err != nil {
		return err
	}
	if err := a.make(ctx, live, after); err != nil {
		return err
	}
	if err := a.sameDefaults(ctx, live, fresh, report); err != nil {
		return err
	}
	for _, statement := range enable {
		if err := a.use(ctx, live, func() error { return a.exec(ctx, statement) }); err != nil {
			report.Output("an event could not be switched on: " + statement + ": " + err.Error())
		}
	}
	return nil
}

// plainMode is that of every connection.
const plainMode = "SET sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"

// sameDefaults gives the live schema the character set and collation of new
// tables that the dump's had: Directus's own tables must agree in them.
func (a *admin) sameDefaults(ctx context.Context, live, fresh string, report progress.Reporter) error {
	want, err := defaults(ctx, a.conn, fresh)
	if err != nil {
		return describe(err, a.config)
	}
	has, err := defaults(ctx, a.conn, live)
	if err != nil || has == want {
		return describe(err, a.config)
	}
	if err := a.exec(ctx, "ALTER DATABASE "+quote(live)+" "+want); err != nil {
		report.Output("the database's default " + has + " could not be set to " + want + ": " + err.Error())
	}
	return nil
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

func (a *admin) objects(ctx context.Context, schema string) (all []object, err error) {
	err = a.use(ctx, schema, func() error {
		all, err = objects(ctx, a.conn, schema)
		return describe(err, a.config)
	})
	return all, err
}

// makeOld makes the schema for the old tables. What is in one of that name was
// moved by an earlier restore, and the live tables are those of a dump.
func (a *admin) makeOld(ctx context.Context, before []object) error {
	old := oldName(a.config.Name)
	if err := a.drop(ctx, old); err != nil {
		return err
	}
	if err := a.create(ctx, old, a.config.Name); err != nil {
		return err
	}
	triggers := slices.DeleteFunc(slices.Clone(before), func(o object) bool { return o.Kind != "trigger" })
	text, err := json.Marshal(triggers)
	if err != nil {
		return fmt.Errorf("keeping the triggers: %w", err)
	}
	for _, statement := range []string{
		"CREATE TABLE " + quote(old) + "." + quote(triggerTable) + " (triggers LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE=InnoDB",
		"INSERT INTO " + quote(old) + "." + quote(triggerTable) + " VALUES (" + literal(string(text)) + ")",
		"CREATE TABLE " + quote(newName(a.config.Name)) + "." + quote(markTable) + " (a INT) ENGINE=InnoDB",
	} {
		if err := a.exec(ctx, statement); err != nil {
			return fmt.Errorf("keeping the triggers: %w", describe(err, a.config))
		}
	}
	return nil
}

// move is the one statement that swaps the tables. References follow the
// tables they lead to.
func (a *admin) move(ctx context.Context, live, fresh, old string) error {
	from, err := listTables(ctx, a.conn, live)
	if err != nil {
		return describe(err, a.config)
	}
	to, err := listTables(ctx, a.conn, fresh)
	if err != nil {
		return describe(err, a.config)
	}
	var moves []string
	for _, t := range from {
		moves = append(moves, move(live, old, t.Name))
	}
	for _, t := range to {
		target := live
		if t.Name == markTable {
			continue
		}
		moves = append(moves, move(fresh, target, t.Name))
	}
	moves = append(moves, move(fresh, old, markTable))
	return a.rename(ctx, moves)
}

func move(from, to, table string) string {
	return quote(from) + "." + quote(table) + " TO " + quote(to) + "." + quote(table)
}

func (a *admin) rename(ctx context.Context, moves []string) error {
	err := a.exec(ctx, "SET foreign_key_checks = 0")
	if err == nil {
		err = a.exec(ctx, "RENAME TABLE "+strings.Join(moves, ", "))
	}
	if err != nil {
		return fmt.Errorf("moving the tables: %w", describe(err, a.config))
	}
	return nil
}

// requalify corrects columns whose defaults name the schema in which they were
// made: MariaDB writes the schema of a sequence out, and a moved table keeps it.
func (a *admin) requalify(ctx context.Context, live, fresh string) error {
	all, err := listTables(ctx, a.conn, live)
	if err != nil {
		return describe(err, a.config)
	}
	if !slices.ContainsFunc(all, table.sequence) {
		return nil
	}
	for _, t := range withoutSequences(all) {
		statement, err := showTable(ctx, a.conn, live, t.Name)
		if err != nil {
			return describe(err, a.config)
		}
		for line := range strings.SplitSeq(statement, "\n") {
			column := strings.TrimSuffix(strings.TrimSpace(line), ",")
			if !strings.HasPrefix(column, "`") || !strings.Contains(column, quote(fresh)+".") {
				continue
			}
			column = strings.ReplaceAll(column, quote(fresh)+".", quote(live)+".")
			if err := a.exec(ctx, "ALTER TABLE "+quote(live)+"."+quote(t.Name)+" MODIFY "+column); err != nil {
				return fmt.Errorf("giving a column of table %q its default: %w", t.Name, describe(err, a.config))
			}
		}
	}
	return nil
}

// dropAll drops the objects of some kinds.
func (a *admin) dropAll(ctx context.Context, schema string, all []object, some ...string) error {
	for _, o := range slices.Backward(all) {
		if !slices.Contains(some, o.Kind) || o.Kind == "package body" { // which goes with its package
			continue
		}
		if o.Kind == "package" { // only then does MariaDB know the word
			if err := a.exec(ctx, "SET sql_mode = 'ORACLE'"); err != nil {
				return describe(err, a.config)
			}
		}
		err := a.exec(ctx, "DROP "+strings.ToUpper(o.Kind)+" IF EXISTS "+quote(schema)+"."+quote(o.Name))
		if o.Kind == "package" {
			err = errors.Join(err, a.exec(context.WithoutCancel(ctx), plainMode))
		}
		if err != nil {
			return fmt.Errorf("dropping the %s %q: %w", o.Kind, o.Name, describe(err, a.config))
		}
	}
	return nil
}

// make makes objects in a schema, views in an order in which each finds those
// that it reads.
func (a *admin) make(ctx context.Context, schema string, all []object) error {
	return a.use(ctx, schema, func() error {
		defer a.exec(context.WithoutCancel(ctx), plainMode+", time_zone = '+00:00'") //nolint:errcheck // the connection is closed soon
		for waiting := all; len(waiting) > 0; {
			var later []object
			for _, o := range waiting {
				err := a.makeOne(ctx, o)
				if number := numberOf(err); o.Kind == "view" && (number == errNoSuchTable || number == errUnknownTable) {
					later = append(later, o)
					if len(later) < len(waiting) {
						continue
					}
				}
				if err != nil {
					return fmt.Errorf("making the %s %q: %w", o.Kind, o.Name, describe(err, a.config))
				}
			}
			waiting = later
		}
		return nil
	})
}

func (a *admin) makeOne(ctx context.Context, o object) error {
	set := []string{"sql_mode = " + literal(o.SQLMode)}
	if o.Kind == "view" { // whose text is the server's own
		set[0] = "sql_mode = ''"
	}
	if o.Collation != "" {
		set = append(set, "collation_connection = "+literal(o.Collation))
	}
	if o.TimeZone != "" {
		set = append(set, "time_zone = "+literal(o.TimeZone))
	}
	if err := a.exec(ctx, "SET "+strings.Join(set, ", ")); err != nil {
		return err
	}
	return a.exec(ctx, o.Statement)
}
