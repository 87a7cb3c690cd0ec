package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// reached is called when a restore has reached a point; tests kill the
// process there.
var reached = func(string) {}

// Restore replaces the database of config with a dump.
//
// The dump is restored into a new database beside the live one, which then
// takes its name. The server renames both databases in one transaction, so
// that at any instant the live name means the old one or the new one, and each
// of them whole:
//
//	create, restore, check      the old one, untouched
//	carry owners and grants     the same
//	rename both                 the new one, the old one beside it
//	drop the old one            the new one
//
// After a kill, running Restore again finishes the work. A role that may not
// do this has its own objects replaced within the live database, in a single
// transaction; what right it lacks is told.
func Restore(ctx context.Context, config database.Config, dump string, report progress.Reporter) error {
	a, err := apart(ctx, config)
	if errors.Is(err, errNoPlace) {
		return onlyInPlace(ctx, config, dump, "as a superuser: GRANT CONNECT ON DATABASE postgres TO "+quote(config.User), report)
	}
	if err != nil {
		return err
	}
	defer a.close()
	exists, owned, err := a.recover(ctx)
	if err != nil {
		return err
	}
	if missing := a.lacks(exists, owned); missing != "" {
		if !exists {
			return fault.New("there is no database "+quote(config.Name)+", and role "+quote(config.User)+" may not make one", missing).WithCode(fault.Blocked)
		}
		return onlyInPlace(ctx, config, dump, missing, report)
	}
	j, err := plan(ctx, a, dump, false, report)
	if err != nil {
		return err
	}
	if err := a.checkExtensions(ctx, j.entries); err != nil {
		var forbidden *forbiddenError
		if errors.As(err, &forbidden) && exists {
			return onlyInPlace(ctx, config, dump, forbidden.Error(), report)
		}
		if forbidden != nil {
			return forbidden.fault()
		}
		return err
	}
	if err := a.replace(ctx, j, exists); err != nil {
		return fmt.Errorf("restoring the database %s: %w", quote(config.Name), err)
	}
	return nil
}

// onlyInPlace restores within the live database, and drops what an earlier
// restore has left that was killed when the role could do more.
func onlyInPlace(ctx context.Context, config database.Config, dump, missing string, report progress.Reporter) error {
	err := restoreInPlace(ctx, config, dump, missing, report)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	left := []string{newName(config.Name)}
	if err == nil {
		left = append(left, oldName(config.Name)) // the live one is complete
	}
	for _, name := range left {
		if discarded := discard(ctx, config, name); discarded != nil {
			report.Output("what an earlier restore left could not be dropped: " + discarded.Error() + "; by hand: DROP DATABASE " + quote(name))
		}
	}
	return err
}

// lacks is what a superuser has to do so that the role may swap databases, or
// "".
func (a *admin) lacks(exists, owned bool) string {
	role := quote(a.config.User)
	switch {
	case !a.rights.CreateDB:
		return "as a superuser: ALTER ROLE " + role + " CREATEDB"
	case exists && !owned:
		return "as a superuser: ALTER DATABASE " + quote(a.config.Name) + " OWNER TO " + role
	}
	return ""
}

// newName and oldName are what the databases of a swap are called. They do
// not begin with database.ScratchPrefix: the old one may be the only complete
// copy for an instant, and nothing but Restore may drop it.
func newName(live string) string { return swapName("bunnyhopnew", live) }
func oldName(live string) string { return swapName("bunnyhopold", live) }

var notPlain = regexp.MustCompile(`[^a-z0-9]+`)

func swapName(kind, live string) string {
	sum := sha256.Sum256([]byte(live))
	plain := notPlain.ReplaceAllString(strings.ToLower(live), "_")
	return kind + "_" + plain[:min(len(plain), 30)] + "_" + hex.EncodeToString(sum[:5])
}

// recover finishes what a killed restore left: an old database beside the live
// one has been replaced and goes; one without a live one gets its name back.
func (a *admin) recover(ctx context.Context) (exists, owned bool, err error) {
	live, old := a.config.Name, oldName(a.config.Name)
	kept, _, err := a.exists(ctx, old)
	if err != nil {
		return false, false, err
	}
	if exists, owned, err = a.exists(ctx, live); err != nil || !kept {
		return exists, owned, err
	}
	if exists {
		return exists, owned, a.drop(ctx, old, leftOver)
	}
	if err := a.exec(ctx, "ALTER DATABASE "+quote(old)+" RENAME TO "+quote(live)); err != nil {
		return false, false, fmt.Errorf("giving the old database its name back: %w", describe(err, a.config))
	}
	return a.exists(ctx, live)
}

