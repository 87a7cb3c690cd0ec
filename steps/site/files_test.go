package site

import (
	"os"
	"path/filepath"
	"testing"

	"bunnyhop/internal/progress"
)

type labels []string

func (l *labels) Progress(label string, _ progress.Unit, _, _ int64) { *l = append(*l, label) }
func (l *labels) Output(string)                                      {}

// Removing a tree takes seconds, in which something has to be seen.
func TestRemoveTells(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "old")
	if err := os.MkdirAll(filepath.Join(dir, "node_modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	var told labels
	for range 2 { // the second time there is nothing to tell of
		if err := Remove(&told, "the old code", dir); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := Exists(dir); there || err != nil || len(told) != 1 || told[0] != "removing the old code" {
		t.Errorf("there %v, %v, told %q", there, err, told)
	}
}
