package upgrade_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/testbed"
)

// restoring are the steps of the restore flow that change something.
var restoring = []string{"stop", "save", "files", "restore", "start"}

// spoilt is a project after much went wrong since its backup: rows, a file on
// the disk, and objects in a bucket.
type spoilt struct {
	p      *testbed.Project
	bucket objectstore.Config
	file   string // the one on the disk
	// then is what the backup holds, now what is there.
	then, now stored
}

// stored is what a project stores, in all the places that a restore puts
// back.
type stored struct {
	rows    database.Fingerprint
	objects map[string]string
	file    string
}

func spoil(t *testing.T) *spoilt {
	t.Helper()
	s := &spoilt{p: crashProject(t)}
	s.bucket = storeInABucket(t, s.p)
	s.p.Serve()
	ids := uploadEight(t, s.p)
	found, err := filepath.Glob(filepath.Join(s.p.Root, "uploads", "*.png"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no stored file: %v", err)
	}
	s.file = found[0]
	made := drive(t, backup.Flow(options(s.p), backup.Options{}), s.p.Root)
	if made.Status != steps.Done {
		t.Fatalf("%+v", made)
	}
	t.Setenv(childBackup, fmt.Sprint(made.Data["backup"]))
	s.then = s.contents(t)

	names := []string{diskName(s.p, ids[0]), diskName(s.p, ids[1]), diskName(s.p, ids[2])}
	s.p.StopAll()
	s.p.Exec("UPDATE articles SET title = 'spoilt'", "DELETE FROM letters")
	if err := os.WriteFile(s.file, []byte("spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := objectstore.Open(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(t.Context(), names[0]); err != nil {
		t.Fatal(err)
	}
	s3test.Put(t, s.bucket, map[string]string{names[1]: "spoilt", names[2]: "spoilt too", "new": "n"})
	s.p.Serve()
	s.now = s.contents(t)
	return s
}

func (s *spoilt) contents(t *testing.T) stored {
	t.Helper()
	data, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	return stored{rows: s.p.Fingerprint(), objects: s3test.Contents(t, s.bucket), file: string(data)}
}

// unharmed holds after every kill: each row and object is that of now or that
// of the backup.
func (s *spoilt) unharmed(t *testing.T, at string) {
	t.Helper()
	rows := s.p.Fingerprint()
	if now := s.now.rows.Diff(rows, testbed.UserTable); len(now) > 0 {
		if then := s.then.rows.Diff(rows, testbed.UserTable); len(then) > 0 {
			t.Fatalf("%s: the database is neither that of now (%v) nor that of the backup (%v)", at, now, then)
		}
	}
	objects := s3test.Contents(t, s.bucket)
	for key, text := range s.now.objects {
		if got, ok := objects[key]; !ok || got != text && got != s.then.objects[key] {
			t.Fatalf("%s: the object %s is %.30q (there: %v)", at, key, got, ok)
		}
	}
}

// same holds that the project stores what is wanted, and that its server runs.
func (s *spoilt) same(t *testing.T, at string, want, got stored) {
	t.Helper()
	if lost := want.rows.Diff(got.rows, testbed.UserTable); len(lost) > 0 {
		t.Fatalf("%s: tables differ: %v", at, lost)
	}
	if diff := cmp.Diff(want.objects, got.objects); diff != "" {
		t.Fatalf("%s: objects -want +got:\n%s", at, diff)
	}
	if got.file != want.file {
		t.Fatalf("%s: a file differs", at)
	}
	if _, err := s.p.Version(); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
}

// back holds that all is as in the backup, and what it did not have is kept.
func (s *spoilt) back(t *testing.T) {
	t.Helper()
	want := s.then
	want.objects = maps.Clone(want.objects)
	want.objects["new"] = "n"
	s.same(t, "restored", want, s.contents(t))
}

// undone holds that all is as before the restore; an object that was missing
// and put back may stay.
func (s *spoilt) undone(t *testing.T, at string) {
	t.Helper()
	got := s.contents(t)
	maps.DeleteFunc(got.objects, func(key, text string) bool {
		_, there := s.now.objects[key]
		return !there && text == s.then.objects[key]
	})
	s.same(t, at+", then taken back", s.now, got)
}

// TestRestoreKilledAtEveryBoundary kills one restore of database, files and a
// bucket's objects at every boundary, each time going on with what the kill
// left.
func TestRestoreKilledAtEveryBoundary(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	s := spoil(t)
	job := "restore"
	for _, step := range restoring {
		for _, place := range places {
			at := step + " " + place
			child := spawn(t, s.p, job, at)
			if code := child.wait(); code != -1 {
				t.Fatalf("%s %s: exited with %d instead of dying\n%s", job, at, code, child.output.String())
			}
			s.unharmed(t, "killed at "+at)
			job = "resume"
		}
	}
	run(t, s.p, "resume", fault.Done)
	s.back(t)
}

// TestRestoreKilledAtRandom kills restores within a step or soon after it, and
// takes them back; what is restored then comes to its end.
func TestRestoreKilledAtRandom(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	s := spoil(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // not for secrets
	for kill := range crashes(t) {
		step, wait := restoring[random.IntN(len(restoring))], time.Duration(random.Int64N(int64(400*time.Millisecond)))
		if kill == 0 {
			step = "files" // where the bucket is written to
		}
		at := fmt.Sprintf("killed %v into %s", wait, step)
		child := spawn(t, s.p, "restore", "")
		child.output.when("boundary "+step+" started", func() { time.AfterFunc(wait, func() { _ = child.cmd.Process.Kill() }) })
		if code := child.wait(); code != -1 {
			t.Fatalf("%s: exited with %d\n%s", at, code, child.output.String())
		}
		t.Log(at)
		s.unharmed(t, at)
		child = spawn(t, s.p, "back", "")
		if code := child.wait(); code != int(fault.RolledBack) {
			t.Fatalf("%s, then back: exited with %d\n%s", at, code, child.output.String())
		}
		if strings.Contains(child.output.String(), "UNDO FAILED") {
			t.Fatalf("%s, then back:\n%s", at, child.output.String())
		}
		s.undone(t, at)
	}
	run(t, s.p, "restore", fault.Done)
	s.back(t)
}
