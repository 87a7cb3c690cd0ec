package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
)

// bucketStore is a store whose settings name a real bucket.
type bucketStore struct {
	*store
	config objectstore.Config
	public string
	key    string // file with the private key
}

func newBucketStore(t *testing.T, settings string) *bucketStore {
	t.Helper()
	return onBucket(t, s3test.Start(t), settings)
}

func onBucket(t *testing.T, config objectstore.Config, settings string) *bucketStore {
	t.Helper()
	b := &bucketStore{store: newStore(t), config: config}
	b.config.Prefix = "blog"
	b.public, b.key = newKeyPair(t)
	t.Setenv("TEST_ACCESS", b.config.AccessKey)
	t.Setenv("TEST_SECRET", b.config.SecretKey)
	b.settings(settings)
	return b
}

// newKeyPair makes a key pair, the private one in a file.
func newKeyPair(t *testing.T) (public, file string) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "blog.key")
	if err := os.WriteFile(file, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return identity.Recipient().String(), file
}

func (b *bucketStore) settings(more string) {
	b.t.Helper()
	b.write("bunnyhop.yaml", fmt.Sprintf("backup_bucket:\n  endpoint: %s\n  bucket: %s\n  prefix: blog\n  path_style: true\n  access_key_env: TEST_ACCESS\n  secret_key_env: TEST_SECRET\n%s\n",
		b.config.Endpoint, b.config.Bucket, strings.ReplaceAll(more, "PUBLIC", b.public)))
}

