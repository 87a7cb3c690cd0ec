package testbed

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"bunnyhop/internal/sample"
)

// Versions are those of which tests have installed trees: the sample's own and
// those that it is upgraded to.
var Versions = []string{sample.Version, "11.17.4", "12.4.0"}

// unread is what no server reads: type declarations and maps of sources. It is
// almost half of the files, and tests link, copy and remove such trees by the
// hundred.
var unread = []string{".d.ts", ".d.mts", ".d.cts", ".map"}

// trim takes what is unread out of the cached trees, once for all processes
// and before any of them uses a tree.
func trim(tb testing.TB, cache string) {
	tb.Helper()
	done := filepath.Join(cache, "trimmed")
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("trimming the cached trees: %v", err)
		}
	}
	if _, err := os.Stat(done); err == nil {
		return
	}
	check(os.MkdirAll(cache, 0o700))
	lock := flock.New(done + ".lock")
	check(lock.Lock())
	defer func() { check(lock.Unlock()) }()
	if _, err := os.Stat(done); err == nil {
		return
	}
	root := filepath.Join(tb.TempDir(), "newsroom")
	check(sample.Unpack(root))
	for _, version := range Versions {
		tree, _ := install(tb, root, version)
		check(trimTree(tree))
	}
	check(os.WriteFile(done, nil, 0o600))
}

// trimTree trims one tree, and has its marker say how much there is now.
func trimTree(tree string) error {
	path := filepath.Join(tree, ".bunnyhop-tree.json")
	marker := map[string]any{}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &marker); err != nil {
		return err
	}
	var files, bytes int64
	err = filepath.WalkDir(tree, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == path {
			return err
		}
		if entry.Type().IsRegular() {
			if slices.ContainsFunc(unread, func(end string) bool { return strings.HasSuffix(name, end) }) {
				return os.Remove(name)
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			bytes += info.Size()
		}
		files++
		return nil
	})
	if err != nil {
		return err
	}
	marker["files"], marker["bytes"] = files, bytes
	if data, err = json.Marshal(marker); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
