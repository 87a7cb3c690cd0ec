package promote_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// TestServer brings a data model into a server that is only known by its
// address, and exports what the deletions lose.
func TestServer(t *testing.T) {
	p := testbed.New(t)
	p.Serve()
	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	address, err := model.Find(site.BaseURL(p.Config()) + "/")
	if err != nil {
		t.Fatal(err)
	}
	before, letters := read(t, p), p.Rows(`SELECT count(*) FROM letters`)[0][0]
	o := site.Options{Root: t.TempDir(), Environ: append(p.Environ(), "BUNNYHOP_TARGET_TOKEN="+token)}
	choice := promote.Options{Base: write(t, edited(before)), Target: address, Mode: review.Mirror}
	result, run := promoting(t, o, choice, all("field authors.name"))
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	left := keysOf(t, read(t, p), edited(before))
	if !slices.Equal(left, []string{"field authors.name schema.max_length"}) {
		t.Errorf("left: %v", left)
	}
	exported, err := promote.Exported.Need(run)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, e := range exported {
		data, err := os.ReadFile(run.Path(e.File))
		if err != nil {
			t.Fatal(err)
		}
		lines[e.Collection] = bytes.Count(data, []byte("\n"))
		if e.Collection == "articles" && !bytes.Contains(data, []byte(`"minutes":`)) {
			t.Errorf("the export of articles has no minutes: %s", data)
		}
	}
	if len(lines) != 2 || lines["articles"] == 0 || letters == "0" || letters != strconv.Itoa(lines["letters"]) {
		t.Errorf("exported %v; %s letters", lines, letters)
	}
	if err := filepath.WalkDir(run.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) {
			t.Errorf("%s holds the token", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestServerRefuses: what cannot be read is an error that says why, never an
// empty data model.
func TestServerRefuses(t *testing.T) {
	p := testbed.New(t)
	p.Serve()
	here := site.BaseURL(p.Config())
	for _, test := range []struct {
		name, address, variable string
		code                    fault.Code
		says                    string
	}{
		{"nobody", here, "", fault.Unanswered, "without logging in"},
		{"an unknown token", here, "BUNNYHOP_TARGET_TOKEN=secret-and-wrong", fault.Failed, "does not know this token"},
		{"nothing there", "http://127.0.0.1:9", "BUNNYHOP_TARGET_TOKEN=secret-and-wrong", fault.Failed, "does not answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address, err := model.Find(test.address)
			if err != nil {
				t.Fatal(err)
			}
			o := site.Options{Root: t.TempDir(), Environ: append(p.Environ(), test.variable)}
			result, _ := promoting(t, o, promote.Options{Base: write(t, read(t, p)), Target: address, Mode: review.Merge}, all())
			if result.Code != test.code || !strings.Contains(result.Error, test.says) || strings.Contains(result.Error+result.Hint, "secret-and-wrong") {
				t.Errorf("%+v", result)
			}
		})
	}
}

// TestFind: what a word of the command line means, and that no secret may
// stand in it.
func TestFind(t *testing.T) {
	for word, want := range map[string]string{
		"https://admin:secret@cms.example.com":         "without a user",
		"https://cms.example.com?access_token=secret":  "without a user",
		"postgres://cms.example.com/db":                "no address of a Directus",
		"/there/is/nothing":                            "there is no",
		t.TempDir():                                    "neither a project nor a snapshot",
		"https://cms.example.com/\x7f?token=secret%zz": "cannot be read",
	} {
		_, err := model.Find(word)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q: %v", word, err)
		}
	}
	if s, err := model.Find("https://cms.example.com/admin/"); err != nil || s.Kind != model.Server || s.Name() != "cms.example.com/admin" {
		t.Errorf("%+v, %v", s, err)
	}
}
