package backup

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
)

// RestoreObjects puts the objects of a comparison back into the bucket: those
// that are missing, and those that differ. It then compares again. No object
// is ever removed. Each is replaced as a whole or not at all, so that it may be
// run again after it was cut short.
func RestoreObjects(ctx context.Context, dir, prefix string, bucket *objectstore.Bucket, diff *ObjectDiff, options objectstore.PutOptions, report progress.Reporter) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer root.Close() //nolint:errcheck // only read from
	u := uploader{root: root, bucket: bucket, options: options, total: diff.Bytes, report: report}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	for _, list := range [][]*Entry{diff.Missing, diff.Different} {
		for _, e := range list {
			if inner.Err() != nil {
				break
			}
			group.Go(func() error { return u.put(inner, e) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	left, err := CompareObjects(ctx, dir, prefix, bucket, report)
	if err != nil {
		return err
	}
	if left.None() {
		return nil
	}
	first := append(left.Missing, left.Different...)[0].Object.Key
	return fault.Newf("%d objects in %s are not as they were put back, the first is %s", len(left.Missing)+len(left.Different), bucket.Config(), first).
		WithHint("somebody else writes there: stop that, then resume")
}

type uploader struct {
	root    *os.Root
	bucket  *objectstore.Bucket
	options objectstore.PutOptions
	mu      sync.Mutex
	done    int64
	total   int64
	report  progress.Reporter
}

func (u *uploader) put(ctx context.Context, e *Entry) error {
	file, err := openIn(u.root, e.Path)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read from
	options := u.options
	options.Meta = e.Object.Meta
	if e.Size == 0 && e.SHA256 != sha256.Sum256(nil) {
		return (&DamageError{Bad: []BadFile{{e.Path, "has other contents"}}}).orNil()
	}
	source := &checked{r: file, left: e.Size, sum: sha256.New(), entry: e, count: u.count}
	return u.bucket.PutAs(ctx, e.Object.Key, source, e.Size, options)
}

func (u *uploader) count(n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done += n
	u.report.Progress("putting stored files back", progress.Bytes, u.done, max(u.total, u.done))
}

// checked reads a file of a backup and withholds its end unless all of it is
// what the manifest says: then nothing is stored.
type checked struct {
	r     io.Reader
	left  int64
	sum   hash.Hash
	entry *Entry
	count func(int64)
}

func (c *checked) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	_, _ = c.sum.Write(p[:n]) // never fails
	c.left -= int64(n)
	if c.left == 0 && digestOf(c.sum) != c.entry.SHA256 {
		return 0, (&DamageError{Bad: []BadFile{{c.entry.Path, "has other contents"}}}).orNil()
	}
	c.count(int64(n))
	return n, err
}
