package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
)

// transfers is how many objects are on their way at once: enough to hide the
// wait for each answer, few enough for one machine and a shared server.
const transfers = 6

// errOther says that the server gives another object for a key than it lists.
var errOther = errors.New("another object")

// fetchAll stores all entries that are objects, several at once.
func (b *builder) fetchAll(ctx context.Context, entries []Entry, gone map[int]string) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	var mu sync.Mutex
	for i := range entries {
		e := &entries[i]
		if e.Object == nil {
			continue
		}
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			err := b.fetch(inner, e)
			reason := ""
			switch {
			case errors.Is(err, errGone):
				reason = "it was removed while the backup was made"
			case errors.Is(err, errOther):
				reason = "the server lists its key, but does not give it under that name"
			default:
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			gone[i] = reason
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// fetch stores one object: the earlier copy where it is the same, else what
// the bucket gives.
func (b *builder) fetch(ctx context.Context, e *Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	target := filepath.Join(b.dir, filepath.FromSlash(e.Path))
	if old := b.sameObject(e); old != nil {
		linked, err := b.link(ctx, old, target, b.Kind != Full)
		if err != nil {
			return err
		}
		if linked {
			e.SHA256, e.From, e.Object.Meta = old.SHA256, b.Previous.ID, old.Object.Meta
			b.count(e.Size)
			return nil
		}
	}
	for try := 1; ; try++ {
		err := b.download(ctx, e, target)
		if err == nil {
			break
		}
		if removed := os.Remove(target); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			return errors.Join(err, removed)
		}
		switch {
		case !errors.Is(err, objectstore.ErrChanged):
			return err
		case try == tries:
			return fault.New("the object "+e.Object.Key+" keeps changing while it is read", "wait until it is written, or stop the server, then back up again")
		}
	}
	// The same contents under another time or ETag: share them all the same. Here
	// is a good copy, so that the earlier one is read before it takes its place.
	old := b.known[e.objectName()]
	if old == nil || old.SHA256 != e.SHA256 {
		return nil
	}
	digest := sha256.Sum256([]byte(e.Path))
	second := filepath.Join(b.dir, ".shared-"+hex.EncodeToString(digest[:]))
	linked, err := b.link(ctx, old, second, true)
	if err != nil || !linked {
		return err
	}
	if err := os.Rename(second, target); err != nil {
		return fmt.Errorf("sharing an earlier copy: %w", err)
	}
	e.From = b.Previous.ID
	return nil
}

// download copies one object and fills in its entry.
func (b *builder) download(ctx context.Context, e *Entry, target string) error {
	bucket := b.found.buckets[e.Object.prefix]
	if strange(e.Object.Key) {
		// Servers and what stands before them may take such a name for a shorter
		// one. What was listed tells.
		seen, err := bucket.Stat(ctx, e.Object.Key)
		if errors.Is(err, fs.ErrNotExist) || (err == nil && (seen.ETag != e.Object.ETag || seen.Size != e.Size)) {
			return errOther
		}
		if err != nil {
			return err
		}
	}
	body, o, err := bucket.Get(ctx, e.Object.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // only read from
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing into the backup: %w", err)
	}
	sum := sha256.New()
	n, err := transfer(ctx, io.MultiWriter(file, sum), body, func(n int64) {
		b.flusher.wrote(n)
		b.count(n)
	})
	if err := errors.Join(err, file.Close()); err != nil {
		b.count(-n)
		return fmt.Errorf("copying the object %s: %w", e.Object.Key, err)
	}
	e.Size, e.SHA256 = n, digestOf(sum)
	e.Object.Meta = o.Meta
	if o.ETag != e.Object.ETag { // replaced since it was listed
		e.Object.ETag, e.Object.Modified = o.ETag, o.Modified
		e.Mtime, e.Ctime = o.Modified, o.Modified
	}
	return nil
}

// strange says whether a key may be rewritten on its way to the server.
func strange(key string) bool {
	return dotted(key) || strings.HasPrefix(key, "/") || strings.Contains(key, "//")
}

// dotted says whether a key could name something outside its folder for
// whoever takes it for a path.
func dotted(key string) bool {
	for name := range strings.SplitSeq(key, "/") {
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}
