package backup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"bunnyhop/internal/advisory"
	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/prune"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// copied is a real project whose settings name a real bucket.
type copied struct {
	*testbed.Project
	t      *testing.T
	config objectstore.Config
	key    string
}

func newCopied(t *testing.T, config objectstore.Config, more string) *copied {
	t.Helper()
	c := &copied{Project: testbed.New(t), t: t, config: config, key: filepath.Join(t.TempDir(), "key")}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.key, []byte(identity.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "bucket.key")
	if err := os.WriteFile(keys, fmt.Appendf(nil, "access_key = %s\nsecret_key = %s\n", config.AccessKey, config.SecretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Write("bunnyhop.yaml", fmt.Sprintf("backup_bucket: {endpoint: \"%s\", bucket: %s, prefix: news, path_style: true, credentials_file: %s}\nencrypt_to: [%s]\n%s",
		config.Endpoint, config.Bucket, keys, identity.Recipient(), more))
	return c
}

func (c *copied) options() site.Options { return site.Options{Root: c.Root, Environ: os.Environ()} }

// run runs a flow, or goes on with the unfinished run of one.
func (c *copied) run(f steps.Flow, answer func(steps.Gate) steps.Answer) steps.Result {
	c.t.Helper()
	open, err := steps.Unfinished(c.Root)
	if err != nil {
		c.t.Fatal(err)
	}
	var engine *steps.Engine
	if open != nil {
		engine, err = steps.Resume(f, *open)
	} else {
		engine, err = steps.Start(f, c.Root)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	defer engine.Close()
	events := engine.Subscribe()
	go func() {
		for event := range events {
			if e, ok := event.(steps.GateOpened); ok {
				if err := engine.Answer(e.Gate.ID, answer(e.Gate)); err != nil {
					_ = engine.Decline(e.Gate.ID, err)
				}
			}
		}
	}()
	return engine.Execute(context.Background())
}

func confirmed(g steps.Gate) steps.Answer { return steps.Answer{Confirm: g.Confirm} }

func (c *copied) folder() string {
	c.t.Helper()
	folder, err := backup.Folder(c.options(), "")
	if err != nil {
		c.t.Fatal(err)
	}
	return folder
}

func (c *copied) inBucket() []string {
	c.t.Helper()
	config := c.config
	config.Prefix = "news"
	b, err := objectstore.Open(config)
	if err != nil {
		c.t.Fatal(err)
	}
	all, err := remote.List(c.t.Context(), b)
	if err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, s := range all {
		if s.Damaged != nil || s.Verified == nil || !s.Encrypted {
			c.t.Errorf("%+v", s)
		}
		ids = append(ids, s.ID)
	}
	return ids
}

func (c *copied) here() []string {
	c.t.Helper()
	all, err := backups.List(c.folder())
	if err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids
}

// A backup goes to the bucket, and comes back from it onto a machine that has
// lost everything else.
func TestABackupGoesToTheBucketAndComesBack(t *testing.T) {
	c := newCopied(t, s3test.Start(t), "keep_backups: 1\nkeep_in_bucket: 2\n")
	flow := func() steps.Flow { return prune.After(c.options(), backup.Flow(c.options(), backup.Options{})) }
	var ids []string
	for i := range 3 {
		c.Exec(fmt.Sprintf("UPDATE articles SET title = 'title %d'", i))
		result := c.run(flow(), confirmed)
		if result.Status != steps.Done || result.Data["bucket"] == "" {
			t.Fatalf("%+v", result)
		}
		ids = append(ids, result.Run)
	}
	// Retention, by the settings: each place by its own limits.
	if got := c.here(); !slices.Equal(got, ids[2:]) {
		t.Errorf("here: %v, of %v", got, ids)
	}
	if got := c.inBucket(); !slices.Equal(got, []string{ids[2], ids[1]}) {
		t.Errorf("in the bucket: %v, of %v", got, ids)
	}
	before := c.Fingerprint()
	c.Exec("UPDATE articles SET title = 'spoiled'")
	if err := os.RemoveAll(c.folder()); err != nil {
		t.Fatal(err)
	}

	restoring := func(identity string) steps.Flow {
		return backup.FetchFirst(c.options(), restore.Flow(c.options(), restore.Options{Backup: ids[2]}), ids[2], identity)
	}
	result := c.run(restoring(""), confirmed)
	if result.Code != fault.Usage && result.Status == steps.Done || !strings.Contains(result.Hint, "--identity FILE") {
		t.Fatalf("without the private key: %+v", result)
	}
	// The run is gone on with, with the key.
	if result = c.run(restoring(c.key), confirmed); result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if lost := before.Diff(c.Fingerprint(), testbed.UserTable); len(lost) > 0 {
		t.Errorf("%v", lost)
	}
	c.noSecrets()
}

// noSecrets looks through everything that the runs wrote.
func (c *copied) noSecrets() {
	c.t.Helper()
	private, err := os.ReadFile(c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	err = filepath.WalkDir(c.State, func(path string, item os.DirEntry, err error) error {
		if err != nil || item.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range []string{c.config.SecretKey, string(private)} {
			if strings.Contains(string(data), secret) {
				c.t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// A bucket that is away fails the backup and leaves it here; the run goes on
// when the bucket is back, without backing up again.
func TestABucketThatIsAwayLeavesTheBackupHere(t *testing.T) {
	server := s3test.Private(t)
	c := newCopied(t, server.Bucket(t), "")
	server.Stop(t)
	flow := func() steps.Flow { return prune.After(c.options(), backup.Flow(c.options(), backup.Options{})) }
	result := c.run(flow(), confirmed)
	if result.Status != steps.Failed || result.Step != "upload" || !strings.Contains(result.State, "the backup is made and proved, and is in "+c.folder()) ||
		!strings.Contains(result.Hint, "bunnyhop resume") {
		t.Fatalf("%+v", result)
	}
	made := c.here()
	server.Restart(t)
	if result = c.run(flow(), confirmed); result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if !slices.Equal(c.here(), made) || !slices.Equal(c.inBucket(), made) {
		t.Errorf("%v, then %v; in the bucket %v", made, c.here(), c.inBucket())
	}
	c.noSecrets()
}

// An upgrade asks whether to go on without a copy, and takes no silence for an
// answer.
func TestAnUpgradeAsksWhenTheBucketIsAway(t *testing.T) {
	server := s3test.Private(t)
	c := newCopied(t, server.Bucket(t), "")
	server.Stop(t)
	s := site.New(c.options())
	flow := steps.Flow{ID: "upgrade", Title: "Upgrade", Steps: []steps.Step{
		{ID: "inspect", Phase: steps.Prepare, Title: "Look", Action: site.Inspect{Site: s}},
		{ID: "backup", Phase: steps.Prepare, Title: "Back up", Action: backup.Full{Site: s}},
		{ID: "prove", Phase: steps.Prepare, Title: "Prove", Action: backup.Prove{Site: s}},
		{ID: "upload", Phase: steps.Prepare, Title: "Copy", Action: backup.Upload{Site: s, Optional: true}},
	}}
	result := c.run(flow, func(steps.Gate) steps.Answer { return steps.Answer{} })
	if result.Status != steps.Unanswered || result.Step != "upload" {
		t.Fatalf("%+v", result)
	}
	var asked steps.Gate
	result = c.run(flow, func(g steps.Gate) steps.Answer {
		asked = g
		return steps.Answer{Acknowledged: []string{"backup-not-in-bucket"}}
	})
	if result.Status != steps.Done || asked.Destructive || len(asked.Findings) != 1 || asked.Findings[0].Severity != advisory.Warning ||
		!strings.Contains(asked.Findings[0].Remedy, "bunnyhop backup upload") {
		t.Fatalf("%+v\n%+v", result, asked)
	}
}
