package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	steps "bunnyhop/steps/backup"
)

// BucketPlan is what becomes of each backup in the bucket. The limits and the
// backups that never go are found for the bucket alone, as they are for the
// folder alone: whatever is removed in one place, the newest proved backup of
// the installed version stays in the other.
type BucketPlan struct {
	Place string
	verdicts
	Frees  int64 // bytes at most: pieces that other backups use stay
	bucket *steps.Bucket
	stored map[string]int64
}

// LookBucket makes a plan for the bucket. It changes nothing. A bucket that
// cannot be read is an error. Backups of another machine, which may have a
// project in the same folder, go only when they are named.
func LookBucket(ctx context.Context, r Request, b *steps.Bucket) (*BucketPlan, error) {
	all, err := remote.List(ctx, b)
	if err != nil {
		return nil, err
	}
	claims, err := claims(r)
	if err != nil {
		return nil, err
	}
	p := &BucketPlan{Place: b.Place, bucket: b, verdicts: verdicts{now: time.Now()}, stored: map[string]int64{}}
	var own []*backup.Manifest
	var others []backup.Verdict
	for _, s := range all {
		m := s.Described()
		p.stored[m.ID] = s.StoredBytes
		if s.Damaged == nil && (s.Host != b.Options.Host || s.Root != r.Root) {
			others = append(others, backup.Verdict{Backup: m, Why: "of " + s.Root + " on " + s.Host + "; it goes only when it is named"})
			continue
		}
		own = append(own, m)
	}
	names := r.Names
	for i := range others {
		if at := slices.Index(names, others[i].Backup.ID); at >= 0 {
			others[i].Remove, others[i].Why = true, "named"
			names = slices.Delete(slices.Clone(names), at, at+1)
		}
	}
	switch {
	case len(r.Names) == 0:
		p.Verdicts = backup.Prunable(own, r.Limits, claims, p.now)
	default:
		if p.Verdicts, err = backup.Named(own, names, claims); err != nil {
			return nil, err
		}
	}
	p.Verdicts = append(p.Verdicts, others...)
	slices.SortStableFunc(p.Verdicts, func(a, b backup.Verdict) int { return b.Backup.Created.Compare(a.Backup.Created) })
	for _, m := range p.Going() {
		p.Frees += p.stored[m.ID]
	}
	return p, nil
}

// Relied is the backup on which one relies in the bucket once the plan is
// carried out; nil when none goes, or none stays.
func (p *BucketPlan) Relied() *backup.Manifest {
	if len(p.Going()) == 0 {
		return nil
	}
	var relied *backup.Manifest
	for _, v := range p.Verdicts {
		m := v.Backup
		switch {
		case v.Remove || m.Damaged != nil:
		case relied == nil, relied.Verified == nil && m.Verified != nil:
			relied = m
		}
	}
	return relied
}

// Remove carries the plan out, oldest first, tells of each backup that is gone,
// and removes the contents that none of the others uses. Before that it sees
// that every object is there of the backup on which one relies afterwards; to
// read them all is `backup verify`. The project's lock is held by the caller.
func (p *BucketPlan) Remove(ctx context.Context, report progress.Reporter, gone func(*backup.Manifest)) (remote.Collected, error) {
	if stays := p.Relied(); stays != nil {
		if _, err := remote.Look(ctx, p.bucket, stays.ID); err != nil {
			if ctx.Err() != nil {
				return remote.Collected{}, ctx.Err()
			}
			err := fault.Wrap(err, "the backup "+stays.ID+", which would stay in the bucket, is not whole", fault.HintOf(err))
			err.State = "nothing was removed from the bucket"
			return remote.Collected{}, err
		}
	}
	going := p.Going()
	for i, m := range going {
		if err := errors.Join(ctx.Err(), remote.Remove(ctx, p.bucket, m.ID)); err != nil {
			err := fault.Wrap(err, "", "put right what is in the way, if anything is; `bunnyhop backup prune` then goes on")
			err.State = fmt.Sprintf("%d of %d backups are removed from the bucket", i, len(going))
			return remote.Collected{}, err
		}
		gone(m)
	}
	return p.Collect(ctx, report)
}

// Collect removes what no backup in the bucket uses, and nothing else.
func (p *BucketPlan) Collect(ctx context.Context, report progress.Reporter) (remote.Collected, error) {
	collected, err := remote.Collect(ctx, p.bucket, remote.Grace, report)
	if err != nil && ctx.Err() == nil {
		err := fault.Wrap(err, "what no backup uses could not be removed from the bucket", fault.HintOf(err))
		err.State = "every backup in the bucket that is listed is as it was"
		return collected, err
	}
	return collected, err
}
