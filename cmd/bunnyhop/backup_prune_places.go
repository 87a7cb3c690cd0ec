package main

import (
	"context"
	"fmt"
	"slices"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/prune"
)

// prunePlans are the plans for the places that are looked at; one that is not
// is nil.
type prunePlans struct {
	here         *prune.Plan
	hereLimits   backup.Retention
	bucket       *prune.BucketPlan
	bucketLimits backup.Retention
	named        bool
}

// removed is what was removed.
type removed struct {
	dirs      []string // of backups here
	ids       []string // of those in the bucket
	collected remote.Collected
}

func (p prunePlans) nothing() bool {
	return (p.here == nil || len(p.here.Going()) == 0) && (p.bucket == nil || len(p.bucket.Going()) == 0)
}

// asked is how many removals nobody has agreed to yet.
func (p prunePlans) asked() int {
	n := 0
	if p.here != nil {
		n += len(p.here.Asked())
	}
	if p.bucket != nil {
		n += len(p.bucket.Going())
	}
	return n
}

// remove carries the plans out: first here, then in the bucket. It tells of each
// backup that is gone, and from where.
func (p prunePlans) remove(ctx context.Context, report progress.Reporter, told func(m *backup.Manifest, place string)) (removed, error) {
	var gone removed
	if p.here != nil && len(p.here.Going()) > 0 {
		err := p.here.Remove(ctx, report, func(m *backup.Manifest) {
			gone.dirs = append(gone.dirs, m.Dir)
			told(m, "")
		})
		if err != nil {
			return gone, err
		}
	}
	if p.bucket == nil {
		return gone, nil
	}
	var err error
	gone.collected, err = p.bucket.Remove(ctx, report, func(m *backup.Manifest) {
		gone.ids = append(gone.ids, m.ID)
		told(m, " from the bucket")
	})
	return gone, err
}

// looker makes the function that looks at the places. A place that no name
// belongs to is left alone.
func (o *pruneOptions) looker(place backupPlace) (func(context.Context) (prunePlans, error), error) {
	bucket, err := place.bucket()
	if err != nil && o.only != here {
		return nil, err
	}
	switch {
	case o.only == here:
		bucket = nil
	case o.only == inBucket && bucket == nil:
		return nil, noBucket()
	}
	request := prune.Request{Root: place.site.Root, Installed: place.installed, Folder: place.folder}
	for _, name := range o.names {
		if request.Names, err = appendName(request.Names, name, place.folder); err != nil {
			return nil, err
		}
	}
	plans := prunePlans{named: len(o.names) > 0}
	if plans.hereLimits, err = o.limits(prune.LocalLimits(place.settings)); err != nil {
		return nil, err
	}
	if plans.bucketLimits, err = o.limits(prune.BucketLimits(place.settings)); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (prunePlans, error) {
		plans, local, distant := plans, request, request
		local.Limits, distant.Limits = plans.hereLimits, plans.bucketLimits
		if plans.named && bucket != nil {
			copies, err := remote.List(ctx, bucket)
			if err != nil {
				return plans, err
			}
			if err := divide(&local, &distant, copies, o.only); err != nil {
				return plans, err
			}
		}
		var err error
		if o.only != inBucket && (!plans.named || len(local.Names) > 0) {
			if plans.here, err = prune.Look(local); err != nil {
				return plans, err
			}
		}
		if bucket != nil && (!plans.named || len(distant.Names) > 0) {
			plans.bucket, err = prune.LookBucket(ctx, distant, bucket)
		}
		return plans, err
	}, nil
}

// divide gives each place the names of what is there. A name that is nowhere
// stays with the folder, which says so.
func divide(local, distant *prune.Request, copies []*remote.Summary, only string) error {
	all, err := backup.List(local.Folder)
	if err != nil {
		return err
	}
	var there, elsewhere []string
	for _, name := range local.Names {
		copied := slices.ContainsFunc(copies, func(s *remote.Summary) bool { return s.ID == name })
		known := slices.ContainsFunc(all, func(m *backup.Manifest) bool { return m.ID == name || lastElement(m.Dir) == name })
		if copied || only == inBucket {
			elsewhere = append(elsewhere, name)
		}
		if known || !copied {
			there = append(there, name)
		}
	}
	local.Names, distant.Names = there, elsewhere
	return nil
}

func collectedText(c remote.Collected) string {
	text := fmt.Sprintf("%d objects, %s removed that no backup used", c.Objects, bytesText(c.Bytes))
	switch {
	case c.Busy:
		return "what no backup uses goes later: somebody uploads right now, or did so until a short while ago"
	case c.Young > 0:
		text += fmt.Sprintf("; %d more that are younger than two days go later", c.Young)
	}
	return text
}
