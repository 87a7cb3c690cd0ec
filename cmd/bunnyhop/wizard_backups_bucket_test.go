package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
	"bunnyhop/tui"
)

// copies are the backups in the bucket, by ID.
func (b *bucketStore) copies() map[string]tui.Backup {
	b.t.Helper()
	all, err := b.room().ListBucket(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string]tui.Backup{}
	for _, one := range all {
		found[one.ID] = one
	}
	return found
}

func TestWizardUsesTheBucket(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: [PUBLIC]")
	old, m := b.make("old", 9), b.make("new", 3)
	list, err := b.room().List(t.Context())
	if err != nil || !strings.HasPrefix(list.Bucket, "s3://"+b.config.Bucket+"/blog at ") || list.HasKey || len(list.Backups) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if all := b.copies(); len(all) != 0 {
		t.Fatalf("%+v", all)
	}
	if _, err := b.room().VerifyCopy(t.Context(), "old", progress.Discard); err == nil || !strings.Contains(err.Error(), "there is no backup old in the bucket") {
		t.Errorf("got %v", err)
	}

	sent, err := b.room().Send(t.Context(), old.Dir, false, progress.Discard)
	if err != nil || sent.Stored <= 0 || sent.Sent != sent.Stored || !strings.Contains(strings.Join(sent.Notes, "\n"), b.public) {
		t.Fatalf("%+v, %v", sent, err)
	}
	if sent, err = b.room().Send(t.Context(), old.Dir, false, progress.Discard); err != nil || sent.Sent != 0 {
		t.Fatalf("%+v, %v", sent, err)
	}
	if _, err = b.room().Send(t.Context(), m.Dir, false, progress.Discard); err != nil {
		t.Fatal(err)
	}
	one := b.copies()["old"]
	if one.Dir != "" || one.Copy == nil || !one.Copy.Encrypted || one.Copy.Host != "" || one.Copy.Stored != sent.Stored || !slices.Equal(one.Copy.Keys, []string{b.public}) || one.Bytes != old.Bytes() || !one.Full {
		t.Fatalf("%+v, copy %+v", one, one.Copy)
	}
	check, err := b.room().VerifyCopy(t.Context(), "old", progress.Discard)
	if err != nil || check.Bytes <= sent.Stored || check.Bad || !strings.Contains(check.Notes[0], "identity_file") {
		t.Fatalf("%+v, %v", check, err)
	}
	b.gone("old")

	// Only the right key brings it back, and only from a file nobody else reads.
	loose := filepath.Join(t.TempDir(), "loose.key")
	if err := os.WriteFile(loose, []byte("AGE-SECRET-KEY-"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, other := newKeyPair(t)
	for key, want := range map[string]string{
		"": "is encrypted: no private key was given", other: "no private key in " + other + " fits", "/nowhere/blog.key": "cannot be read",
		loose: "others may read the private key", filepath.Dir(b.key): "is no file",
	} {
		fetched, err := b.room().Fetch(t.Context(), "old", key, progress.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || !fetched.WrongKey || fault.HintOf(err) == "" && want != "is no file" {
			t.Errorf("%q: %+v, %v", key, fetched, err)
		}
	}
	b.has("new")
	t.Setenv("HOME", filepath.Dir(b.key))
	fetched, err := b.room().Fetch(t.Context(), "old", "~/"+filepath.Base(b.key), progress.Discard)
	if err != nil || fetched.Dir != old.Dir || fetched.Bytes != old.Bytes() {
		t.Fatalf("%+v, %v", fetched, err)
	}
	b.run(fault.Done, "verify", "old")
	if fetched, err = b.room().Fetch(t.Context(), "old", b.key, progress.Discard); err == nil || fetched.WrongKey {
		t.Errorf("%+v, %v", fetched, err)
	}
}

func TestWizardFindsDamageInTheBucket(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: none")
	m := b.make("a", 3)
	if _, err := b.room().Send(t.Context(), m.Dir, false, progress.Discard); err != nil {
		t.Fatal(err)
	}
	for key, text := range s3test.Contents(t, b.config) {
		if strings.HasPrefix(key, "data/") {
			s3test.Put(t, b.config, map[string]string{key: text[:len(text)-1] + "x"})
		}
	}
	if check, err := b.room().VerifyCopy(t.Context(), "a", progress.Discard); err == nil || !check.Bad {
		t.Errorf("%+v, %v", check, err)
	}
	if sent, err := b.room().Send(t.Context(), m.Dir, true, progress.Discard); err != nil || sent.Sent == 0 {
		t.Errorf("%+v, %v", sent, err)
	}
	if check, err := b.room().VerifyCopy(t.Context(), "a", progress.Discard); err != nil || !strings.Contains(check.Notes[0], "opened") {
		t.Errorf("%+v, %v", check, err)
	}
}

func TestWizardRemovesFromOnePlaceOrBoth(t *testing.T) {
	b := newBucketStore(t, "encrypt_to: none")
	dirs := map[string]string{}
	for i, id := range []string{"d", "c", "b", "a"} {
		dirs[id] = b.make(id, 40-10*i).Dir
		if _, err := b.room().Send(t.Context(), dirs[id], false, progress.Discard); err != nil {
			t.Fatal(err)
		}
	}
	room := b.room()
	if _, err := room.LookRemoveCopy(t.Context(), "a"); fault.CodeOf(err) != fault.Blocked || !strings.Contains(err.Error(), "the newest one") {
		t.Errorf("got %v", err)
	}
	shown, err := room.LookRemoveCopy(t.Context(), "d")
	if err != nil || shown.Dir != "" || shown.ID != "d" || !slices.Equal(shown.Going, []string{"d"}) || shown.Stays != "a" || shown.Confirm != "blog" || shown.Frees <= 0 {
		t.Fatalf("%+v, %v", shown, err)
	}
	if _, err = room.Remove(t.Context(), shown, progress.Discard); err != nil {
		t.Fatal(err)
	}
	b.has("a", "b", "c", "d")
	if all := b.copies(); len(all) != 3 || all["d"].ID != "" {
		t.Fatalf("%+v", all)
	}

	if shown, err = room.LookRemove(t.Context(), dirs["c"]); err != nil {
		t.Fatal(err)
	}
	copied, err := room.LookRemoveCopy(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	shown.Copy = &copied
	// What is no longer as it was shown goes nowhere.
	changed := shown
	changed.Copy = &tui.BackupRemoval{ID: "c", Going: []string{"c"}, Stays: "b", Confirm: "blog"}
	if _, err = room.Remove(t.Context(), changed, progress.Discard); fault.StateOf(err) != "nothing was removed" {
		t.Errorf("got %v", err)
	}
	b.has("a", "b", "c", "d")
	if _, err = room.Remove(t.Context(), shown, progress.Discard); err != nil {
		t.Fatal(err)
	}
	b.has("a", "b", "d")
	if all := b.copies(); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// The folder is listed without the bucket.
func TestWizardListsWithoutTheBucket(t *testing.T) {
	server := s3test.Private(t)
	b := onBucket(t, server.Bucket(t), "encrypt_to: none")
	b.make("a", 3)
	server.Stop(t)
	if all := b.listed(); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if _, err := b.room().ListBucket(t.Context()); err == nil || !strings.Contains(fault.HintOf(err), "nothing answers at that address") {
		t.Errorf("got %v", err)
	}
	shown, err := b.room().LookRemove(t.Context(), b.make("b", 1).Dir)
	if fault.CodeOf(err) != fault.Blocked {
		t.Errorf("%+v, %v", shown, err)
	}
}
