package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
)

// Source is a folder that belongs to a part.
type Source struct {
	Part   Part
	Dir    string // absolute; a symbolic link to a folder is followed
	Prefix string // folder in the backup; empty means the part's name
	// Exclude leaves out what it returns true for, by path below Dir, and
	// everything below that. Optional.
	Exclude func(rel string) bool
	// Files names single files below Dir; nil means all of it.
	Files []string
	// Optional means that a folder that does not exist is an empty one.
	Optional bool
	// Bucket is where the files are instead of Dir: its objects, whose keys are
	// what Exclude and Files name. Optional.
	Bucket *objectstore.Bucket
}

// UnreadableError names what cannot be read.
type UnreadableError struct {
	Paths []string // the first ones
	More  int      // how many others
}

func (e *UnreadableError) Error() string {
	text := strings.Join(e.Paths, ", ")
	if e.More > 0 {
		text += fmt.Sprintf(" and %d more", e.More)
	}
	return text
}

// namedUnreadable is how many unreadable files an error names.
const namedUnreadable = 10

// scanned is what the sources hold: entries without digests, and where each
// of them is.
type scanned struct {
	parts      map[Part]*PartInfo
	prefixes   map[string]string              // prefix in the backup → folder on the disk
	buckets    map[string]*objectstore.Bucket // prefix in the backup → bucket
	skip       map[inode]string               // files to leave out, and why
	followed   map[string]string              // path in the backup → where the link led
	unreadable UnreadableError
	bytes      int64
	report     progress.Reporter
}

type inode struct{ device, number uint64 }

// scan walks all sources before anything is written. What cannot be read is
// an error that names it.
func scan(ctx context.Context, sources []Source, skip map[inode]string, report progress.Reporter) (*scanned, error) {
	s := &scanned{
		parts: map[Part]*PartInfo{}, prefixes: map[string]string{}, buckets: map[string]*objectstore.Bucket{},
		followed: map[string]string{}, skip: skip, report: report,
	}
	for _, source := range sources {
		if err := s.source(ctx, source); err != nil {
			return nil, err
		}
	}
	if len(s.unreadable.Paths) > 0 {
		err := fault.Wrap(&s.unreadable, "these files cannot be read, so a backup would lack them",
			"run bunnyhop as the user that runs Directus, or correct the files' owner and mode (chown, chmod)")
		err.State = "nothing was written"
		return nil, err
	}
	return s, nil
}

func (s *scanned) source(ctx context.Context, source Source) error {
	if source.Part == Database || !slices.Contains(Parts, source.Part) {
		return fmt.Errorf("a folder cannot be backed up as part %q", source.Part)
	}
	prefix := source.Prefix
	if prefix == "" {
		prefix = string(source.Part)
	}
	if err := checkPath(prefix); err != nil {
		return err
	}
	for other := range s.prefixes {
		if other == prefix || strings.HasPrefix(other, prefix+"/") || strings.HasPrefix(prefix, other+"/") {
			return fmt.Errorf("two sources share the folder %q of the backup", prefix)
		}
	}
	part := s.parts[source.Part]
	if part == nil {
		part = &PartInfo{Name: source.Part, Included: true}
		s.parts[source.Part] = part
	}
	if source.Bucket != nil {
		s.prefixes[prefix], s.buckets[prefix] = "", source.Bucket
		return s.objects(ctx, source, part, prefix)
	}
	dir, err := filepath.EvalSymlinks(source.Dir)
	if errors.Is(err, fs.ErrNotExist) && source.Optional {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fmt.Sprintf("the folder of the part %q cannot be reached", source.Part),
			"check the path in the project's configuration")
	}
	s.prefixes[prefix] = dir
	part.Folders = append(part.Folders, Folder{Prefix: prefix, Dir: source.Dir, Selected: source.Files != nil})
	if source.Files == nil {
		return s.walk(ctx, source, part, dir, prefix)
	}
	return s.named(source, part, dir, prefix)
}

func (s *scanned) walk(ctx context.Context, source Source, part *PartInfo, dir, prefix string) error {
	return filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(dir, name)
		if relErr != nil {
			return relErr
		}
		if rel != "." && source.Exclude != nil && source.Exclude(rel) {
			if item != nil && item.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if errors.Is(err, fs.ErrNotExist) && rel != "." {
			return nil // removed while we looked
		}
		if err != nil { // a folder's error comes after its own entry
			s.refuse(name, err)
			return nil
		}
		err = s.add(part, name, path.Join(prefix, filepath.ToSlash(rel)), asItIs)
		if errors.Is(err, fs.ErrNotExist) && rel != "." {
			return nil
		}
		return err
	})
}

