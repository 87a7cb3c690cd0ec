package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bunnyhop/internal/progress"
)

// Earlier versions wrote a manifest in one piece, indented throughout, and with
// a member that is not known any more.
func TestManifestsOfEarlierVersions(t *testing.T) {
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	m.External = []External{{Location: "s3", Driver: "s3", Reason: m.Digest}}
	m.Digest = noDigest
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	// A name that is not valid UTF-8 stood beside what was left of it.
	left := []byte(`"path": "files/local/deep/latin\ufffd.txt",`)
	if !bytes.Contains(text, left) {
		t.Fatal("no name that JSON cannot hold")
	}
	raw := base64.StdEncoding.EncodeToString([]byte("files/local/deep/latin\xe9.txt"))
	text = bytes.Replace(text, left, append(left, ` "raw_path": "`+raw+`",`...), 1)
	text = bytes.ReplaceAll(text, []byte(`"uid":`), []byte(`"crc32c": "0badcafe", "uid":`))
	sum := sha256.Sum256(text)
	m.Digest = hex.EncodeToString(sum[:])
	text = bytes.Replace(text, []byte(noDigest), []byte(m.Digest), 1)
	read, err := decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, read, cmpopts.IgnoreFields(Manifest{}, "Dir"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	again := filepath.Join(t.TempDir(), manifestName)
	if err := read.replace(again); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(again)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	now, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read, now, cmpopts.IgnoreFields(Manifest{}, "Digest"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// A manifest without parts, or with one that has no entries, is one all the
// same; what is cut short or goes on is none.
func TestManifestsThatAreOdd(t *testing.T) {
	for name, parts := range map[string][]PartInfo{
		"no parts": nil, "no entries": {{Name: Files, Included: true}},
		"both": {{Name: Files, Entries: []Entry{{Path: "files", Type: TypeFolder}}}, {Name: Config, Reason: `a "null\n}" [ ] { <&>`}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &Manifest{Format: Format, ID: "one", Parts: parts}
			dir := t.TempDir()
			if err := m.write(dir); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, manifestName))
			if err != nil || !json.Valid(text) {
				t.Fatalf("%v in %s", err, text)
			}
			read, err := decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, read, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			for n := range text {
				if _, err := decode(bytes.NewReader(text[:n])); err == nil {
					t.Errorf("the first %d bytes of %d are taken for it", n, len(text))
				}
			}
			if _, err := decode(strings.NewReader(string(text) + " ")); err == nil {
				t.Error("more than it is taken for it")
			}
		})
	}
}

// Many files go through the flush of a whole filesystem.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range flushOneByOne + 10 {
		put(t, filepath.Join(dir, "f"+strings.Repeat("x", i%7), string(rune('a'+i%26))+hex.EncodeToString([]byte{byte(i >> 8), byte(i)})), strings.Repeat("z", i))
	}
	folder := t.TempDir()
	if err := backUp(folder, "one", dir, nil); err != nil {
		t.Fatal(err)
	}
	f, err := newFlusher(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	f.wrote(flushEvery) // meanwhile
	f.failed.Store(true)
	if err := f.finish(flushOneByOne + 1); err != nil { // then one by one
		t.Error(err)
	}
	if got, want := tree(t, filepath.Join(folder, "one/files")), tree(t, dir); len(got) != len(want) {
		t.Errorf("%d things of %d", len(got), len(want))
	}
	if err := Verify(context.Background(), filepath.Join(folder, "one"), progress.Discard); err != nil {
		t.Error(err)
	}
}
