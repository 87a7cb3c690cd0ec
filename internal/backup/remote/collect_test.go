package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
)

func collect(t testing.TB, store Store, grace time.Duration) Collected {
	t.Helper()
	c, err := Collect(t.Context(), store, grace, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func whole(t testing.TB, store Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := Verify(t.Context(), store, id, keys.Identities{}, progress.Discard); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestCollectRemovesWhatNoBackupUses(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	push(t, s.backup("b1"), store, o)
	s.put("uploads/film.mp4", "another")
	push(t, s.backup("b2"), store, o)
	s3test.Put(t, config, map[string]string{"data/notes.txt": "somebody's", "other/x": "somebody's"})

	if c := collect(t, store, 0); c != (Collected{}) {
		t.Errorf("%+v", c)
	}
	if err := Remove(t.Context(), store, "b1"); err != nil {
		t.Fatal(err)
	}
	if err := Remove(t.Context(), store, "b1"); err != nil {
		t.Error(err)
	}
	if c := collect(t, store, Grace); c.Objects != 0 || c.Young != 3 {
		t.Errorf("within the grace: %+v", c)
	}
	if c := collect(t, store, 0); c.Objects != 3 || c.Bytes < 2*pieceSize {
		t.Errorf("%+v", c)
	}
	whole(t, store, "b2")
	if err := Remove(t.Context(), store, "b2"); err != nil {
		t.Fatal(err)
	}
	collect(t, store, 0)
	left := s3keys(t, config, "")
	if !slices.Equal(left, []string{"data/notes.txt", "other/x"}) {
		t.Errorf("left: %v", left)
	}
}

// What cannot be read is an error, and then nothing goes (S7).
func TestCollectRefusesWhenSomethingCannotBeRead(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	b1 := push(t, s.backup("b1"), store, o).Summary
	push(t, s.backup("b2"), store, o)
	s3test.Put(t, config, map[string]string{pieceName{1}.key(): "garbage"})
	before := s3keys(t, config, "")
	objects := s3test.Contents(t, config)
	for name, spoil := range map[string]func(){
		"a summary":     func() { s3test.Put(t, config, map[string]string{"backups/b1.json": objects["backups/b1.json"][1:]}) },
		"an index":      func() { s3test.Put(t, config, map[string]string{b1.Index.Key: objects[b1.Index.Key][1:]}) },
		"a lost index":  func() { _ = store.Remove(t.Context(), b1.Index.Key) },
		"a newer index": func() { s3test.Put(t, config, map[string]string{b1.Index.Key: "later\x02" + objects[b1.Index.Key]}) },
	} {
		spoil()
		c, err := Collect(t.Context(), store, 0, progress.Discard)
		var damage *backup.DamageError
		if !errors.As(err, &damage) || c.Objects != 0 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		s3test.Put(t, config, map[string]string{"backups/b1.json": objects["backups/b1.json"], b1.Index.Key: objects[b1.Index.Key]})
	}
	if after := s3keys(t, config, ""); !slices.Equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
	if c := collect(t, store, 0); c.Objects != 1 {
		t.Errorf("%+v", c)
	}
}

// removing is a bucket from which somebody removes a backup right before its
// index is read.
type removing struct {
	Store
	t     *testing.T
	id    string
	index string
}

func (r *removing) Get(ctx context.Context, key string) (io.ReadCloser, objectstore.Object, error) {
	if key == r.index {
		if err := Remove(ctx, r.Store, r.id); err != nil {
			r.t.Error(err)
		}
	}
	return r.Store.Get(ctx, key)
}

// A backup that is removed meanwhile is no damage, and needs nothing.
func TestCollectWhileABackupIsRemoved(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	b1 := push(t, s.backup("b1"), store, o).Summary
	s.put("uploads/film.mp4", "another")
	push(t, s.backup("b2"), store, o)
	c, err := Collect(t.Context(), &removing{Store: store, t: t, id: "b1", index: b1.Index.Key}, 0, progress.Discard)
	if err != nil || c.Objects != 3 { // those of its film alone
		t.Errorf("%+v, %v", c, err)
	}
	whole(t, store, "b2")
}

// shortLeases makes leases die within a second or two.
func shortLeases(t *testing.T) {
	t.Helper()
	life, renew, poll := leaseLife, leaseRenew, leasePoll
	leaseLife, leaseRenew, leasePoll = 3*time.Second, 300*time.Millisecond, 100*time.Millisecond
	t.Cleanup(func() { leaseLife, leaseRenew, leasePoll = life, renew, poll })
}

// gate is a store that stops before it writes what begins with prefix.
type gate struct {
	Store
	prefix  string
	reached chan struct{}
	open    chan struct{}
	once    sync.Once
}

func newGate(store Store, prefix string) *gate {
	return &gate{Store: store, prefix: prefix, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) wait(key string) {
	if strings.HasPrefix(key, g.prefix) {
		g.once.Do(func() {
			close(g.reached)
			<-g.open
		})
	}
}

func (g *gate) Put(ctx context.Context, key string, content io.Reader, size int64) error {
	g.wait(key)
	return g.Store.Put(ctx, key, content, size)
}

func (g *gate) Remove(ctx context.Context, key string) error {
	g.wait(key)
	return g.Store.Remove(ctx, key)
}

// While an upload relies on what is there, nothing goes.
func TestCollectLeavesAnUploadAlone(t *testing.T) {
	shortLeases(t)
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	push(t, s.backup("b1"), store, o)
	if err := Remove(t.Context(), store, "b1"); err != nil { // its pieces are there, and nobody's
		t.Fatal(err)
	}
	dir := s.backup("b2")
	g := newGate(store, summaryPrefix)
	done := make(chan error, 1)
	go func() {
		_, err := Push(t.Context(), dir, g, o, progress.Discard)
		done <- err
	}()
	<-g.reached
	time.Sleep(leaseLife + time.Second) // it is renewed
	if c := collect(t, store, 0); !c.Busy || c.Objects != 0 {
		t.Errorf("%+v", c)
	}
	close(g.open)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	whole(t, store, "b2")
	if c := collect(t, store, 0); c.Busy {
		t.Errorf("%+v", c)
	}
	whole(t, store, "b2")
}

// An upload waits for the end of a clean-up, and then does not rely on what it
// removed.
func TestAnUploadWaitsForACleanUp(t *testing.T) {
	shortLeases(t)
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	dir := s.backup("b1")
	push(t, dir, store, o)
	if err := Remove(t.Context(), store, "b1"); err != nil {
		t.Fatal(err)
	}
	g := newGate(store, dataPrefix)
	collected := make(chan error, 1)
	go func() {
		_, err := Collect(t.Context(), g, 0, progress.Discard)
		collected <- err
	}()
	<-g.reached
	pushed := make(chan error, 1)
	said := &lines{}
	go func() {
		_, err := Push(t.Context(), dir, store, o, said)
		pushed <- err
	}()
	select {
	case err := <-pushed:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(leaseLife + time.Second):
	}
	close(g.open)
	if err := errors.Join(<-collected, <-pushed); err != nil {
		t.Fatal(err)
	}
	whole(t, store, "b1")
	if !strings.Contains(said.text(), "waiting for another bunnyhop") {
		t.Errorf("%q", said.text())
	}
}

type lines struct {
	mu  sync.Mutex
	all []string
}

func (*lines) Progress(string, progress.Unit, int64, int64) {}

func (l *lines) Output(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

// Those who were killed hold nobody up for ever.
func TestDeadLeasesDoNotCount(t *testing.T) {
	shortLeases(t)
	config := s3test.Start(t)
	store := openStore(t, config)
	s3test.Put(t, config, map[string]string{leasePrefix + uploading + "killed": "{}", leasePrefix + cleaning + "killed": "{}"})
	if c := collect(t, store, 0); !c.Busy {
		t.Errorf("%+v", c)
	}
	push(t, newSource(t).backup("b1"), store, options(t, keys.Recipients{})) // waits
	if c := collect(t, store, 0); c.Busy {
		t.Errorf("%+v", c)
	}
}

// A machine that slept stops before it makes a backup count, or removes more.
func TestALostLeaseStops(t *testing.T) {
	shortLeases(t)
	config := s3test.Start(t)
	store := openStore(t, config)
	dir := newSource(t).backup("b1")
	l, err := newLease(t.Context(), store, uploading) // never renewed
	if err != nil {
		t.Fatal(err)
	}
	if err := l.held(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(leaseLife/2 + 100*time.Millisecond)
	p := &pusher{dir: dir, store: store, needs: index{}, pieces: pieceMap{}}
	if p.manifest, err = backup.Read(dir); err != nil {
		t.Fatal(err)
	}
	p.report = progress.Discard
	if err := p.push(t.Context(), l); !strings.Contains(fmt.Sprint(err), "could not be reached, or this machine slept") {
		t.Error(err)
	}
	if all, err := List(t.Context(), store); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// Uploads, removals and clean-ups at the same time, with no grace at all:
// every backup that is listed at the end is whole.
func TestNothingThatIsNeededEverGoes(t *testing.T) {
	shortLeases(t)
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	o := options(t, keys.Recipients{})
	var dirs []string
	for i := range 6 {
		s.put("uploads/film.mp4", fmt.Sprint("contents ", i%3))
		dirs = append(dirs, s.backup(fmt.Sprint("b", i)))
	}
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := Collect(t.Context(), store, 0, progress.Discard); err != nil && !errors.Is(err, errKilled) {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range 2 {
		all.Go(func() {
			for round := range 12 {
				dir := dirs[i*3+round%3]
				f := &faulty{Store: store, most: -1}
				if rand.IntN(3) == 0 { //nolint:gosec // a test
					f.most = int64(rand.IntN(8)) //nolint:gosec // a test
				}
				if _, err := Push(t.Context(), dir, f, o, progress.Discard); err != nil && !errors.Is(err, errKilled) {
					t.Error(err)
				}
				if rand.IntN(2) == 0 { //nolint:gosec // a test
					if err := Remove(t.Context(), store, fmt.Sprint("b", i*3+rand.IntN(3))); err != nil { //nolint:gosec // a test
						t.Error(err)
					}
				}
			}
		})
	}
	time.AfterFunc(8*time.Second, func() { close(stop) })
	all.Wait()
	for _, s := range listed(t, store) {
		whole(t, store, s.ID)
	}
}

func listed(t testing.TB, store Store) []*Summary {
	t.Helper()
	all, err := List(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