// named adds single files and the folders that lead to them. What was asked
// for by name is wanted for its contents, so links are followed.
func (s *scanned) named(source Source, part *PartInfo, dir, prefix string) error {
	if err := s.add(part, dir, prefix, linksFollowed); err != nil {
		return err
	}
	folders := map[string]bool{".": true}
	var missing []string
	for _, rel := range slices.Compact(slices.Sorted(slices.Values(source.Files))) {
		if !filepath.IsLocal(rel) {
			return fmt.Errorf("the file %q does not lie in %s", rel, source.Dir)
		}
		rel = filepath.Clean(rel)
		var above []string
		for up := filepath.Dir(rel); !folders[up]; up = filepath.Dir(up) {
			above = append(above, up)
			folders[up] = true
		}
		slices.Reverse(above)
		for _, name := range append(above, rel) {
			err := s.add(part, filepath.Join(dir, name), path.Join(prefix, filepath.ToSlash(name)), linksFollowed)
			if errors.Is(err, fs.ErrNotExist) {
				missing = append(missing, filepath.Join(dir, name))
				break
			}
			if err != nil {
				return err
			}
		}
	}
	if len(missing) > 0 {
		return fault.New("these files do not exist (any more): "+strings.Join(missing, ", "), "look at the project again, then back up")
	}
	return nil
}

// asItIs and linksFollowed look at a thing. They return its description and
// where its contents are.
func asItIs(name string) (fs.FileInfo, string, error) {
	info, err := os.Lstat(name)
	return info, name, err
}

func linksFollowed(name string) (fs.FileInfo, string, error) {
	info, err := os.Stat(name)
	if real, evalErr := filepath.EvalSymlinks(name); evalErr == nil {
		name = real
	}
	return info, name, err
}

// add takes one thing into the plan. Only that it does not exist is an error;
// what cannot be read is collected.
func (s *scanned) add(part *PartInfo, name, stored string, look func(string) (fs.FileInfo, string, error)) error {
	info, real, err := look(name)
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		s.refuse(name, err)
		return nil
	}
	stat := info.Sys().(*syscall.Stat_t)
	if why := s.skip[inode{uint64(stat.Dev), stat.Ino}]; why != "" { //nolint:unconvert // 32 bits elsewhere
		part.Skipped = append(part.Skipped, Skipped{Path: stored, Reason: why})
		return nil
	}
	e := Entry{
		Path: stored, Mode: stat.Mode & 0o7777, UID: int(stat.Uid), GID: int(stat.Gid),
		Mtime: info.ModTime().UTC(), Ctime: time.Unix(stat.Ctim.Unix()).UTC(),
	}
	switch info.Mode().Type() {
	case 0:
		e.Inode = stat.Ino
		if real != name {
			s.followed[stored], name = real, real
		}
		if err := readable(name); err != nil {
			s.refuse(name, err)
			return nil
		}
		e.Type, e.Size = TypeFile, info.Size()
		part.Files++
		s.bytes += e.Size
	case fs.ModeDir:
		e.Type = TypeFolder
	case fs.ModeSymlink:
		if e.Target, err = os.Readlink(name); err != nil {
			s.refuse(name, err)
			return nil
		}
		e.Type = TypeLink
		part.Files++
	default:
		part.Skipped = append(part.Skipped, Skipped{Path: stored, Reason: kind(info.Mode())})
		return nil
	}
	part.Entries = append(part.Entries, e)
	return nil
}

// origin is where an entry is on the disk.
func (s *scanned) origin(stored string) string {
	if real, ok := s.followed[stored]; ok {
		return real
	}
	for prefix, dir := range s.prefixes {
		if stored == prefix {
			return dir
		}
		if rel, ok := strings.CutPrefix(stored, prefix+"/"); ok {
			return filepath.Join(dir, filepath.FromSlash(rel))
		}
	}
	return ""
}

// readable asks the kernel, which knows more than a mode tells, and opens the
// file where the answer is no: before Linux 5.8 that is made of the mode.
func readable(name string) error {
	if unix.Faccessat(unix.AT_FDCWD, name, unix.R_OK, unix.AT_EACCESS) == nil {
		return nil
	}
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func (s *scanned) refuse(name string, err error) {
	if len(s.unreadable.Paths) == namedUnreadable {
		s.unreadable.More++
		return
	}
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err
	}
	s.unreadable.Paths = append(s.unreadable.Paths, fmt.Sprintf("%s (%v)", name, err))
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe has no contents to keep"
	case mode&fs.ModeSocket != 0:
		return "a socket has no contents to keep"
	}
	return "a device is not copied"
}
