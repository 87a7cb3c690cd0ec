package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/ticker"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// reached is called when a restore has reached a point; tests kill the
// process there.
var reached = func(string) {}

// scratchName is what the names of scratch databases look like.
var scratchName = regexp.MustCompile(`^` + database.ScratchPrefix + `[a-z0-9_]{1,54}$`)

// swapName is what the names of the schemas of a swap look like. They begin
// with database.ScratchPrefix, for which alone a user may have rights, but
// nothing but Restore may drop them: for an instant, one of them may hold the
// only complete copy.
var swapName = regexp.MustCompile(`^` + database.ScratchPrefix + `(restore|old)_[0-9a-f]{12}$`)

func newName(live string) string { return database.ScratchPrefix + "restore_" + hashOf(live) }
func oldName(live string) string { return database.ScratchPrefix + "old_" + hashOf(live) }

func hashOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:6])
}

func checkScratchName(name string) error {
	if !scratchName.MatchString(name) || len(name) > 63 || swapName.MatchString(name) {
		return fmt.Errorf("the database %q was not made for a test restore: its name does not begin with %s", name, database.ScratchPrefix)
	}
	return nil
}

// RestoreScratch restores a dump into a new schema on the server of config,
// and returns how to reach it. One of that name is dropped first. Its events
// do not take place, and what names the project's own schema in triggers and
// routines names the copy, so that using the copy leaves the project alone.
func RestoreScratch(ctx context.Context, config database.Config, dump, name string, report progress.Reporter) (database.Config, error) {
	if err := checkScratchName(name); err != nil {
		return database.Config{}, err
	}
	a, err := administrate(ctx, config)
	if err != nil {
		return database.Config{}, err
	}
	defer a.close()
	if err := a.restoreScratch(ctx, dump, name, report); err != nil {
		// The context may have ended; the half of a copy goes all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return database.Config{}, errors.Join(fmt.Errorf("restoring into the scratch database %s: %w", name, err), discard(ctx, config, name))
	}
	return withName(config, name), nil
}

// discard drops a schema that is of no use. The connection may be gone with
// the reason for it, so another one is made.
func discard(ctx context.Context, config database.Config, name string) error {
	again, err := administrate(ctx, config)
	if err != nil {
		return nil //nolint:nilerr // the server is gone; the next restore drops it
	}
	defer again.close()
	return again.drop(ctx, name)
}

func (a *admin) restoreScratch(ctx context.Context, dump, name string, report progress.Reporter) error {
	t, err := findTools(ctx, a.config, a.version)
	if err != nil {
		return err
	}
	s, err := openScript(dump)
	if err != nil {
		return err
	}
	defer s.close()
	s.as = name
	if err := a.alone(ctx, name); err != nil {
		return err
	}
	if err := a.drop(ctx, name); err != nil {
		return err
	}
	if err := a.create(ctx, name, a.config.Name); err != nil {
		return err
	}
	reached("created")
	if err := t.restore(ctx, name, s, report); err != nil {
		return err
	}
	reached("restored")
	return nil
}

// restore feeds a dump to the client.
func (t tools) restore(ctx context.Context, schema string, s *script, report progress.Reporter) error {
	s.foreign = !t.version.maria
	stop := ticker.Start(tick, func() { s.progress(report) })
	defer stop()
	if err := t.load(ctx, schema, s); err != nil {
		// What the server did not understand may be what was not written so.
		if damaged := s.rest(ctx); damaged != nil && ctx.Err() == nil {
			return damaged
		}
		return err
	}
	if !s.whole { // the client stopped reading
		return damagedDump(errCutOff)
	}
	s.progress(report)
	return nil
}

// DropScratch drops a schema that RestoreScratch made. One that is gone
// already is no error.
func DropScratch(ctx context.Context, config database.Config) error {
	if err := checkScratchName(config.Name); err != nil {
		return err
	}
	a, err := administrate(ctx, config)
	if err != nil {
		return err
	}
	defer a.close()
	err = a.drop(ctx, config.Name)
	if numberOf(err) == errLockTimeout {
		if users, listErr := sessionsOf(ctx, a.conn, a.address, config.Name); listErr == nil && len(users) > 0 {
			err = fault.Wrap(err, "it is in use by "+strings.Join(names(users), ", "), "end what uses it, then try again")
		}
	}
	if err != nil {
		return fmt.Errorf("dropping the scratch database %s: %w", config.Name, err)
	}
	return nil
}

// Scratches lists the scratch databases on the server, sorted.
func Scratches(ctx context.Context, config database.Config) ([]string, error) {
	a, err := administrate(ctx, config)
	if err != nil {
		return nil, err
	}
	defer a.close()
	found, err := collect(ctx, a.conn, one, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE ? ORDER BY BINARY schema_name",
		pattern(database.ScratchPrefix)+"%")
	if err != nil {
		return nil, fmt.Errorf("listing the scratch databases: %w", describe(err, config))
	}
	all := []string{}
	for _, name := range found {
		if strings.HasPrefix(name, database.ScratchPrefix) && !swapName.MatchString(name) {
			all = append(all, name)
		}
	}
	return all, nil
}
