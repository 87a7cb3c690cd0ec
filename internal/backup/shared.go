package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/progress"
)

// readShared reads what the backup shares with earlier ones, which nobody has
// read since it was made. A copy that went bad is replaced, if what it was made
// of still is what it was; the backups that share it lose their proofs. What
// cannot be replaced is an error around a *DamageError.
func (m *Manifest) readShared(ctx context.Context, report progress.Reporter) error {
	root, err := os.OpenRoot(m.Dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer root.Close() //nolint:errcheck // only read from
	v := verifier{root: root, report: report}
	for _, part := range m.Parts {
		v.total += part.Linked
	}
	damage := &DamageError{Dir: m.Dir}
	for i := range m.Parts {
		part := &m.Parts[i]
		for j := range part.Entries {
			e := &part.Entries[j]
			if e.Type != TypeFile || e.From == "" {
				continue
			}
			problem, err := v.entry(ctx, e)
			if err != nil {
				return err
			}
			if problem == "" {
				continue
			}
			bad := BadFile{Path: e.Path, Problem: problem}
			from := e.From
			mended, err := m.mend(ctx, part, e, bad)
			if err != nil {
				return err
			}
			if !mended {
				damage.Bad = append(damage.Bad, bad)
				continue
			}
			part.Linked -= e.Size
			e.From = ""
			report.Output(fmt.Sprintf("%s %s in the backup %s, with which this one shared it: it was copied again; look at the disk (smartctl, dmesg)", e.Path, problem, from))
		}
	}
	return damage.orNil()
}

// mend puts a new copy in the place of a bad one that is shared, if its source
// still has the contents that the manifest tells. The bad one keeps its names
// in other backups.
func (m *Manifest) mend(ctx context.Context, part *PartInfo, e *Entry, bad BadFile) (bool, error) {
	source := part.source(e)
	if source == "" {
		return false, nil
	}
	stored := filepath.Join(m.Dir, filepath.FromSlash(e.Path))
	temp := stored + ".mending"
	sum, n, err := copyFile(ctx, source, temp)
	if ctx.Err() != nil {
		return false, errors.Join(ctx.Err(), durable.Remove(temp))
	}
	if err != nil || sum != e.SHA256 || n != e.Size {
		return false, durable.Remove(temp) // changed since, or gone
	}
	if err := distrust(m.Dir, []BadFile{bad}); err != nil {
		return false, errors.Join(err, durable.Remove(temp))
	}
	_, err = durable.Publish(temp, stored)
	return err == nil, err
}

// source is where an entry was copied from, if that was a file on a disk.
func (p *PartInfo) source(e *Entry) string {
	for _, folder := range p.Folders {
		if rel, ok := strings.CutPrefix(e.Path, folder.Prefix+"/"); ok && folder.Driver == "" && e.Object == nil {
			return filepath.Join(folder.Dir, filepath.FromSlash(rel))
		}
	}
	return ""
}

// distrust takes the proofs of the other backups back whose copies are the
// same files as bad ones of the backup in dir.
func distrust(dir string, bad []BadFile) error {
	folder := filepath.Dir(dir)
	found, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking for backups with the same files: %w", err)
	}
	for _, item := range found {
		other := filepath.Join(folder, item.Name())
		if !item.IsDir() || other == dir {
			continue
		}
		for _, b := range bad {
			if sameFile(filepath.Join(dir, b.Path), filepath.Join(other, b.Path)) {
				if err := suspect(other); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

func sameFile(one, other string) bool {
	a, err := os.Lstat(one)
	if err != nil {
		return false
	}
	b, err := os.Lstat(other)
	return err == nil && os.SameFile(a, b)
}

// suspect records that damage was found in a backup. One without a manifest
// that can be read is trusted by nobody.
func suspect(dir string) error {
	m, err := Read(dir)
	if err != nil || m.Suspect && m.Verified == nil {
		return nil //nolint:nilerr // there is nothing to take back
	}
	m.Suspect, m.Verified = true, nil
	return m.write(dir)
}
