package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Uploads rely on pieces that are in the bucket already, and cleaning up
// removes pieces that no backup needs. The two must never happen at once, or a
// piece could go between the upload's look and its summary. A lease is an
// object that says who is at it:
//
//   - who uploads writes its lease first, then looks for those who clean up, and
//     waits for them; any number may upload at once;
//   - who cleans up writes its lease first, then looks for those who upload, and
//     gives up if there is one.
//
// Each writes before it looks, and a bucket shows what was written to
// whoever looks afterwards, so at least one of the two sees the other.
//
// A lease is renewed while its owner lives. One that was not renewed for
// leaseLife is dead. Ages are differences of times that the bucket gave, so no
// clock has to be right. An owner that could not renew its lease for half of
// leaseLife stops before it writes or removes anything more.
var (
	leaseLife  = 30 * time.Minute
	leaseRenew = 3 * time.Minute
	leasePoll  = 2 * time.Second
)

const (
	uploading = "upload-"
	cleaning  = "clean-"
)

type lease struct {
	store Store
	key   string
	body  []byte
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	renewed time.Time // by this machine's wall clock, which goes on in sleep
}

func newLease(ctx context.Context, store Store, kind string) (*lease, error) {
	host, _ := os.Hostname()
	body, err := json.Marshal(map[string]any{"host": host, "pid": os.Getpid(), "since": time.Now().UTC()})
	if err != nil {
		return nil, err
	}
	l := &lease{store: store, key: leasePrefix + kind + strings.ToLower(rand.Text()), body: body}
	return l, l.renew(ctx)
}

func (l *lease) renew(ctx context.Context) error {
	begin := time.Now().Round(0)
	if err := l.store.Put(ctx, l.key, bytes.NewReader(l.body), int64(len(l.body))); err != nil {
		return fmt.Errorf("writing a lease into the bucket: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed = begin
	return nil
}

// keep renews the lease until it is given up.
func (l *lease) keep(ctx context.Context) {
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.ended = make(chan struct{})
	go func() {
		defer close(l.ended)
		ticker := time.NewTicker(leaseRenew)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				// That it fails for too long, held tells.
				_ = l.renew(ctx)
			}
		}
	}()
}

// held is an error if others may take the lease for dead.
func (l *lease) held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := time.Now().Round(0).Sub(l.renewed); age > leaseLife/2 {
		return fault.Newf("the bucket could not be reached, or this machine slept, for %.0f minutes", age.Minutes()).
			WithHint("do it again: what is uploaded already stays")
	}
	return nil
}

// release gives the lease up.
func (l *lease) release(ctx context.Context) error {
	if l.stop != nil {
		l.stop()
		<-l.ended
	}
	if err := l.store.Remove(context.WithoutCancel(ctx), l.key); err != nil && !missing(err) {
		return fmt.Errorf("removing a lease from the bucket: %w", err)
	}
	return nil
}

// others lists the leases of a kind that live, and removes none. The own one
// gives the bucket's time.
func (l *lease) others(ctx context.Context, kind string) (alive []string, err error) {
	own, err := l.store.Stat(ctx, l.key)
	if err != nil {
		return nil, fmt.Errorf("reading the own lease: %w", err)
	}
	for object, err := range l.store.List(ctx, leasePrefix+kind) {
		if err != nil {
			return nil, fmt.Errorf("listing the leases in the bucket: %w", err)
		}
		if object.Key != l.key && own.Modified.Sub(object.Modified) < leaseLife {
			alive = append(alive, object.Key)
		}
	}
	return alive, nil
}

// leaseUpload waits until nobody cleans up.
func leaseUpload(ctx context.Context, store Store, report progress.Reporter) (*lease, error) {
	l, err := newLease(ctx, store, uploading)
	if err != nil {
		return nil, err
	}
	for said := false; ; {
		alive, err := l.others(ctx, cleaning)
		if err == nil && len(alive) == 0 {
			l.keep(ctx)
			return l, nil
		}
		if err == nil && !said {
			said = true
			report.Output("waiting for another bunnyhop that removes old contents from the bucket")
		}
		if err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-time.After(leasePoll):
				err = l.renew(ctx) // this is also what makes time pass
			}
		}
		if err != nil {
			_ = l.release(ctx) // it dies by itself
			return nil, err
		}
	}
}

// leaseCleaning is nil if somebody uploads.
func leaseCleaning(ctx context.Context, store Store) (*lease, error) {
	l, err := newLease(ctx, store, cleaning)
	if err != nil {
		return nil, err
	}
	alive, err := l.others(ctx, uploading)
	if err != nil || len(alive) > 0 {
		_ = l.release(ctx) // it dies by itself
		return nil, err
	}
	l.keep(ctx)
	return l, nil
}

// leaseAge is the age of an object by the bucket's time.
func (l *lease) age(ctx context.Context) (func(time.Time) time.Duration, error) {
	own, err := l.store.Stat(ctx, l.key)
	if err != nil {
		return nil, fmt.Errorf("reading the own lease: %w", err)
	}
	return func(modified time.Time) time.Duration { return own.Modified.Sub(modified) }, nil
}
