package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Final is the step that dumps the database once more, with the server
// stopped: what rolling back restores.
type Final struct {
	Site *site.Site
	// Suffix ends the backup's id; empty means "-final".
	Suffix string
	// Configuration has the project's files saved with it.
	Configuration bool
}

// Check proves that the dump's bytes are what its manifest says.
func (f Final) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	made, ok := facts.FinalBack.Get(r)
	if !ok {
		return steps.Unproved("no final backup was finished"), nil
	}
	if err := backup.Verify(ctx, made.Dir, r); err != nil {
		return steps.Proof{}, fault.Wrap(err, "the final backup is not intact", "the backup that the run made before is still there")
	}
	return steps.Proved("%s, digests checked", Size(made.Bytes)), nil
}

// Do makes the dump.
func (f Final) Do(ctx context.Context, r *steps.Run) error {
	p, err := f.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	c := creation{kind: backup.Final, suffix: "-final"}
	if f.Suffix != "" {
		c.suffix = f.Suffix
	}
	if f.Configuration {
		c.sources = configuration(p)
	}
	manifest, dir, err := create(ctx, r, f.Site, p, c)
	if err != nil {
		return err
	}
	made := Describe(manifest, dir)
	r.Summary("%s", Size(made.Bytes))
	return facts.FinalBack.Set(r, made)
}

// Retriable says that a dump may be tried again.
func (Final) Retriable() bool { return true }

// RestoreFinal puts the database back as the final backup of this run holds
// it. A run that has none has not touched the database.
func RestoreFinal(ctx context.Context, r *steps.Run, s *site.Site) error {
	made, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	return RestoreDatabase(ctx, r, s, made.Dir)
}

// RestoreDatabase puts the database of a backup back in place of the live one
// and compares the two by fingerprint.
func RestoreDatabase(ctx context.Context, r *steps.Run, s *site.Site, dir string) error {
	p, err := s.Open(ctx, r)
	if err != nil {
		return err
	}
	manifest, err := backup.Read(dir)
	if err != nil {
		return err
	}
	dump, err := manifest.DatabaseFile(dir)
	if err != nil {
		return err
	}
	if err := sameDatabase(r, p); err != nil {
		return err
	}
	if err := connect.Restore(ctx, p.Config.Database(), dump, r); err != nil {
		return err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	now, err := db.Fingerprint(ctx, nil, r)
	if err != nil {
		return err
	}
	if differences := manifest.Fingerprint.Diff(now, nil); len(differences) > 0 {
		return fault.Newf("the restored database differs from its backup: %s", differences[0]).
			WithHint("the backup is intact and stays at %s", dir)
	}
	return nil
}

// sameDatabase refuses to restore over another database than the one that was
// looked at: somebody may have changed the configuration meanwhile.
func sameDatabase(r *steps.Run, p *project.Project) error {
	seen, ok := facts.Inspected.Get(r)
	if !ok {
		return nil
	}
	// The database itself may be missing or damaged, which is what restoring
	// mends, so what counts is where the configuration leads.
	config := p.Config.Database()
	now := config.Place()
	if real, err := filepath.EvalSymlinks(config.Filename); config.Filename != "" && err == nil {
		now = real
	}
	vendor, _ := config.Vendor()
	if vendor == seen.Identity.Vendor && now == seen.Database {
		return nil
	}
	return fault.Newf("the configuration leads to another database now: %s instead of %s", now, seen.Database).
		WithHint("nothing is restored over it; put the database settings back as they were, then try again")
}

// SaveWritten keeps the database as it is now, should anything have been
// written to the project's own tables since the final backup: a new version
// that has answered may have taken rows that putting the backup back would
// lose.
func SaveWritten(ctx context.Context, r *steps.Run, s *site.Site) error {
	final, ok := facts.FinalBack.Get(r)
	if !ok {
		return nil
	}
	const suffix = "-before-rollback"
	if there, err := site.Exists(filepath.Join(filepath.Dir(final.Dir), r.ID+suffix)); err != nil || there {
		return err
	}
	manifest, err := backup.Read(final.Dir)
	if err != nil {
		return err
	}
	p, err := s.Open(ctx, r)
	if err != nil {
		return err
	}
	if err := sameDatabase(r, p); err != nil {
		return err
	}
	written, err := writtenSince(ctx, r, s, p, manifest.Fingerprint)
	if err != nil {
		// A database that cannot be read is kept aside by the restore itself.
		r.Output("what was written since the final backup cannot be read: " + err.Error())
		return ctx.Err()
	}
	if len(written) == 0 {
		return nil
	}
	_, dir, err := create(ctx, r, s, p, creation{kind: backup.Final, suffix: suffix})
	if err != nil {
		return err
	}
	r.Output("written since the new version started, and kept in " + dir + ": " + strings.Join(written, "; "))
	return nil
}

// peopleTables are system tables that people fill and migrations do not.
var peopleTables = []string{"directus_collections", "directus_fields", "directus_files", "directus_flows", "directus_folders", "directus_users"}

func writtenSince(ctx context.Context, r *steps.Run, s *site.Site, p *project.Project, before database.Fingerprint) ([]string, error) {
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	now, err := db.Fingerprint(ctx, nil, r)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	written := before.Diff(now, func(table string) bool { return !directus.SystemTable(table) && table != "sqlite_sequence" })
	for _, table := range peopleTables {
		if rows := now.Tables[table].Rows - before.Tables[table].Rows; rows != 0 {
			written = append(written, fmt.Sprintf("table %s: %+d rows", table, rows))
		}
	}
	return written, nil
}

// ManualRestore says how to put the database of a backup back without this
// program.
func ManualRestore(r *steps.Run, dir string) []string {
	seen, ok := facts.Inspected.Get(r)
	if !ok {
		return nil
	}
	return connect.ByHand(seen.Identity.Vendor, filepath.Join(dir, database.DumpName(seen.Identity.Vendor)), seen.Database)
}

// EqualsBackup proves by fingerprint that every table of the live database is
// as in a backup.
func EqualsBackup(ctx context.Context, r *steps.Run, s *site.Site, dir string) (steps.Proof, error) {
	manifest, err := backup.Read(dir)
	if err != nil {
		return steps.Proof{}, err
	}
	p, err := s.Open(ctx, r)
	if err != nil {
		return steps.Proof{}, err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return steps.Unproved("%v", err), nil
	}
	defer db.Close() //nolint:errcheck // read only
	now, err := db.Fingerprint(ctx, nil, r)
	if err != nil {
		return steps.Proof{}, err
	}
	if differences := manifest.Fingerprint.Diff(now, nil); len(differences) > 0 {
		return steps.Unproved("%s", differences[0]), nil
	}
	return steps.Proved("every table equals the backup"), nil
}
