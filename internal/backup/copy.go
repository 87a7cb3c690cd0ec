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
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

const (
	// chunk is copied between two looks at the context, in bytes.
	chunk = 256 << 10
	// tries is how often a file that changes while it is read is read.
	tries = 5
)

// previous makes the earlier backup's entries known by path.
func (b *builder) previous() error {
	if b.Previous == nil {
		return nil
	}
	if b.Previous.Dir == "" {
		b.Previous.Dir = filepath.Join(b.Folder, b.Previous.ID)
	}
	for _, part := range b.Previous.Parts {
		if part.Files > 0 && len(part.Entries) == 0 { // from List
			m, err := Read(b.Previous.Dir)
			if err != nil {
				return err
			}
			b.Previous = m
			break
		}
	}
	if !b.Previous.Suspect {
		b.trusted = b.Previous.Finished
	}
	b.known = make(map[string]*Entry, b.Previous.entries())
	for _, part := range b.Previous.Parts {
		for i := range part.Entries {
			e := &part.Entries[i]
			switch {
			case e.Type != TypeFile || part.Name == Database:
			case e.Object != nil:
				e.Object.prefix = part.prefixOf(e.Path)
				b.known[e.objectName()] = e
			default:
				b.known[e.Path] = e
			}
		}
	}
	return nil
}

// reusable is how many bytes need not be stored again, by sizes and times.
func (b *builder) reusable() int64 {
	var n int64
	for _, part := range b.found.parts {
		for i := range part.Entries {
			if e := &part.Entries[i]; e.Type == TypeFile && b.same(e) != nil {
				n += e.Size
			}
		}
	}
	return n
}

// same returns the earlier entry of a file whose size and times are what they
// were.
func (b *builder) same(e *Entry) *Entry {
	if e.Object != nil {
		return b.sameObject(e)
	}
	if old := b.known[e.Path]; old != nil && old.Size == e.Size && old.Mtime.Equal(e.Mtime) {
		return old
	}
	return nil
}

const (
	// tick is how coarse the times of files are, and more; coarseTick where the
	// filesystem stores whole seconds (FAT: two).
	tick       = 100 * time.Millisecond
	coarseTick = 3 * time.Second
)

// unchanged reports whether a file that looks the same is certainly what it
// was when the earlier backup read it: see Options.Previous.
func (b *builder) unchanged(old, e *Entry) bool {
	if !old.Ctime.Equal(e.Ctime) || old.Inode != 0 && old.Inode != e.Inode {
		return false
	}
	after := tick
	if old.Ctime.Nanosecond() == 0 {
		after = coarseTick
	}
	return old.Ctime.Add(after).Before(b.Previous.Created)
}

// part copies the files of one part.
func (b *builder) part(ctx context.Context, name Part) (*PartInfo, error) {
	info := b.found.parts[name]
	if info == nil {
		return b.omitted(name), nil
	}
	for _, folder := range info.Folders {
		if err := os.MkdirAll(filepath.Join(b.dir, folder.Prefix), 0o700); err != nil {
			return nil, fmt.Errorf("making a folder in the backup: %w", err)
		}
	}
	b.current = name
	gone, err := b.storeAll(ctx, info.Entries)
	if err != nil {
		return nil, err
	}
	kept := info.Entries[:0]
	for i := range info.Entries {
		e := info.Entries[i]
		if reason := gone[i]; reason != "" {
			info.Files--
			info.Skipped = append(info.Skipped, Skipped{Path: e.name(), Reason: reason})
			continue
		}
		info.Bytes += e.Size
		if e.From != "" {
			info.Linked += e.Size
		}
		kept = append(kept, e)
	}
	info.Entries = kept
	return info, nil
}

// copiers is how many files of disks are copied at once.
const copiers = 4

// storeAll stores folders and links one by one, then files and objects of
// buckets several at a time. It returns why entries are not in the backup
// after all.
func (b *builder) storeAll(ctx context.Context, entries []Entry) (gone map[int]string, err error) {
	gone = map[int]string{}
	objects := false
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(copiers)
	var mu sync.Mutex
	for i := range entries {
		e := &entries[i]
		if e.Object != nil {
			objects = true
			continue
		}
		// A folder comes before what is in it, so it is there by then.
		if e.Type != TypeFile {
			if err = b.store(inner, e); err != nil {
				break
			}
			continue
		}
		group.Go(func() error {
			err := b.store(inner, e)
			if !errors.Is(err, errGone) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			gone[i] = "it was removed while the backup was made"
			return nil
		})
	}
	// The first error of a file ends the others with its context.
	if copying := group.Wait(); copying != nil {
		err = copying
	}
	if err != nil {
		return nil, err
	}
	if objects {
		err = b.fetchAll(ctx, entries, gone)
	}
	return gone, err
}

// errGone says that a file was removed after the scan.
var errGone = errors.New("gone")

func (b *builder) store(ctx context.Context, e *Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	target := filepath.Join(b.dir, filepath.FromSlash(e.Path))
	switch e.Type {
	case TypeFolder:
		if err := os.Mkdir(target, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making a folder in the backup: %w", err)
		}
	case TypeLink:
		if err := os.Symlink(e.Target, target); err != nil {
			return fmt.Errorf("making a link in the backup: %w", err)
		}
	case TypeFile:
		return b.file(ctx, e, target)
	}
	return nil
}

