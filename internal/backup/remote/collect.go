package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
)

// Grace is how long contents stay that no backup uses. An upload that was
// killed can go on with what it has stored for as long.
const Grace = 48 * time.Hour

// Collected is what Collect removed.
type Collected struct {
	Objects int
	Bytes   int64
	Young   int // objects that no backup uses, but which are younger than the grace
	// Busy means that nothing was done, because somebody uploads right now.
	Busy bool
}

// Collect removes contents that no backup uses and that are older than grace.
//
// What a backup uses is known before anything is removed: a summary or an
// index that cannot be read is an error, and then nothing is removed. Nobody
// can begin to rely on a piece meanwhile, see lease. Killed half way, it has
// removed only what nobody needs.
func Collect(ctx context.Context, store Store, grace time.Duration, report progress.Reporter) (Collected, error) {
	held, err := leaseCleaning(ctx, store)
	if err != nil {
		return Collected{}, err
	}
	if held == nil {
		return Collected{Busy: true}, nil
	}
	c := collector{store: store, lease: held, grace: grace, report: report}
	err = c.collect(ctx)
	return c.Collected, errors.Join(err, held.release(ctx))
}

type collector struct {
	Collected
	store  Store
	lease  *lease
	grace  time.Duration
	report progress.Reporter
	age    func(time.Time) time.Duration
}

func (c *collector) collect(ctx context.Context) error {
	var err error
	if c.age, err = c.lease.age(ctx); err != nil {
		return err
	}
	all, err := List(ctx, c.store)
	if err != nil {
		return err
	}
	used, own := map[pieceName]bool{}, map[string]bool{}
	for _, s := range all {
		if s.Damaged != nil {
			return s.Damaged
		}
		needs, err := readIndex(ctx, c.store, s)
		if err != nil {
			gone, looking := removed(ctx, c.store, s.ID)
			if gone {
				continue // since it was listed: the summary goes first
			}
			return errors.Join(err, looking)
		}
		for name := range needs {
			used[name] = true
		}
		own[s.Manifest.Key], own[s.Index.Key] = true, true
	}
	err = c.sweep(ctx, dataPrefix, func(o objectstore.Object) bool {
		name, ok := parsePiece(o.Key)
		return ok && !used[name]
	})
	if err != nil {
		return err
	}
	err = c.sweep(ctx, manifestPrefix, func(o objectstore.Object) bool { return !own[o.Key] })
	if err != nil {
		return err
	}
	// Leases of those that were killed. One that lives is younger than any of
	// these, whatever the grace is.
	return c.sweep(ctx, leasePrefix, func(o objectstore.Object) bool {
		return o.Key != c.lease.key && c.age(o.Modified) > max(c.grace, 2*leaseLife)
	})
}

// sweep removes what is unused. All names are read before the first is removed.
func (c *collector) sweep(ctx context.Context, prefix string, unused func(objectstore.Object) bool) error {
	var going []objectstore.Object
	for object, err := range c.store.List(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("listing what is in the bucket: %w", err)
		}
		switch {
		case !unused(object):
		case c.age(object.Modified) < c.grace:
			c.Young++
		default:
			going = append(going, object)
		}
	}
	for i, object := range going {
		if err := errors.Join(ctx.Err(), c.lease.held()); err != nil {
			return err
		}
		if err := c.store.Remove(ctx, object.Key); err != nil && !missing(err) {
			return fmt.Errorf("removing %s from the bucket: %w", object.Key, err)
		}
		c.Objects++
		c.Bytes += object.Size
		c.report.Progress("removing", progress.Files, int64(i+1), int64(len(going)))
	}
	return nil
}
