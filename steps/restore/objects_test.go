package restore

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
)

// What a try that was cut short has saved is not saved again, as what is in
// the bucket by then may be what that try put there.
func TestWhatWasSavedIsKnownAgain(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"a": "a", "dir/b": "b"})
	b, err := objectstore.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	saved, have, next, err := savedObjects(folder, "run")
	if err != nil || len(saved) != 0 || len(have) != 0 || next != "run-before-restore-files" {
		t.Fatalf("%v %v %q %v", saved, have, next, err)
	}
	if _, err := backups.Create(t.Context(), backups.Options{
		Folder: folder, ID: next, Kind: backups.Saved, Root: "/nonexistent",
		Sources: []backups.Source{{Part: backups.Files, Prefix: "files/cloud", Bucket: b, Files: []string{"a", "dir/b"}}},
	}, progress.Discard); err != nil {
		t.Fatal(err)
	}
	saved, have, next, err = savedObjects(folder, "run")
	if err != nil || next != "run-before-restore-files-2" {
		t.Fatalf("%q %v", next, err)
	}
	if diff := cmp.Diff([]string{filepath.Join(folder, "run-before-restore-files")}, saved); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{"a", "dir/b"} {
		o, err := b.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if !have[version("files/cloud", key, o.ETag)] || have[version("files/cloud", key, "another")] {
			t.Errorf("%s: %v", key, have)
		}
	}
}
