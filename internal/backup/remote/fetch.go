package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// partialSuffix ends the name of a backup that is not whole, here as where
// backups are made.
const partialSuffix = ".partial"

// Fetch copies a backup from the bucket into folder, where it becomes the same
// folder that it was where it was made. Every byte is compared with the
// manifest after it is on the disk; only then does the folder get its name.
// What a fetch leaves that did not come to its end, the next one goes on with.
func Fetch(ctx context.Context, store Store, id, folder string, identities keys.Identities, report progress.Reporter) (*backup.Manifest, error) {
	s, err := Read(ctx, store, id)
	if err != nil {
		return nil, err
	}
	final := filepath.Join(folder, id)
	if _, err := os.Lstat(final); !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Newf("there is already a backup %s in %s", id, folder)
	}
	c, err := readContents(ctx, store, s, identities)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the backups: %w", err)
	}
	f := &fetcher{store: store, summary: s, contents: c, identities: identities, report: report, dir: final + partialSuffix}
	if err := f.begin(); err != nil {
		return nil, err
	}
	if err := f.fill(ctx); err != nil {
		return nil, err
	}
	if err := backup.Verify(ctx, f.dir, report); err != nil {
		return nil, err
	}
	if err := os.Rename(f.dir, final); err != nil {
		return nil, fmt.Errorf("fetching a backup: %w", err)
	}
	if err := durable.Folder(folder); err != nil {
		return nil, err
	}
	return backup.Read(final)
}

type fetcher struct {
	store      Store
	summary    *Summary
	contents   *contents
	identities keys.Identities
	report     progress.Reporter
	dir        string // the unfinished backup
	manifest   *backup.Manifest

	mu          sync.Mutex
	done, total int64
}

