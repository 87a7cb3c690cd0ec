package report

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
)

// views are the reviews that the goldens show.
func views() map[string]Review {
	undecided := sample()
	undecided.Decisions = nil
	return map[string]Review{
		"review":    sample(),
		"undecided": undecided,
		"empty":     {Title: "staging → blog", LeftOut: 1},
	}
}

// hashes change with every comma of style and script.
var hashes = regexp.MustCompile(`sha256-[^=]+=`)

func TestHTML(t *testing.T) {
	for name, r := range views() {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, r.HTML)
			for _, part := range []string{pageStyle, pageScript} {
				if !strings.Contains(text, part) {
					t.Errorf("the page does not have %.60q", part)
				}
				text = strings.ReplaceAll(text, part, "…")
			}
			golden.RequireEqual(t, hashes.ReplaceAllString(text, "sha256-…"))
		})
	}
}

func TestMarkdown(t *testing.T) {
	for name, r := range views() {
		t.Run(name, func(t *testing.T) { golden.RequireEqual(t, rendered(t, r.Markdown)) })
	}
}

func TestLargeReview(t *testing.T) {
	page := rendered(t, large(500, 40).HTML)
	if n := len(page) >> 20; n > 32 {
		t.Errorf("20,000 changes take %d MiB", n)
	}
	if n := strings.Count(page, `<details class="group"`); n != 500 {
		t.Errorf("%d groups", n)
	}
	if strings.Contains(strings.Split(page, "<script>")[0], " open>") {
		t.Error("something is not folded")
	}
	if n := strings.Count(rendered(t, large(50, 40).Markdown), "\n### "); n != 2_000 {
		t.Errorf("%d changes in Markdown", n)
	}
}

// TestLongValues has values that are too long each, and too long together.
func TestLongValues(t *testing.T) {
	text := strings.Repeat("häßlich\n", 20_000)
	one := Review{Changes: []change.Change{{ID: "1", Title: "one", Before: text, After: text + "and more"}}}
	page := rendered(t, one.HTML)
	if len(page) > 4*longest || !strings.Contains(page, "more are not shown here") {
		t.Errorf("a long value takes %d bytes", len(page))
	}
	var many Review
	for range 2_000 {
		many.Changes = append(many.Changes, change.Change{Title: "one of many", After: text})
	}
	if page := rendered(t, many.HTML); len(page) > 2*budget {
		t.Errorf("many long values take %d bytes", len(page))
	}
}

func rendered(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.html", "b.HTM", "c.md", "d.markdown"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("an earlier report"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, sample()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		start := "# Review: staging → blog\n"
		if strings.HasPrefix(strings.ToLower(filepath.Ext(name)), ".h") {
			start = "<!DOCTYPE html>\n"
		}
		if data, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(data), start) {
			t.Errorf("%s begins %.30q, %v", name, data, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, made := range []error{
		os.Mkdir(filepath.Join(dir, "folder.html"), 0o700),
		os.WriteFile(filepath.Join(dir, "file"), nil, 0o600),
		os.Symlink("/dev/full", filepath.Join(dir, "device.html")),
		syscall.Mkfifo(filepath.Join(dir, "pipe.md"), 0o600),
	} {
		if made != nil {
			t.Fatal(made)
		}
	}
	for name, part := range map[string]string{
		"review.txt":       "does not say what the report is to be",
		"review":           "does not say what the report is to be",
		"":                 "does not say what the report is to be",
		"folder.html":      "is a folder",
		"none/review.html": "the report cannot be written to the folder",
		"file/review.html": "the report cannot be written to",
		"device.html":      "is not a file",
		"pipe.md":          "is not a file",
	} {
		path := name
		if path != "" {
			path = filepath.Join(dir, name)
		}
		checked, written := Check(path), Write(path, sample())
		for _, err := range []error{checked, written} {
			var told *fault.Error
			if !errors.As(err, &told) || told.Code != fault.Usage || !strings.Contains(told.Error(), part) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if err := Check(filepath.Join(dir, "new.html")); err != nil {
		t.Error(err)
	}
}

// TestWriteFails: the name is longer than a file system takes, which shows
// only when the file is made.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	err := Write(filepath.Join(dir, strings.Repeat("n", 250)+".html"), sample())
	if err == nil || fault.HintOf(err) == "" {
		t.Errorf("got %v, hint %q", err, fault.HintOf(err))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}
