package packages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/progress"
)

// shape describes a tree: mode, and content or target, by path.
func shape(t *testing.T, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		got[name] = info.Mode().String()
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			got[name] = "-> " + target
		case entry.Type().IsRegular():
			data, _ := os.ReadFile(path)
			got[name] += " " + string(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestCopyKeepsEverythingAndSharesNothing(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	put(t, filepath.Join(tree, "package.json"), "{}", 0o644)
	put(t, filepath.Join(tree, ".npmrc"), "secret", 0o600)
	put(t, filepath.Join(tree, markerName), "{}", 0o600)
	put(t, filepath.Join(tree, "node_modules/a/run"), "#!", 0o755)
	put(t, filepath.Join(tree, "node_modules/a/readonly/file"), "x", 0o444)
	for i := range 50 {
		put(t, filepath.Join(tree, "node_modules", fmt.Sprint(i), "index.js"), fmt.Sprint(i), 0o644)
	}
	if err := os.Chmod(filepath.Join(tree, "node_modules/a/readonly"), 0o555); err != nil { //nolint:gosec // the case under test
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(tree, "node_modules/a/readonly"), 0o755) }) //nolint:gosec // so that it can be removed
	for link, target := range map[string]string{"up": "../package.json", "gone": "nowhere", "absolute": filepath.Join(tree, "package.json"), "outside": "/etc"} {
		if err := os.Symlink(target, filepath.Join(tree, "node_modules", link)); err != nil {
			t.Fatal(err)
		}
	}
	want := shape(t, tree)
	delete(want, markerName)
	want["node_modules/absolute"] = "-> ../package.json"

	parent := t.TempDir()
	dest := filepath.Join(parent, "dest")
	dead := dest + ".partial-4194305-1"
	put(t, filepath.Join(dead, "x"), "", 0o600)
	if err := Copy(t.Context(), tree, dest, progress.Discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dest, "node_modules/a/readonly"), 0o755) }) //nolint:gosec // so that it can be removed
	if diff := cmp.Diff(want, shape(t, dest)); diff != "" {
		t.Error(diff)
	}
	noHardLinks(t, dest)
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dead process's copy is still there: %v", err)
	}
	if err := Copy(t.Context(), tree, dest, progress.Discard); !errors.Is(err, fs.ErrExist) {
		t.Errorf("copying over something: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Copy(ctx, tree, filepath.Join(parent, "other"), progress.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the copy: %v, %v", entries, err)
	}
}

// On a full disk (a real, small one; this needs root) nothing is left.
func TestCopyToAFullDisk(t *testing.T) {
	tree := t.TempDir()
	put(t, filepath.Join(tree, "node_modules/large"), string(make([]byte, 3<<20)), 0o644)
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	err := Copy(t.Context(), tree, filepath.Join(small, "dest"), progress.Discard)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error is %v", err)
	}
	if entries, err := os.ReadDir(small); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestPruneKeepsTheLastUsed(t *testing.T) {
	cache := t.TempDir()
	dir := treesDir(cache)
	for i, key := range []string{"old", "newest", "middle"} {
		path := filepath.Join(dir, key, markerName)
		put(t, path, "{}", 0o600)
		at := time.Now().Add(time.Duration([]int{-3, -1, -2}[i]) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	living := partial(filepath.Join(dir, "busy"))
	put(t, filepath.Join(living, "x"), "", 0o600)
	put(t, filepath.Join(dir, "dead.partial-4194305-1", "x"), "", 0o600)
	removed, err := Prune(cache, 2)
	if diff := cmp.Diff([]string{filepath.Join(dir, "old")}, removed); diff != "" || err != nil {
		t.Error(diff, err)
	}
	onlyTree(t, cache, filepath.Base(living), "middle", "newest")
	if removed, err := Prune(t.TempDir(), 0); removed != nil || err != nil {
		t.Errorf("an empty cache: %v, %v", removed, err)
	}
}