// file shares an earlier copy where that is certainly the same, else copies.
func (b *builder) file(ctx context.Context, e *Entry, target string) error {
	if old := b.same(e); old != nil && b.unchanged(old, e) {
		linked, err := b.link(ctx, old, target, b.Kind != Full)
		if err != nil {
			return err
		}
		if linked {
			e.SHA256, e.From = old.SHA256, b.Previous.ID
			b.count(e.Size)
			return nil
		}
	}
	origin := b.found.origin(e.Path)
	for try := 1; ; try++ {
		copied := int64(0)
		stable, err := b.copy(ctx, e, origin, target, func(n int64) { copied += n; b.count(n) })
		if err == nil && stable {
			break
		}
		b.count(-copied)
		if errors.Is(err, errGone) {
			return err
		}
		if err := errors.Join(err, os.Remove(target)); err != nil {
			return err
		}
		if try == tries {
			return fault.New(origin+" keeps changing while it is read", "wait until it is written, or stop the server, then back up again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	// The same contents under other times: share them all the same. Here is a
	// good copy, so that the earlier one is read before it takes its place.
	if old := b.known[e.Path]; old != nil && old.SHA256 == e.SHA256 {
		second := filepath.Join(b.dir, ".shared-"+e.SHA256.String()+"-"+strconv.FormatInt(b.shared.Add(1), 10))
		linked, err := b.link(ctx, old, second, true)
		if err != nil || !linked {
			return err
		}
		if err := os.Rename(second, target); err != nil {
			return fmt.Errorf("sharing an earlier copy: %w", err)
		}
		e.From = b.Previous.ID
	}
	return nil
}

// link gives the earlier copy a second name. Damage must not be inherited: a
// copy that is read first has to be what its manifest says, and so has one
// that was written to after its backup was finished, or is in a backup in which
// damage was found. Any other is read by Prove.
func (b *builder) link(ctx context.Context, old *Entry, target string, read bool) (bool, error) {
	stored := filepath.Join(b.Previous.Dir, filepath.FromSlash(old.Path))
	if info, err := os.Lstat(stored); err != nil || !info.Mode().IsRegular() || info.Size() != old.Size {
		return false, nil //nolint:nilerr // then it is copied
	} else if read || info.ModTime().After(b.trusted) {
		unharmed := old.unharmed(ctx, stored)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !unharmed {
			return false, nil
		}
	}
	return os.Link(stored, target) == nil, nil
}

// copy copies one file and fills in its entry. It reports whether the file
// stayed the same meanwhile.
func (b *builder) copy(ctx context.Context, e *Entry, origin, target string, count func(int64)) (stable bool, err error) {
	source, err := openFile(origin)
	if errors.Is(err, fs.ErrNotExist) {
		return false, errGone
	}
	if err != nil {
		return false, fmt.Errorf("reading a file: %w", err)
	}
	defer source.Close() //nolint:errcheck // only read from
	before, err := source.Stat()
	if err != nil {
		return false, fmt.Errorf("reading a file: %w", err)
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false, fmt.Errorf("writing into the backup: %w", err)
	}
	sum := sha256.New()
	// That a file grows shows in its size afterwards.
	n, err := transfer(ctx, io.MultiWriter(file, sum), io.LimitReader(source, before.Size()), func(n int64) {
		b.flusher.wrote(n)
		count(n)
	})
	if err := errors.Join(err, file.Close()); err != nil {
		return false, fmt.Errorf("copying %s: %w", origin, err)
	}
	after, err := source.Stat()
	if err != nil {
		return false, fmt.Errorf("reading a file: %w", err)
	}
	e.fill(after, n, digestOf(sum))
	return n == before.Size() && n == after.Size() && before.ModTime().Equal(after.ModTime()), nil
}

func (e *Entry) fill(info fs.FileInfo, n int64, sum Digest) {
	stat := info.Sys().(*syscall.Stat_t)
	e.Size, e.Mode, e.UID, e.GID = n, stat.Mode&0o7777, int(stat.Uid), int(stat.Gid)
	e.Mtime, e.Ctime, e.Inode = info.ModTime().UTC(), time.Unix(stat.Ctim.Unix()).UTC(), stat.Ino
	e.SHA256 = sum
}

func (b *builder) count(n int64) {
	b.counting.Lock()
	defer b.counting.Unlock()
	b.done += n
	b.report.Progress("backing up "+string(b.current), progress.Bytes, b.done, max(b.total, b.done))
}

var buffers = sync.Pool{New: func() any { return new([chunk]byte) }}

// transfer copies in chunks until the end or until the context is done.
func transfer(ctx context.Context, to io.Writer, from io.Reader, count func(int64)) (int64, error) {
	var total int64
	buf := buffers.Get().(*[chunk]byte)
	defer buffers.Put(buf)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := from.Read(buf[:])
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			count(int64(n))
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// openFile opens a regular file, not through a link, and without waiting for
// the other end of a pipe.
func openFile(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// digestFile is the digest of a file, and its size.
func digestFile(ctx context.Context, name string) (Digest, int64, error) {
	file, err := openFile(name)
	if err != nil {
		return Digest{}, 0, err
	}
	defer file.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	n, err := transfer(ctx, sum, file, func(int64) {})
	return digestOf(sum), n, err
}

// copyFile copies a file to a new one, and returns its digest and its size.
func copyFile(ctx context.Context, from, to string) (Digest, int64, error) {
	source, err := openFile(from)
	if err != nil {
		return Digest{}, 0, err
	}
	defer source.Close() //nolint:errcheck // only read from
	file, err := durable.Create(to)
	if err != nil {
		return Digest{}, 0, err
	}
	sum := sha256.New()
	n, err := transfer(ctx, io.MultiWriter(file, sum), source, func(int64) {})
	return digestOf(sum), n, errors.Join(err, file.Close())
}
