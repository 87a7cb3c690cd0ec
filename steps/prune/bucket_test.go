package prune_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	backups "bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/site"
)

// bucket is a real one, with copies of a world's backups.
func (w *world) bucket() *backups.Bucket {
	w.t.Helper()
	config := s3test.Start(w.t)
	b, err := backups.OpenBucket(site.Options{Root: w.root, Environ: []string{"A=" + config.AccessKey, "S=" + config.SecretKey}}, project.Settings{
		Bucket: &project.Bucket{Endpoint: config.Endpoint, Name: config.Bucket, PathStyle: true, AccessKeyEnv: "A", SecretKeyEnv: "S"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) upload(b *backups.Bucket, m *backup.Manifest, host string) {
	w.t.Helper()
	o := b.Options
	if host != "" {
		o.Host = host
	}
	if _, err := remote.Push(w.t.Context(), m.Dir, b, o, progress.Discard); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) lookBucket(b *backups.Bucket, limits backup.Retention, names ...string) (map[string]string, *prune.BucketPlan, error) {
	w.t.Helper()
	plan, err := prune.LookBucket(w.t.Context(), prune.Request{Root: w.root, Installed: "10.13.4", Folder: w.back, Limits: limits, Names: names}, b)
	if err != nil {
		return nil, nil, err
	}
	words := map[string]string{}
	for _, v := range plan.Verdicts {
		words[v.Backup.ID] = v.Why
		if v.Remove {
			words[v.Backup.ID] = ""
		}
	}
	return words, plan, nil
}

// A bucket that several machines share: what another one made goes by name
// only, even if it has a project in the same folder.
func TestOtherMachinesBackupsGoByNameOnly(t *testing.T) {
	w := newWorld(t)
	b := w.bucket()
	for _, id := range []string{"b1", "b2", "b3", "b4"} {
		host := ""
		if id == "b2" {
			host = "another"
		}
		w.upload(b, w.create(id, backup.Full), host)
	}
	words, plan, err := w.lookBucket(b, backup.Retention{Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	others := "of " + w.root + " on another; it goes only when it is named"
	if diff := cmp.Diff(map[string]string{"b4": "the newest one", "b3": "", "b2": others, "b1": ""}, words); diff != "" {
		t.Error(diff)
	}
	if plan.Frees == 0 {
		t.Error("nothing comes back")
	}
	words, plan, err = w.lookBucket(b, backup.Retention{}, "b2")
	if err != nil || words["b2"] != "" || len(plan.Going()) != 1 {
		t.Fatalf("%v, %v", words, err)
	}
	var gone []string
	if _, err := plan.Remove(t.Context(), progress.Discard, func(m *backup.Manifest) { gone = append(gone, m.ID) }); err != nil || !cmp.Equal(gone, []string{"b2"}) {
		t.Errorf("%v, %v", gone, err)
	}
	if _, _, err := w.lookBucket(b, backup.Retention{}, "b2"); fault.CodeOf(err) != fault.Usage {
		t.Error(err)
	}
}

// Nothing goes when what would stay is not whole (BK9).
func TestABucketKeepsWhatItHasWhenTheRestIsNotWhole(t *testing.T) {
	w := newWorld(t)
	b := w.bucket()
	w.upload(b, w.create("b1", backup.Full), "")
	w.write(w.root+"/uploads/a.txt", "second")
	w.upload(b, w.create("b2", backup.Full), "")
	for o, err := range b.List(t.Context(), "data/") {
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Remove(t.Context(), o.Key); err != nil {
			t.Fatal(err)
		}
	}
	_, plan, err := w.lookBucket(b, backup.Retention{Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = plan.Remove(t.Context(), progress.Discard, func(*backup.Manifest) { t.Error("one was removed") })
	var damage *backup.DamageError
	if !errors.As(err, &damage) || !strings.Contains(fault.StateOf(err), "nothing was removed") {
		t.Errorf("%v, %s", err, fault.StateOf(err))
	}
}

// The retention step is there only with limits, and never fails a run.
func TestRetention(t *testing.T) {
	w := newWorld(t)
	o := site.Options{Root: w.root, BackupFolder: w.back}
	flow := func(do act) steps.Flow {
		return prune.After(o, steps.Flow{ID: "backup", Title: "Back up", Steps: []steps.Step{{ID: "work", Title: "Work", Phase: steps.Prepare, Action: do}}})
	}
	if f := flow(nil); len(f.Steps) != 1 {
		t.Errorf("%v", f.Steps)
	}
	w.write(w.root+"/bunnyhop.yaml", "keep_backups: 2\n")
	run := func() (steps.Result, prune.Retention) {
		t.Helper()
		engine, err := steps.Start(flow(func(r *steps.Run) error {
			m := w.create(r.ID, backup.Full)
			return facts.BackedUp.Set(r, facts.Backup{ID: m.ID, Dir: m.Dir})
		}), w.root)
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		result := engine.Execute(t.Context())
		said, _ := prune.Retained.Get(engine.Run())
		return result, said
	}
	var ids []string
	for i := range 4 {
		result, said := run()
		ids = append(ids, result.Run)
		if result.Status != steps.Done || len(said.Problems) > 0 {
			t.Fatalf("%+v, %+v", result, said)
		}
		if i >= 2 && !cmp.Equal(said.Here, []string{ids[i-2]}) {
			t.Errorf("removed %v of %v", said.Here, ids)
		}
		time.Sleep(10 * time.Millisecond) // so that none is as old as another
	}
	// What is wrong is told.
	w.write(w.back+"/"+ids[3]+"/files/a.txt", "spoiled")
	w.write(w.root+"/bunnyhop.yaml", "keep_backups: 2\nkeep_in_bucket: 1\nencrypt_to: none\nbackup_bucket: {endpoint: \"http://127.0.0.1:1\", bucket: nowhere}\n")
	result, said := run()
	if result.Status != steps.Done || len(said.Problems) != 1 || !strings.Contains(said.String(), "not removed: ") {
		t.Errorf("%+v, %+v", result, said)
	}
}
