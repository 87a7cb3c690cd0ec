package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// RestoreFiles restores a part of a backup as the folder to. It is written
// to a new folder beside it, which then takes its place in one rename; what
// was there is kept as <to>.before-<id>. Killed in between, running it again
// finishes the work. A part with several folders is restored with
// RestoreFolder, one by one.
func RestoreFiles(ctx context.Context, dir string, part Part, to string, report progress.Reporter) error {
	m, err := Read(dir)
	if err != nil {
		return err
	}
	info := m.Part(part)
	if !info.Included {
		return fault.Newf("the backup %s does not hold the part %q (%s)", m.ID, part, info.Reason)
	}
	if len(info.Folders) != 1 {
		return fmt.Errorf("restoring the part %q: it has %d folders", part, len(info.Folders))
	}
	return RestoreFolder(ctx, dir, info.Folders[0].Prefix, to, report)
}

// RestoreFolder is RestoreFiles for one of a part's folders, named by its
// prefix in the backup.
func RestoreFolder(ctx context.Context, dir, prefix, to string, report progress.Reporter) error {
	m, err := Read(dir)
	if err != nil {
		return err
	}
	folder, entries := m.below(prefix)
	if folder == nil {
		return fault.Newf("the backup %s has no folder %q", m.ID, prefix)
	}
	if folder.Selected {
		return fmt.Errorf("restoring %s: the backup holds only single files of it, which cannot replace a folder", prefix)
	}
	to, err = place(to)
	if err != nil {
		return err
	}
	s := newSwapper(to, m.ID)
	finished, err := s.resume()
	if err != nil || finished {
		return err
	}
	r := restorer{prefix: prefix, report: report}
	for _, e := range entries {
		r.total += e.Size
	}
	if err := Need(filepath.Dir(to), r.total); err != nil {
		return err
	}
	if err := r.fill(ctx, m.Dir, s.stage, entries); err != nil {
		return errors.Join(err, os.RemoveAll(s.stage))
	}
	return s.swap()
}

// below returns a folder of the backup and its entries, itself included.
func (m *Manifest) below(prefix string) (*Folder, []Entry) {
	for _, part := range m.Parts {
		for i := range part.Folders {
			if part.Folders[i].Prefix != prefix {
				continue
			}
			return &part.Folders[i], slices.DeleteFunc(slices.Clone(part.Entries), func(e Entry) bool {
				return e.Path != prefix && !strings.HasPrefix(e.Path, prefix+"/")
			})
		}
	}
	return nil, nil
}

// place resolves the folder to replace: a link to a folder stays a link.
func place(to string) (string, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return "", fmt.Errorf("resolving the folder to restore: %w", err)
	}
	real, err := filepath.EvalSymlinks(to)
	switch {
	case err == nil:
		to = real
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("resolving the folder to restore: %w", err)
	}
	if info, err := os.Lstat(to); err == nil && !info.IsDir() {
		return "", fault.Newf("%s is not a folder", to)
	}
	return to, os.MkdirAll(filepath.Dir(to), 0o755) //nolint:gosec // as any other folder of a project
}

// restorer writes entries into a new folder. All writing goes through an
// os.Root, and links are made last, so nothing is written through one.
type restorer struct {
	prefix      string
	done, total int64
	unowned     []string // whose owner could not be put back
	report      progress.Reporter
}

func (r *restorer) fill(ctx context.Context, from, stage string, entries []Entry) error {
	if err := os.RemoveAll(stage); err != nil {
		return fmt.Errorf("removing an unfinished restore: %w", err)
	}
	if err := os.Mkdir(stage, 0o700); err != nil {
		return fmt.Errorf("making the folder to restore into: %w", err)
	}
	source, err := os.OpenRoot(from)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer source.Close() //nolint:errcheck // only read from
	target, err := os.OpenRoot(stage)
	if err != nil {
		return fmt.Errorf("opening the folder to restore into: %w", err)
	}
	defer target.Close() //nolint:errcheck // only a folder
	passes := []EntryType{TypeFolder, TypeFile, TypeLink}
	for _, pass := range passes {
		for i := range entries {
			if entries[i].Type != pass {
				continue
			}
			if err := r.entry(ctx, source, target, &entries[i]); err != nil {
				return fmt.Errorf("restoring %s: %w", entries[i].Path, err)
			}
		}
	}
	// Folders last and deepest first: what is put into them changes their
	// times, and their mode may forbid it.
	for i := range slices.Backward(entries) {
		if entries[i].Type == TypeFolder {
			if err := r.attributes(target, r.rel(&entries[i]), &entries[i]); err != nil {
				return fmt.Errorf("restoring %s: %w", entries[i].Path, err)
			}
		}
	}
	r.sayUnowned()
	return flushFolder(stage, len(entries))
}

func (r *restorer) sayUnowned() {
	if n := len(r.unowned); n > 0 {
		r.report.Output(fmt.Sprintf("the owner of %d files could not be put back, which only root may do (the first: %s)", n, r.unowned[0]))
	}
}

func (r *restorer) rel(e *Entry) string {
	if e.Path == r.prefix {
		return "."
	}
	return strings.TrimPrefix(e.Path, r.prefix+"/")
}

func (r *restorer) entry(ctx context.Context, source, target *os.Root, e *Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := r.rel(e)
	switch e.Type {
	case TypeFolder:
		if name == "." {
			return nil
		}
		return target.Mkdir(name, 0o700)
	case TypeLink:
		if err := target.Symlink(e.Target, name); err != nil {
			return err
		}
		return r.owner(target, name, e)
	case TypeFile:
		if err := r.file(ctx, source, target, name, e); err != nil {
			return err
		}
		return r.attributes(target, name, e)
	}
	return fmt.Errorf("its type is %q", e.Type)
}

func (r *restorer) file(ctx context.Context, source, target *os.Root, name string, e *Entry) error {
	from, err := openIn(source, e.Path)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // only read from
	to, err := target.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = transfer(ctx, io.MultiWriter(to, sum), from, func(n int64) {
		r.done += n
		r.report.Progress("restore", progress.Bytes, r.done, max(r.total, r.done))
	})
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	if digestOf(sum) != e.SHA256 {
		return (&DamageError{Bad: []BadFile{{e.Path, "has other contents"}}}).orNil()
	}
	return nil
}

// attributes puts owner, mode and time of a file or folder back.
func (r *restorer) attributes(target *os.Root, name string, e *Entry) error {
	if err := r.owner(target, name, e); err != nil {
		return err
	}
	// Nothing in a backup may become a program with its owner's rights.
	mode := fs.FileMode(e.Mode & 0o777)
	if e.Type == TypeFolder {
		if e.Mode&unix.S_ISGID != 0 {
			mode |= fs.ModeSetgid
		}
		if e.Mode&unix.S_ISVTX != 0 {
			mode |= fs.ModeSticky
		}
	}
	if err := target.Chmod(name, mode); err != nil {
		return err
	}
	return target.Chtimes(name, e.Mtime, e.Mtime)
}

func (r *restorer) owner(target *os.Root, name string, e *Entry) error {
	err := target.Lchown(name, e.UID, e.GID)
	if errors.Is(err, syscall.EPERM) {
		r.unowned = append(r.unowned, e.Path)
		return nil
	}
	return err
}
