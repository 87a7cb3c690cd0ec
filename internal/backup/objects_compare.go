package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
)

// ObjectDiff says how a bucket differs from what a backup holds of it.
type ObjectDiff struct {
	Missing   []*Entry // not in the bucket
	Different []*Entry // with other contents there
	Same      int
	Others    int // objects that the backup does not hold; they stay as they are
	// Refused are the keys of objects that are missing or differ and are not put
	// back: on its way such a key may come to name something else.
	Refused []string
	Bytes   int64 // of Missing and Different, as in the backup
	// Present is what the bucket holds for each of Different, in that order.
	Present []objectstore.Object
}

// None reports whether everything of the backup is in the bucket.
func (d *ObjectDiff) None() bool { return len(d.Missing)+len(d.Different) == 0 }

// Keys are those of the objects that putting back would overwrite.
func (d *ObjectDiff) Keys() []string {
	keys := make([]string, len(d.Different))
	for i, e := range d.Different {
		keys[i] = e.Object.Key
	}
	return keys
}

// CompareObjects compares a bucket with what the backup in dir holds of it
// below prefix. Nothing is written. Contents are read only where neither size
// nor ETag tells.
func CompareObjects(ctx context.Context, dir, prefix string, bucket *objectstore.Bucket, report progress.Reporter) (*ObjectDiff, error) {
	c, err := newComparison(dir, prefix, bucket, report)
	if err != nil {
		return nil, err
	}
	defer c.root.Close() //nolint:errcheck // only read from
	if err := c.list(ctx); err != nil {
		return nil, err
	}
	if err := c.read(ctx); err != nil {
		return nil, err
	}
	return c.result(), nil
}

type state int

const (
	missing state = iota
	unsure
	different
	same
)

type comparison struct {
	root    *os.Root
	bucket  *objectstore.Bucket
	entries []Entry
	states  []state
	present []objectstore.Object
	byKey   map[string]int
	others  int
	report  progress.Reporter
}

func newComparison(dir, prefix string, bucket *objectstore.Bucket, report progress.Reporter) (*comparison, error) {
	m, err := Read(dir)
	if err != nil {
		return nil, err
	}
	folder, entries := m.below(prefix)
	if folder == nil {
		return nil, fault.Newf("the backup %s has no folder %q", m.ID, prefix)
	}
	if folder.Driver != S3 {
		return nil, fault.Newf("the backup %s holds files of a folder (%s) below %s, and the location is a bucket now", m.ID, folder.Dir, prefix).
			WithHint("copy the files from %s to %s yourself", dir, bucket.Config())
	}
	c := &comparison{bucket: bucket, byKey: map[string]int{}, report: report}
	for i := range entries {
		if entries[i].Type == TypeFile && entries[i].Object != nil {
			c.byKey[entries[i].Object.Key] = len(c.entries)
			c.entries = append(c.entries, entries[i])
		}
	}
	c.states, c.present = make([]state, len(c.entries)), make([]objectstore.Object, len(c.entries))
	if c.root, err = os.OpenRoot(dir); err != nil {
		return nil, fmt.Errorf("opening the backup: %w", err)
	}
	return c, nil
}

func (c *comparison) list(ctx context.Context) error {
	for o, err := range c.bucket.List(ctx, "") {
		if err != nil {
			return err
		}
		i, ours := c.byKey[o.Key]
		if !ours {
			c.others++
			continue
		}
		c.present[i] = o
		e := &c.entries[i]
		switch {
		case o.Size != e.Size:
			c.states[i] = different
		case o.ETag != "" && o.ETag == e.Object.ETag:
			c.states[i] = same
		default:
			c.states[i] = unsure
		}
	}
	return nil
}

// read settles what the listing could not.
func (c *comparison) read(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	var mu sync.Mutex
	done := int64(0)
	for i := range c.entries {
		if c.states[i] != unsure {
			continue
		}
		group.Go(func() error {
			found, err := c.contents(ctx, &c.entries[i], c.present[i])
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			c.states[i] = found
			done++
			c.report.Progress("comparing stored files", progress.Files, done, 0)
			return nil
		})
	}
	return group.Wait()
}

func (c *comparison) contents(ctx context.Context, e *Entry, o objectstore.Object) (state, error) {
	file, err := openIn(c.root, e.Path)
	if err != nil {
		return missing, fmt.Errorf("reading the backup: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read from
	tag, err := objectstore.ETag(file, e.Size)
	if err != nil {
		return missing, fmt.Errorf("reading the backup: %w", err)
	}
	if tag == o.ETag {
		return same, nil
	}
	body, _, err := c.bucket.Get(ctx, o.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err != nil {
		return missing, err
	}
	defer body.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	if _, err := transfer(ctx, sum, body, func(int64) {}); err != nil {
		return missing, err
	}
	if digestOf(sum) == e.SHA256 {
		return same, nil
	}
	return different, nil
}

func (c *comparison) result() *ObjectDiff {
	d := &ObjectDiff{Others: c.others}
	for i := range c.entries {
		e := &c.entries[i]
		if c.states[i] != same && dotted(e.Object.Key) {
			d.Refused = append(d.Refused, e.Object.Key)
			continue
		}
		switch c.states[i] {
		case same:
			d.Same++
			continue
		case missing:
			d.Missing = append(d.Missing, e)
		case different, unsure:
			d.Different = append(d.Different, e)
			d.Present = append(d.Present, c.present[i])
		}
		d.Bytes += e.Size
	}
	return d
}