// replace makes the new database and swaps it in.
func (a *admin) replace(ctx context.Context, j *job, exists bool) error {
	live, fresh, old := a.config.Name, newName(a.config.Name), oldName(a.config.Name)
	if err := a.free(ctx, live, leftOver); err != nil {
		return err
	}
	err := a.prepare(ctx, j, fresh, exists)
	if err == nil {
		err = a.swap(ctx, fresh, live, old, exists)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return errors.Join(asItWas(err), discard(ctx, a.config, fresh))
	}
	reached("swapped")
	if err := a.drop(ctx, old, leftOver); err != nil {
		e := fault.Wrap(err, "the old database could not be dropped", "drop it by hand: DROP DATABASE "+quote(old))
		e.State = "the restored database is in place"
		return e
	}
	reached("dropped")
	return nil
}

// asItWas adds the state to an error.
func asItWas(err error) error {
	if fault.StateOf(err) != "" {
		return err
	}
	e := fault.Wrap(err, "", "")
	e.State = "the database is as it was"
	return e
}

// unknown says that a commit may have come through or not.
func unknown(err error) error {
	e := fault.Wrap(err, "", "restore again")
	e.State = "the database is either as it was or restored; which one is not known"
	return e
}

// prepare makes the new database, complete and checked.
func (a *admin) prepare(ctx context.Context, j *job, fresh string, exists bool) error {
	live := a.config.Name
	if err := a.remake(ctx, fresh, live, j.report); err != nil {
		return err
	}
	reached("created")
	if err := j.into(ctx, fresh); err != nil {
		return err
	}
	reached("restored")
	conn, err := connect(ctx, a.config, fresh)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost
	if err := checkRestored(ctx, conn); err != nil {
		return describe(err, a.config)
	}
	if err := analyze(ctx, conn, j.report); err != nil {
		return describe(err, a.config)
	}
	reached("checked")
	if !exists {
		return nil
	}
	from, err := connect(ctx, a.config, live)
	if err != nil {
		return err
	}
	statements, err := grants(ctx, from)
	if err := errors.Join(err, from.Close(ctx)); err != nil {
		return describe(err, a.config)
	}
	if err := try(ctx, conn, statements, j.report); err != nil {
		return describe(err, a.config)
	}
	if err := a.copyDatabase(ctx, live, fresh, j.report); err != nil {
		return err
	}
	reached("carried")
	return nil
}

// analyze collects statistics, without which the first queries would be slow.
func analyze(ctx context.Context, conn *pgx.Conn, report progress.Reporter) error {
	defer busy("statistics", report)()
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return fmt.Errorf("collecting statistics: %w", err)
	}
	return nil
}

// swap renames both databases at once. The server refuses to rename one that
// somebody is connected to, so that a server started meanwhile stops it.
func (a *admin) swap(ctx context.Context, fresh, live, old string, exists bool) error {
	for _, name := range []string{live, fresh} {
		own := leftOver
		if name == fresh {
			own = scratchSession
		}
		if err := a.free(ctx, name, own); err != nil {
			return err
		}
	}
	tx, err := a.conn.Begin(ctx)
	if err != nil {
		return describe(err, a.config)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after the commit there is nothing to roll back
	if exists {
		if _, err := tx.Exec(ctx, "ALTER DATABASE "+quote(live)+" RENAME TO "+quote(old)); err != nil {
			return fmt.Errorf("renaming the old database: %w", describe(err, a.config))
		}
	}
	if _, err := tx.Exec(ctx, "ALTER DATABASE "+quote(fresh)+" RENAME TO "+quote(live)); err != nil {
		return fmt.Errorf("renaming the restored database: %w", describe(err, a.config))
	}
	reached("renamed")
	if err := tx.Commit(ctx); err != nil {
		err = fmt.Errorf("renaming the databases: %w", describe(err, a.config))
		if codeOf(err) == "" { // the server did not answer
			err = unknown(err)
		}
		return err
	}
	return nil
}
