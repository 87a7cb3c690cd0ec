package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// scratchName is what the names of scratch databases look like; PostgreSQL
// cuts longer ones off.
var scratchName = regexp.MustCompile(`^` + database.ScratchPrefix + `[a-z0-9_]{1,54}$`)

func checkScratchName(name string) error {
	if !scratchName.MatchString(name) || len(name) > 63 {
		return fmt.Errorf("the database %q was not made for a test restore: its name does not begin with %s", name, database.ScratchPrefix)
	}
	return nil
}

// RestoreScratch restores a dump into a new database on the server of config,
// and returns how to reach it. One of that name is dropped first. Settings of
// the project's database (ALTER DATABASE … SET) hold for the copy too.
func RestoreScratch(ctx context.Context, config database.Config, dump, name string, report progress.Reporter) (database.Config, error) {
	if err := checkScratchName(name); err != nil {
		return database.Config{}, err
	}
	a, err := anywhere(ctx, config)
	if err != nil {
		return database.Config{}, err
	}
	defer a.close()
	scratch := config
	scratch.Name = name
	if err := restoreScratch(ctx, a, dump, name, report); err != nil {
		// The context may have ended; the half of a copy goes all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return database.Config{}, errors.Join(fmt.Errorf("restoring into the scratch database %s: %w", name, err), discard(ctx, config, name))
	}
	return scratch, nil
}

// discard drops a database that is of no use. The connection may be gone with
// the reason for it, so another one is made.
func discard(ctx context.Context, config database.Config, name string) error {
	again, err := anywhere(ctx, config)
	if err != nil {
		return nil //nolint:nilerr // the server is gone; the next restore drops it
	}
	defer again.close()
	return again.drop(ctx, name, scratchSession)
}

func restoreScratch(ctx context.Context, a *admin, dump, name string, report progress.Reporter) error {
	if !a.rights.CreateDB {
		return mayNotCreate(a.config)
	}
	j, err := plan(ctx, a, dump, true, report)
	if err != nil {
		return err
	}
	if err := a.checkExtensions(ctx, j.entries); err != nil {
		var forbidden *forbiddenError
		if errors.As(err, &forbidden) {
			return forbidden.fault()
		}
		return err
	}
	if err := a.remake(ctx, name, a.config.Name, report); err != nil {
		return err
	}
	reached("created")
	if err := j.into(ctx, name); err != nil {
		return err
	}
	reached("restored")
	return a.copySettings(ctx, a.config.Name, name, report)
}

func mayNotCreate(config database.Config) error {
	return fault.New("role "+quote(config.User)+" may not create databases, which a test restore needs",
		"as a superuser: ALTER ROLE "+quote(config.User)+" CREATEDB").WithCode(fault.Blocked)
}

// DropScratch drops a database that RestoreScratch made. One that is gone
// already is no error.
func DropScratch(ctx context.Context, config database.Config) error {
	if err := checkScratchName(config.Name); err != nil {
		return err
	}
	a, err := apart(ctx, config)
	if codeOf(err) == codeNoDatabase {
		return nil // no other one lets the role in, and this one is gone
	}
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.drop(ctx, config.Name, scratchSession); err != nil {
		return fmt.Errorf("dropping the scratch database %s: %w", config.Name, err)
	}
	return nil
}

// Scratches lists the scratch databases on the server, sorted.
func Scratches(ctx context.Context, config database.Config) ([]string, error) {
	a, err := anywhere(ctx, config)
	if err != nil {
		return nil, err
	}
	defer a.close()
	rows, err := a.conn.Query(ctx, "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1) ORDER BY datname COLLATE \"C\"", database.ScratchPrefix)
	if err != nil {
		return nil, describe(err, config)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("listing the scratch databases: %w", describe(err, config))
	}
	return all, nil
}

// job is a dump that is going to be restored.
type job struct {
	tools   tools
	dump    string
	all     []entry
	entries []entry // without what must not be restored
	report  progress.Reporter
}

// plan looks at a dump before anything is changed.
func plan(ctx context.Context, a *admin, dump string, scratch bool, report progress.Reporter) (*job, error) {
	t, err := findTools(ctx, a.config, a.version)
	if err != nil {
		return nil, err
	}
	if dump, err = filepath.EvalSymlinks(dump); err == nil {
		dump, err = filepath.Abs(dump)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the dump: %w", err)
	}
	all, err := t.contents(ctx, dump)
	if err != nil {
		return nil, fmt.Errorf("reading the dump: %w", err)
	}
	return &job{tools: t, dump: dump, all: all, entries: restorable(all, a.rights.Superuser, scratch, report), report: report}, nil
}

// into restores into an empty database, in one transaction.
func (j *job) into(ctx context.Context, name string) error {
	list, err := useList(j.entries)
	if err != nil {
		return err
	}
	defer list.Close() //nolint:errcheck // in memory only
	watch := watchRestore(j.dump, j.entries, j.report)
	defer watch.stop()
	return j.tools.run(ctx, name, call{
		name: "pg_restore", files: []*os.File{list}, line: watch.line, start: watch.start,
		args: []string{
			"--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--verbose", "--no-password",
			"--use-list=/proc/self/fd/3", "--dbname=" + target(name), j.dump,
		},
	})
}
