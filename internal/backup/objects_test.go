package backup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
)

func bucketOf(t *testing.T, config objectstore.Config) *objectstore.Bucket {
	t.Helper()
	b, err := objectstore.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func backUpBucket(ctx context.Context, folder, id string, b *objectstore.Bucket, previous *Manifest, report progress.Reporter) (*Manifest, error) {
	return Create(ctx, Options{
		Folder: folder, ID: id, Project: "p", Root: "/nonexistent", Directus: "11.0.0", Previous: previous,
		Sources: []Source{{Part: Files, Prefix: "files/cloud", Bucket: b}},
	}, report)
}

// contentsOf reads what a backup holds, by key.
func contentsOf(t *testing.T, m *Manifest) map[string]string {
	t.Helper()
	contents := map[string]string{}
	for _, e := range m.Part(Files).Entries {
		if e.Object == nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(m.Dir, e.Path))
		if err != nil {
			t.Fatal(err)
		}
		contents[e.Object.Key] = string(data)
	}
	return contents
}

func TestABucketIsBackedUpSharedAndPutBack(t *testing.T) {
	config := s3test.Start(t)
	config.Prefix = "directus/uploads"
	want := map[string]string{"empty": "", "a/ü ☃+%20?.jpg": "snow", "a/b/c/d": "deep", "big": strings.Repeat("0123456789", 2_000_000)}
	for i := range 200 {
		want[fmt.Sprintf("file-%03d.txt", i)] = fmt.Sprintf("contents %d", i)
	}
	s3test.Put(t, config, want)
	b := bucketOf(t, config)
	if err := b.PutAs(t.Context(), "picture", strings.NewReader("png"), 3, objectstore.PutOptions{Meta: objectstore.Meta{ContentType: "image/png"}}); err != nil {
		t.Fatal(err)
	}
	want["picture"] = "png"
	folder := t.TempDir()
	first, err := backUpBucket(t.Context(), folder, "one", b, nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, contentsOf(t, first)); diff != "" {
		t.Fatal(diff)
	}
	part := first.Part(Files)
	if f := part.Folders[0]; f.Driver != S3 || f.Dir != config.String() || part.Files != len(want) {
		t.Errorf("the manifest says %+v, %d files", f, part.Files)
	}
	if err := Verify(t.Context(), first.Dir, progress.Discard); err != nil {
		t.Fatal(err)
	}

	// The second one stores only what changed.
	s3test.Put(t, config, map[string]string{"file-007.txt": "CONTENTS 7", "file-008.txt": "longer than it was"})
	now := maps.Clone(want)
	now["file-007.txt"], now["file-008.txt"] = "CONTENTS 7", "longer than it was"
	second, err := backUpBucket(t.Context(), folder, "two", b, first, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(now, contentsOf(t, second)); diff != "" {
		t.Error(diff)
	}
	var own []string
	for _, e := range second.Part(Files).Entries {
		if e.Type == TypeFile && e.From == "" {
			own = append(own, e.Object.Key)
		}
		if e.Object != nil && e.Object.Key == "picture" && e.Object.Meta.ContentType != "image/png" {
			t.Errorf("the picture is %+v", e.Object.Meta)
		}
	}
	if diff := cmp.Diff([]string{"file-007.txt", "file-008.txt"}, own); diff != "" {
		t.Errorf("stored again: %s", diff)
	}

	// Putting the first one back: what is missing, what differs, nothing else.
	for _, key := range []string{"big", "picture", "a/b/c/d"} {
		if err := b.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	s3test.Put(t, config, map[string]string{"added since": "x"})
	diff, err := CompareObjects(t.Context(), first.Dir, "files/cloud", b, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(diff.Missing) != 3 || !slices.Equal(diff.Keys(), []string{"file-007.txt", "file-008.txt"}) || diff.Same != len(want)-5 || diff.Others != 1 {
		t.Errorf("%d missing, %v differ, %d same, %d others", len(diff.Missing), diff.Keys(), diff.Same, diff.Others)
	}
	if err := RestoreObjects(t.Context(), first.Dir, "files/cloud", b, diff, objectstore.PutOptions{}, progress.Discard); err != nil {
		t.Fatal(err)
	}
	want["added since"] = "x"
	if diff := cmp.Diff(want, s3test.Contents(t, config)); diff != "" {
		t.Error(diff)
	}
	body, o, err := b.Get(t.Context(), "picture")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if o.Meta.ContentType != "image/png" {
		t.Errorf("the picture came back as %q", o.Meta.ContentType)
	}
}

func TestAPutBackThatWasCutShortGoesOn(t *testing.T) {
	config := s3test.Start(t)
	want := map[string]string{}
	for i := range 60 {
		want[fmt.Sprintf("%02d", i)] = strings.Repeat(fmt.Sprint(i), 10_000)
	}
	s3test.Put(t, config, want)
	b := bucketOf(t, config)
	m, err := backUpBucket(t.Context(), t.TempDir(), "one", b, nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for key := range want {
		s3test.Put(t, config, map[string]string{key: "other " + key})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	diff, err := CompareObjects(ctx, m.Dir, "files/cloud", b, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	stop := &onProgress{after: diff.Bytes / 2, do: cancel}
	if err := RestoreObjects(ctx, m.Dir, "files/cloud", b, diff, objectstore.PutOptions{}, stop); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	for key, text := range s3test.Contents(t, config) {
		if text != want[key] && text != "other "+key {
			t.Errorf("%s is torn", key)
		}
	}
	if diff, err = CompareObjects(t.Context(), m.Dir, "files/cloud", b, progress.Discard); err != nil {
		t.Fatal(err)
	}
	if len(diff.Different) == 0 || len(diff.Different) == len(want) {
		t.Errorf("%d of %d are left", len(diff.Different), len(want))
	}
	if err := RestoreObjects(t.Context(), m.Dir, "files/cloud", b, diff, objectstore.PutOptions{}, progress.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, s3test.Contents(t, config)); diff != "" {
		t.Error(diff)
	}
}

func TestDamageIsNotPutIntoABucket(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"a": "good a", "big": strings.Repeat("b", 20<<20)})
	b := bucketOf(t, config)
	m, err := backUpBucket(t.Context(), t.TempDir(), "one", b, nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "big"} {
		flip(t, filepath.Join(m.Dir, "files/cloud", key), 3, 1)
		if err := b.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		diff, err := CompareObjects(t.Context(), m.Dir, "files/cloud", b, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		diff.Different = nil
		diff.Missing = slices.DeleteFunc(diff.Missing, func(e *Entry) bool { return e.Object.Key != key })
		contains(t, RestoreObjects(t.Context(), m.Dir, "files/cloud", b, diff, objectstore.PutOptions{}, progress.Discard), "other contents")
		if got := s3test.Contents(t, config)[key]; got != "" {
			t.Errorf("%s was stored with %d bytes", key, len(got))
		}
	}
}

func TestABucketThatGoesAwayLeavesNoBackup(t *testing.T) {
	s := s3test.Private(t)
	config := s.Bucket(t)
	want := map[string]string{}
	for i := range 40 {
		want[fmt.Sprintf("%02d", i)] = strings.Repeat(fmt.Sprint(i%10), 1<<20)
	}
	s3test.Put(t, config, want)
	b := bucketOf(t, config)
	folder := t.TempDir()
	_, err := backUpBucket(t.Context(), folder, "one", b, nil, &onProgress{after: 20 << 20, do: s.Kill})
	if err == nil || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	onlyIn(t, folder)
	s.Restart(t)

	// One that comes back in time is waited for.
	m, err := backUpBucket(t.Context(), folder, "two", b, nil, &onProgress{after: 20 << 20, do: func() { s.Kill(); s.Restart(t) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, contentsOf(t, m)); diff != "" {
		t.Error("other contents")
	}
}

func TestABucketThatCannotBeReadIsAnError(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"a": "a"})
	gone, wrong := config, config
	gone.Bucket, wrong.SecretKey = "not-there", "not the secret"
	for hint, c := range map[string]objectstore.Config{"no bucket of that name": gone, "does not fit": wrong} {
		folder := t.TempDir()
		_, err := backUpBucket(t.Context(), folder, "one", bucketOf(t, c), nil, progress.Discard)
		if err == nil || !strings.Contains(fault.HintOf(err), hint) || strings.Contains(err.Error(), c.SecretKey) {
			t.Errorf("got %v (%s)", err, fault.HintOf(err))
		}
		onlyIn(t, folder)
	}
}

func TestStrangeKeysAreStoredOrNamed(t *testing.T) {
	want := map[string]string{
		"plain": "1", "dir": "a file", "dir/file": "in a folder of that name", "dir/": "marker", "a//b": "2", "/absolute": "3",
		"%keys/x": "4", "ü/☃": "5", "new\nline\x1b[31m": "6", strings.Repeat("long", 100): "7",
		"../up": "8", "a/../../up": "9", "..": "10", "CON": "11", "a\\b": "12", " ": "13",
	}
	for _, cleans := range []bool{false, true} {
		f := &fakeBucket{objects: maps.Clone(want), cleans: cleans}
		f.objects["up"] = "not the one above"
		b := f.open(t)
		folder := t.TempDir()
		m, err := backUpBucket(t.Context(), folder, "one", b, nil, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		onlyIn(t, folder, "one")
		if m, err = Read(m.Dir); err != nil { // the paths are checked
			t.Fatal(err)
		}
		if err := Verify(t.Context(), m.Dir, progress.Discard); err != nil {
			t.Fatal(err)
		}
		got := contentsOf(t, m)
		for _, skipped := range m.Part(Files).Skipped {
			key := skipped.Path
			if key == `" "` {
				key = " "
			} else if !cleans {
				t.Errorf("skipped %+v", skipped)
			}
			if got[key] != "" || skipped.Reason == "" {
				t.Errorf("skipped %+v", skipped)
			}
			got[key] = want[key]
		}
		expected := maps.Clone(f.objects)
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("cleans %t: %s", cleans, diff)
		}

		// All come back but those that could come to name something else.
		f.objects = map[string]string{}
		diff, err := CompareObjects(t.Context(), m.Dir, "files/cloud", b, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := RestoreObjects(t.Context(), m.Dir, "files/cloud", b, diff, objectstore.PutOptions{}, progress.Discard); err != nil {
			t.Fatal(err)
		}
		for key, text := range expected {
			switch back, there := f.objects[key]; {
			case dotted(key) && there:
				t.Errorf("%q was put", key)
			case !dotted(key) && key != " " && back != text:
				t.Errorf("%q came back as %q", key, back)
			}
		}
		if !cleans && len(diff.Refused) != 3 {
			t.Errorf("refused %q", diff.Refused)
		}
	}
}

func TestEveryKeyHasAPathOfItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom([]string{"", ".", "..", "a", "b", oddFolder, strings.Repeat("x", 256)}), rapid.String())
		key := rapid.Map(rapid.SliceOfN(name, 1, 4), func(names []string) string { return strings.Join(names, "/") })
		keys := rapid.SliceOfDistinct(key, func(key string) string { return key }).Draw(t, "keys")
		taken := map[string]EntryType{}
		for i, name := range keyPaths(keys) {
			if err := checkPath(name); err != nil {
				t.Fatalf("%q: %v", keys[i], err)
			}
			for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
				if taken[dir] == TypeFile {
					t.Fatalf("%q lies in a file", name)
				}
				taken[dir] = TypeFolder
			}
			if taken[name] != "" {
				t.Fatalf("%q is taken", name)
			}
			taken[name] = TypeFile
		}
	})
}

func TestRowsAreMatchedWithFiles(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"a.jpg": "a", "a__0123456789012345678901234567890123456789.avif": "made of a", "forgotten.jpg": "x"})
	local := t.TempDir()
	put(t, filepath.Join(local, "b.jpg"), "b")
	put(t, filepath.Join(local, "sub/nobody.jpg"), "b")
	rows := []StoredFile{
		{"files/cloud", "a.jpg"},
		{"files/cloud", "lost.jpg"},
		{"files/local", "b.jpg"},
		{"files/local", "late.jpg"},
		{"files/cloud", "late.jpg"},
		{"files/local", ""},
		{"files/elsewhere", "x"},
		{"files/gone", "c.jpg"},
	}
	for i := range 30 {
		rows = append(rows, StoredFile{"files/local", fmt.Sprintf("missing-%02d", i)})
	}
	m, err := Create(t.Context(), Options{
		Folder: t.TempDir(), ID: "one", Root: "/nonexistent",
		Sources: []Source{
			{Part: Files, Prefix: "files/cloud", Bucket: bucketOf(t, config)},
			{Part: Files, Prefix: "files/local", Dir: local},
			{Part: Files, Prefix: "files/gone", Dir: filepath.Join(local, "not there"), Optional: true},
		},
		Stored: func(context.Context) iter.Seq2[StoredFile, error] {
			return func(yield func(StoredFile, error) bool) {
				// They came after the folders were looked through.
				put(t, filepath.Join(local, "late.jpg"), "late")
				s3test.Put(t, config, map[string]string{"late.jpg": "late"})
				for _, row := range rows {
					if !yield(row, nil) {
						return
					}
				}
			}
		},
	}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = Read(m.Dir); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range namedMissing {
		names = append(names, fmt.Sprintf("missing-%02d", i))
	}
	if diff := cmp.Diff([]Unmatched{
		{Prefix: "files/cloud", Missing: 1, Names: []string{"lost.jpg"}, Extra: 1},
		{Prefix: "files/local", Missing: 30, Names: names, Extra: 1},
		{Prefix: "files/gone", Missing: 1, Names: []string{"c.jpg"}},
	}, m.Unmatched); diff != "" {
		t.Error(diff)
	}
	if got := tree(t, filepath.Join(m.Dir, "files")); got["local/late.jpg"] == "" || got["cloud/late.jpg"] == "" {
		t.Errorf("what came late is not there: %v", got)
	}
	if err := Verify(t.Context(), m.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
}

func TestRowsThatCannotBeReadFailTheBackup(t *testing.T) {
	broken := errors.New("the connection broke")
	folder := t.TempDir()
	_, err := Create(t.Context(), Options{
		Folder: folder, ID: "one", Root: "/nonexistent", Sources: []Source{{Part: Files, Prefix: "files/local", Dir: t.TempDir()}},
		Stored: func(context.Context) iter.Seq2[StoredFile, error] {
			return func(yield func(StoredFile, error) bool) { yield(StoredFile{}, broken) }
		},
	}, progress.Discard)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	onlyIn(t, folder)
}
