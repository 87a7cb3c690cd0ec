package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// RestoreEach puts single files of a backup, such as those of the part
// Config, back into the folder to: each is written beside its place, flushed,
// and renamed over what is there, of which <name>.before-<id> is kept if it
// was different. Other files in the folder stay as they are.
func RestoreEach(ctx context.Context, dir, prefix, to string, report progress.Reporter) error {
	m, err := Read(dir)
	if err != nil {
		return err
	}
	folder, entries := m.below(prefix)
	if folder == nil {
		return fault.Newf("the backup %s has no folder %q", m.ID, prefix)
	}
	source, err := os.OpenRoot(m.Dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer source.Close() //nolint:errcheck // only read from
	target, err := os.OpenRoot(to)
	if err != nil {
		return fmt.Errorf("opening the folder to restore into: %w", err)
	}
	defer target.Close() //nolint:errcheck // only a folder
	r := restorer{prefix: prefix, report: report}
	for _, e := range entries {
		r.total += e.Size
	}
	for i := range entries {
		if err := r.each(ctx, source, target, &entries[i], m.ID); err != nil {
			return fmt.Errorf("restoring %s: %w", entries[i].Path, err)
		}
	}
	r.sayUnowned()
	return nil
}

func (r *restorer) each(ctx context.Context, source, target *os.Root, e *Entry, id string) error {
	name := r.rel(e)
	if e.Type != TypeFile {
		if _, err := target.Lstat(name); err == nil {
			return nil // folders and links that are there stay
		}
		return r.entry(ctx, source, target, e)
	}
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".restoring")
	if err := target.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.file(ctx, source, target, temp, e); err != nil {
		return errors.Join(err, target.Remove(temp))
	}
	if err := r.attributes(target, temp, e); err != nil {
		return errors.Join(err, target.Remove(temp))
	}
	if err := syncIn(target, temp); err != nil {
		return err
	}
	if err := keep(ctx, target, name, temp, id); err != nil {
		return errors.Join(err, target.Remove(temp))
	}
	if err := target.Rename(temp, name); err != nil {
		return err
	}
	return syncIn(target, filepath.Dir(name))
}

// keep gives what is at name a second name, unless temp is the same.
func keep(ctx context.Context, target *os.Root, name, temp, id string) error {
	if _, err := target.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	base := target.Name()
	old, _, err := digestFile(ctx, filepath.Join(base, name))
	if err == nil {
		now, _, err := digestFile(ctx, filepath.Join(base, temp))
		if err != nil || old == now {
			return err
		}
	}
	before := name + ".before-" + id
	for n := 2; ; n++ {
		err := target.Link(name, before)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		before = fmt.Sprintf("%s.before-%s-%d", name, id, n)
	}
}

func syncIn(root *os.Root, name string) error {
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read from
	return file.Sync()
}
