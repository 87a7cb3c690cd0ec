package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// filled are the tables that have rows in every Directus project. (A fresh
// one has none in directus_settings, directus_collections, directus_fields
// and directus_relations; that those came through is told by comparing
// fingerprints.)
var filled = []string{"directus_migrations", "directus_users", "directus_roles"}

// MismatchError says how a restored backup differs from what was backed up.
type MismatchError struct{ Differences []string }

func (e *MismatchError) Error() string { return strings.Join(e.Differences, "; ") }

// Prove reads the files that the backup shares with earlier ones, which nobody
// has read when it was made, and copies those again that went bad. Then it
// restores the backup's database into a scratch database, has the engine check
// it, compares its fingerprint with the manifest's, and records the result in
// the manifest. The scratch database is dropped again.
// References that lead nowhere are no damage of the backup: they are recorded.
//
// A backup that is found to be bad loses an earlier verification. One that
// could not be looked at, for want of space or of a server, keeps it.
func Prove(ctx context.Context, dir string, scratch connect.Scratch, report progress.Reporter) (*Verification, error) {
	m, err := Read(dir)
	if err != nil {
		return nil, err
	}
	var v *Verification
	if err = m.readShared(ctx, report); err == nil {
		v, err = prove(ctx, m, scratch, report)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if refutes(err) {
		if failed := Disprove(dir, err); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		return nil, err
	}
	m.Verified = v
	return v, m.write(dir)
}

// Disprove takes a recorded verification back if an error of Verify says that
// the backup is damaged, also that of other backups in the same folder that
// share what is damaged. Later backups share nothing with them unread.
func Disprove(dir string, err error) error {
	if !refutes(err) {
		return nil
	}
	var damage *DamageError
	damaged := errors.As(err, &damage)
	m, readErr := Read(dir)
	if readErr != nil {
		return readErr
	}
	if m.Verified != nil || damaged && !m.Suspect {
		m.Verified, m.Suspect = nil, m.Suspect || damaged
		if err := m.write(dir); err != nil {
			return err
		}
	}
	if damaged {
		return distrust(dir, damage.Bad)
	}
	return nil
}

// refutes reports whether an error is about what is in the backup.
func refutes(err error) bool {
	var damage *DamageError
	var mismatch *MismatchError
	var integrity *database.IntegrityError
	return errors.As(err, &damage) || errors.As(err, &mismatch) || errors.As(err, &integrity)
}

func prove(ctx context.Context, m *Manifest, scratch connect.Scratch, report progress.Reporter) (v *Verification, err error) {
	dump, err := m.DatabaseFile(m.Dir)
	if err != nil {
		return nil, err
	}
	e := m.Part(Database).Entries[0]
	sum, _, err := digestFile(ctx, dump)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, (&DamageError{Dir: m.Dir, Bad: []BadFile{{e.Path, "is missing"}}}).orNil()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the dump: %w", err)
	}
	if sum != e.SHA256 {
		return nil, (&DamageError{Dir: m.Dir, Bad: []BadFile{{e.Path, "has other contents"}}}).orNil()
	}
	if vendor, _ := scratch.Config.Vendor(); vendor != m.Vendor {
		return nil, fault.Newf("the backup %s is of %s, which %s cannot take", m.ID, m.Vendor, scratch.Config.Client)
	}
	defer func() {
		// Whatever ended this: nothing of it stays on the server.
		if dropped := connect.DropScratch(context.WithoutCancel(ctx), scratch); dropped != nil && err == nil {
			v, err = nil, dropped
		}
	}()
	config, err := connect.RestoreScratch(ctx, scratch, dump, report)
	if err != nil {
		return nil, unproved(err, m.ID)
	}
	db, err := connect.Open(ctx, config, connect.ReadOnly)
	if err != nil {
		return nil, unproved(err, m.ID)
	}
	if v, err = compare(ctx, db, m, report); err != nil {
		return nil, errors.Join(unproved(err, m.ID), db.Close())
	}
	return v, db.Close()
}

func unproved(err error, id string) error {
	if fault.CodeOf(err) == fault.Blocked { // it says nothing about the backup
		return fault.Wrap(err, "the backup "+id+" cannot be test restored here",
			fault.HintOf(err)+"; or name a role that has it as scratch_database in bunnyhop.yaml").WithCode(fault.Blocked)
	}
	return fault.Wrap(err, "the backup "+id+" did not pass its test restore",
		cmp.Or(fault.HintOf(err), "make a new backup; this one is kept, but do not rely on it"))
}

// compare looks at the restored database.
func compare(ctx context.Context, db database.Database, m *Manifest, report progress.Reporter) (*Verification, error) {
	v := &Verification{}
	if err := db.Integrity(ctx); err != nil {
		var found *database.IntegrityError
		if !errors.As(err, &found) || len(found.Damage) > 0 {
			return nil, err
		}
		v.ForeignKeys = found.ForeignKeys
	}
	state, err := db.Fingerprint(ctx, nil, report)
	if err != nil {
		return nil, err
	}
	differences := m.Fingerprint.Diff(state, nil)
	for _, table := range filled {
		if state.Tables[table].Rows == 0 {
			differences = append(differences, "table "+table+" has no rows: this is no complete Directus database")
		}
	}
	if len(differences) > 0 {
		return nil, &MismatchError{Differences: slices.Compact(differences)}
	}
	v.Time, v.Tables, v.Rows = time.Now().UTC(), len(state.Tables), state.Rows()
	return v, nil
}