// begin makes the folder, with the manifest, which Read then checks: no path in
// it leaves the folder.
func (f *fetcher) begin() error {
	if err := os.Mkdir(f.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the backup's folder: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(f.dir, manifestName), f.contents.manifest, 0o600); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	m, err := backup.Read(f.dir)
	if err != nil {
		return err
	}
	if m.ID != f.summary.ID || m.Digest != f.summary.ManifestDigest {
		return damaged(f.summary.ID, backup.BadFile{Path: f.summary.Manifest.Key, Problem: "is of another backup"})
	}
	f.manifest, f.total = m, m.Bytes()
	return nil
}

func (f *fetcher) fill(ctx context.Context) error {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer root.Close() //nolint:errcheck // only a folder
	if err := f.have(ctx, root); err != nil {
		return err
	}
	if err := f.folders(root); err != nil {
		return err
	}
	if err := backup.Need(f.dir, f.total-f.done); err != nil {
		return err
	}
	room := semaphore.NewWeighted(inFlight)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	err = f.each(backup.TypeFile, func(e *backup.Entry) error {
		if _, err := root.Lstat(e.Path); err == nil { // have has looked at it
			return nil
		}
		return f.file(ctx, root, e, group, room)
	})
	if waited := group.Wait(); waited != nil { // the cause of what else failed
		return waited
	}
	if err != nil {
		return err
	}
	// Links last: nothing is written through one.
	err = f.each(backup.TypeLink, func(e *backup.Entry) error { return root.Symlink(e.Target, e.Path) })
	if err != nil {
		return fmt.Errorf("making a link in the backup: %w", err)
	}
	return flush(f.dir)
}

// each calls do for the entries of a type, in the manifest's order: a folder
// comes before what is in it.
func (f *fetcher) each(kind backup.EntryType, do func(*backup.Entry) error) error {
	for _, part := range f.manifest.Parts {
		for i := range part.Entries {
			if part.Entries[i].Type != kind {
				continue
			}
			if err := do(&part.Entries[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// have keeps what an earlier fetch left that is right, and removes the rest.
func (f *fetcher) have(ctx context.Context, root *os.Root) error {
	known := map[string]*backup.Entry{}
	for _, part := range f.manifest.Parts {
		for i := range part.Entries {
			known[part.Entries[i].Path] = &part.Entries[i]
		}
	}
	return fs.WalkDir(root.FS(), ".", func(name string, item fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		e := known[name]
		switch {
		case name == ".", name == manifestName, item.IsDir():
			return nil // a folder that does not belong here Verify does not mind
		case e != nil && e.Type == backup.TypeFile && item.Type().IsRegular():
			if sum, size, err := digestFile(root, name); err == nil && size == e.Size && sum == e.SHA256 {
				f.count(e.Size)
				return nil
			}
		}
		return root.Remove(name)
	})
}

func (f *fetcher) folders(root *os.Root) error {
	make := func(name string) error {
		if err := root.MkdirAll(name, 0o700); err != nil {
			return fmt.Errorf("making a folder in the backup: %w", err)
		}
		return nil
	}
	for _, part := range f.manifest.Parts {
		for _, folder := range part.Folders {
			if err := make(folder.Prefix); err != nil {
				return err
			}
		}
	}
	return f.each(backup.TypeFolder, func(e *backup.Entry) error { return make(e.Path) })
}

// file has the pieces of one file fetched and written where they belong. The
// last one that is done closes it.
func (f *fetcher) file(ctx context.Context, root *os.Root, e *backup.Entry, group *errgroup.Group, room *semaphore.Weighted) error {
	pieces, ok := f.contents.pieces[e.SHA256]
	if count := (e.Size + pieceSize - 1) / pieceSize; e.Size > 0 && (!ok || int64(len(pieces)) != count) {
		return damaged(f.summary.ID, backup.BadFile{Path: f.summary.Manifest.Key, Problem: "does not tell the pieces of " + e.Path})
	}
	to, err := root.OpenFile(e.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing into the backup: %w", err)
	}
	if e.Size == 0 {
		return to.Close()
	}
	var open sync.WaitGroup
	open.Add(len(pieces))
	defer func() { go func() { open.Wait(); _ = to.Close() }() }() // Verify reads what was written
	for i, piece := range pieces {
		at := int64(i) * pieceSize
		size := min(pieceSize, e.Size-at)
		if err := room.Acquire(ctx, size); err != nil {
			open.Add(i - len(pieces))
			return context.Cause(ctx)
		}
		group.Go(func() error {
			defer open.Done()
			defer room.Release(size)
			content, err := f.piece(ctx, piece, size)
			if err != nil {
				return err
			}
			if _, err := to.WriteAt(content, at); err != nil {
				return fmt.Errorf("writing into the backup: %w", err)
			}
			f.count(size)
			return nil
		})
	}
	return nil
}

// piece reads a piece of a file of so many bytes.
func (f *fetcher) piece(ctx context.Context, piece filePiece, size int64) ([]byte, error) {
	key := piece.name.key()
	object, err := readObject(ctx, f.store, key, pieceMost)
	if missing(err) {
		return nil, damaged(f.summary.ID, backup.BadFile{Path: key, Problem: "is missing"})
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s from the bucket: %w", key, err)
	}
	content, problem := openPiece(key, object, piece.digest, f.identities)
	if problem == nil && int64(len(content)) != size {
		problem = fmt.Errorf("holds %d bytes instead of %d", len(content), size)
	}
	if problem != nil {
		return nil, damaged(f.summary.ID, backup.BadFile{Path: key, Problem: problem.Error()})
	}
	return content, nil
}

// openPiece opens a piece and compares its content.
func openPiece(key string, object []byte, digest backup.Digest, identities keys.Identities) ([]byte, error) {
	content, err := open(key, object, identities, pieceSize)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(content) != digest {
		return nil, errDamaged
	}
	return content, nil
}

func (f *fetcher) count(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done += n
	f.report.Progress("fetching", progress.Bytes, f.done, max(f.total, f.done))
}

func digestFile(root *os.Root, name string) (sum backup.Digest, n int64, err error) {
	file, err := root.Open(name)
	if err != nil {
		return sum, 0, err
	}
	defer file.Close() //nolint:errcheck // only read from
	hash := sha256.New()
	n, err = io.Copy(hash, file)
	return backup.Digest(hash.Sum(nil)), n, err
}

// flush makes all that was written last.
func flush(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	defer file.Close()                                  //nolint:errcheck // only read from
	if err := unix.Syncfs(int(file.Fd())); err != nil { //nolint:gosec // a descriptor fits
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}
