package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/progress"
)

// Checked is what Verify has read.
type Checked struct {
	Summary *Summary
	Objects int
	Bytes   int64 // as they are stored
	// Opened means that the contents were compared too, not only what is stored.
	Opened bool
}

// Verify reads every byte of a backup in the bucket and compares it with the
// digests that are stored with it. Where the backup is not encrypted, or one of
// the private keys opens it, each piece is also opened and compared with what
// the manifest says of its content. The error about bad objects is around a
// *backup.DamageError that names all of them.
func Verify(ctx context.Context, store Store, id string, identities keys.Identities, report progress.Reporter) (*Checked, error) {
	s, err := Read(ctx, store, id)
	if err != nil {
		return nil, err
	}
	v := &verifier{store: store, identities: identities, report: report, digests: map[pieceName]backup.Digest{}, total: s.StoredBytes}
	v.Summary = s
	if err := v.describe(ctx); err != nil {
		return nil, err
	}
	needs, err := readIndex(ctx, store, s)
	if err != nil {
		return nil, err
	}
	if err := v.pieces(ctx, needs); err != nil {
		return nil, err
	}
	for name := range v.digests {
		if _, ok := needs[name]; !ok {
			v.bad = append(v.bad, backup.BadFile{Path: s.Index.Key, Problem: "does not name " + name.key()})
		}
	}
	if len(v.bad) > 0 {
		slices.SortFunc(v.bad, func(a, b backup.BadFile) int { return strings.Compare(a.Path, b.Path) })
		return nil, damaged(id, v.bad...)
	}
	report.Progress("verifying", progress.Bytes, v.total, v.total)
	v.Objects += 3 // summary, manifest and index
	v.Bytes += s.Manifest.Size + s.Index.Size
	return &v.Checked, nil
}

type verifier struct {
	Checked
	store      Store
	identities keys.Identities
	report     progress.Reporter
	digests    map[pieceName]backup.Digest // of contents, by piece; empty when not Opened

	mu    sync.Mutex
	total int64
	bad   []backup.BadFile
}

// describe reads the manifest, and opens it if that is possible.
func (v *verifier) describe(ctx context.Context) error {
	s := v.Summary
	if s.Encrypted && v.identities.None() {
		_, err := readSealed(ctx, v.store, s.ID, s.Manifest)
		return err
	}
	c, err := readContents(ctx, v.store, s, v.identities)
	if err != nil {
		return err
	}
	v.Opened = true
	for _, pieces := range c.pieces {
		for _, piece := range pieces {
			v.digests[piece.name] = piece.digest
		}
	}
	return nil
}

func (v *verifier) pieces(ctx context.Context, needs index) error {
	room := semaphore.NewWeighted(inFlight)
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for name, size := range needs {
		weight := min(max(size, 1), inFlight)
		if err := room.Acquire(grouped, weight); err != nil {
			break // Wait tells why, or the context
		}
		group.Go(func() error {
			defer room.Release(weight)
			return v.piece(grouped, name, size)
		})
	}
	return errors.Join(group.Wait(), ctx.Err())
}

func (v *verifier) piece(ctx context.Context, name pieceName, size int64) error {
	key := name.key()
	object, err := readObject(ctx, v.store, key, pieceMost)
	problem := ""
	switch {
	case missing(err):
		problem = "is missing"
	case err != nil:
		return fmt.Errorf("reading %s from the bucket: %w", key, err)
	default:
		err := intact(key, object)
		if digest, known := v.digests[name]; err == nil && v.Opened && known {
			_, err = openPiece(key, object, digest, v.identities)
		}
		switch {
		case err != nil && int64(len(object)) != size:
			problem = fmt.Sprintf("has %d bytes instead of %d", len(object), size)
		case err != nil:
			problem = err.Error()
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if problem != "" {
		v.bad = append(v.bad, backup.BadFile{Path: key, Problem: problem})
	}
	v.Objects++
	v.Bytes += size
	v.report.Progress("verifying", progress.Bytes, v.Bytes, max(v.total, v.Bytes))
	return nil
}

// Unprove takes the proof that is on record for a backup in the bucket back, if
// err says that the backup is damaged. An upload that replaces what is damaged
// brings it again. It returns err, and what kept it from doing so.
func Unprove(ctx context.Context, store Store, id string, err error) error {
	var damage *backup.DamageError
	if ctx.Err() != nil || !errors.As(err, &damage) {
		return err
	}
	s, readErr := Read(ctx, store, id)
	if readErr != nil || s.Verified == nil {
		return err // then nobody relies on it
	}
	s.Verified = nil
	if writeErr := putSummary(ctx, store, s); writeErr != nil {
		return fmt.Errorf("%w; it is still recorded as proved: %w", err, writeErr)
	}
	return err
}