// gone removes what is here, as a lost disk does.
func (b *bucketStore) gone(ids ...string) {
	b.t.Helper()
	for _, id := range ids {
		if err := os.RemoveAll(filepath.Join(b.dir, id)); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestBackupsInABucket(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: [PUBLIC]")
	for i, id := range []string{"c", "b", "a"} {
		b.make(id, 20-10*i)
	}
	b.run(fault.Done, "verify", "b", "--restore")
	b.says(b.run(fault.Done, "list"), `b .* here +proved`, "Bucket s3://"+b.config.Bucket+"/blog at 127")
	out := b.run(fault.Done, "upload", "b")
	b.says(out, "Backup b is in s3://", "only with the private key of", b.public, "Keep that key")
	b.says(b.run(fault.Done, "upload", "b", "--reread"), "0 B of it sent now")
	b.run(fault.Done, "upload", "c")
	b.gone("c")
	b.says(b.run(fault.Done, "list"), `a .* here +not proved`, `b .* both, encrypted +proved`, `c .* bucket, encrypted +not proved`)

	b.says(b.run(fault.Done, "verify", "c"), "Backup c in s3://.* is whole: [0-9]+ objects", "with --identity FILE")
	b.says(b.run(fault.Done, "verify", "b", "--bucket", "--identity", b.key), "opened and compared")
	b.says(b.run(fault.Done, "verify", "b"), "Backup b is whole")
	b.says(b.run(fault.Usage, "verify", "nobody"), `there is no backup nobody in the bucket`)
	b.says(b.run(fault.Usage, "verify", "b", "--bucket", "--restore"), "leave --bucket out")
	b.says(b.run(fault.Usage, "verify", "c", "--restore"), "is encrypted", "--identity FILE, or identity_file", b.public)

	// Fetched and proved; the bucket learns that by the next upload.
	b.settings("encrypt_to: [PUBLIC]\nidentity_file: " + b.key)
	b.says(b.run(fault.Done, "verify", "c", "--restore"), "3 tables, 3 rows equal")
	b.says(b.run(fault.Done, "list"), `c .* both, encrypted +proved`)
	b.run(fault.Done, "upload", "c")
	b.gone("c")
	b.says(b.run(fault.Done, "list"), `c .* bucket, encrypted +proved`)

	// A key in the project would go with it.
	b.write("blog.key", "AGE-SECRET-KEY-")
	b.says(b.run(fault.Usage, "verify", "c", "--identity", filepath.Join(b.root, "blog.key")), "lies in the project")

	// Damage takes the proof back, and an upload mends it.
	objects := s3test.Contents(t, b.config)
	for key, text := range objects {
		if strings.HasPrefix(key, "data/") {
			s3test.Put(t, b.config, map[string]string{key: text[:len(text)-1] + "x"})
		}
	}
	b.says(b.run(fault.Failed, "verify", "b", "--bucket"), "in the bucket is damaged", "data/", "upload b --reread")
	b.gone("a")
	b.run(fault.Done, "upload", "b", "--reread")
	b.run(fault.Done, "verify", "b", "--bucket")
}

func TestPruneInABucket(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: none\nkeep_in_bucket: 2\nkeep_backups: 10")
	all := []string{"e", "d", "c", "b", "a"}
	for i, id := range all {
		b.make(id, 40-10*i)
		if id == "d" {
			b.run(fault.Done, "verify", "d", "--restore")
		}
		b.says(b.run(fault.Done, "upload", id), "not encrypted")
	}
	b.gone("e")
	out := b.run(fault.Done, "prune", "--dry-run")
	b.says(out, `In the bucket s3://`, `keep    d .* the newest proved one of 10.13.4`, `remove  c .* not among the newest 2`, `remove  e `, "2 of 5 backups to be removed", "Nothing is to be removed; what may stay: the newest 10")
	b.run(fault.Unanswered, "prune", "--yes")
	out = b.run(fault.Done, "prune", "--confirm", "blog")
	b.says(out, "Removed e from the bucket", "Removed c from the bucket", "2 backups removed from the bucket; 0 objects, 0 B removed that no backup used")
	b.has("a", "b", "c", "d")
	b.says(b.run(fault.Done, "prune"), "Nothing is to be removed")

	// By name it goes from both places, or from one.
	b.run(fault.Done, "prune", "b", "--only", "here", "--confirm", "blog")
	b.has("a", "c", "d")
	b.says(b.run(fault.Done, "list"), `b .* bucket `, `a .* both `, `c .* here `)
	b.says(b.run(fault.Done, "prune", "b", "c", "--confirm", "blog"), "Removed b from the bucket", "Removed c\n")
	b.has("a", "d")
	b.says(b.run(fault.Blocked, "prune", "d", "--only", "bucket", "--confirm", "blog"), "d is not removed: the newest proved one")
	b.says(b.run(fault.Usage, "prune", "nobody", "--confirm", "blog"), `there is no backup "nobody"`)
	b.says(b.run(fault.Usage, "prune", "--only", "there"), "is no place")

	var document struct {
		Backups  []struct{ ID, Where string }
		InBucket struct {
			Bucket  string
			Backups []struct {
				ID, Where string
				Held      bool
			}
		} `json:"in_bucket"`
	}
	out = b.run(fault.Done, "prune", "--json", "--keep", "1", "--dry-run")
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Backups) != 2 || len(document.InBucket.Backups) != 2 || document.InBucket.Backups[1].Where != "bucket" || !document.InBucket.Backups[1].Held {
		t.Errorf("%s", out)
	}
}

// A bucket that cannot be read is an error, never an empty one.
func TestABucketThatIsAway(t *testing.T) {
	cache := os.Getenv("XDG_CACHE_HOME")
	server := s3test.Private(t)
	b := onBucket(t, server.Bucket(t), "encrypt_to: none\nkeep_in_bucket: 1")
	b.make("b", 1)
	b.make("a", 0)
	b.run(fault.Done, "upload", "b")
	server.Stop(t)
	b.says(b.run(fault.Failed, "list"), `b .* here`, "listing")
	b.run(fault.Failed, "list", "--json")
	b.says(b.run(fault.Failed, "upload", "a"), "could not be copied to the bucket", "the backup here is as it was")
	b.run(fault.Failed, "prune", "--confirm", "blog")
	b.says(b.run(fault.Done, "prune", "--only", "here"), "no limit is set")
	t.Setenv("XDG_CACHE_HOME", cache) // where the server's program is
	server.Restart(t)
	b.says(b.run(fault.Done, "list"), `b .* both`)
	b.run(fault.Done, "upload", "a")

	// Neither does a key that is not set, or one that is wrong.
	t.Setenv("TEST_SECRET", "")
	b.says(b.run(fault.Failed, "upload", "a"), "TEST_ACCESS and TEST_SECRET", "credentials_file")
	t.Setenv("TEST_SECRET", "hush-hush-hush")
	if out := b.run(fault.Failed, "list"); strings.Contains(out, "hush") || !strings.Contains(out, "the secret key does not fit") {
		t.Errorf("%s", out)
	}
}

func TestListOfABucketAsJSON(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: [PUBLIC]")
	b.make("a", 0)
	b.run(fault.Done, "upload", "a")
	b.gone("a")
	var got struct {
		Bucket  string
		Backups []backupRow
	}
	if err := json.Unmarshal([]byte(b.run(fault.Done, "list", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Backups) != 1 || got.Bucket == "" {
		t.Fatalf("%+v", got)
	}
	row := got.Backups[0]
	copied := row.InBucket
	if row.Where != "bucket" || row.Dir != "" || copied == nil || !copied.Encrypted || copied.Root != b.root || copied.StoredBytes == 0 || row.Bytes == 0 {
		t.Errorf("%+v", row)
	}
	if diff := cmp.Diff([]string{b.public}, copied.Recipients); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{string(backup.Database), string(backup.Config)}, row.Parts); diff != "" {
		t.Error(diff)
	}
}
