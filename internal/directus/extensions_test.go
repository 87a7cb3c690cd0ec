package directus_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bunnyhop/internal/directus"
)

func TestListExtensions(t *testing.T) {
	t.Parallel()
	const (
		hook   = `{"name":"directus-extension-hook","version":"1.2.3","directus:extension":{"type":"hook","path":"index.js","source":"src","host":"^10.10.0","sandbox":{"enabled":true,"requestedScopes":{}}}}`
		bundle = `{"name":"kit","version":"2.0.0","directus:extension":{"type":"bundle","path":{"app":"a","api":"b"},"host":"*","entries":[{"type":"module","name":"m","source":"s"},{"type":"endpoint","name":"e","source":"s"}]}}`
		theme  = `{"name":"theme-x","version":"1.0.0","directus:extension":{"type":"theme","path":"index.js","source":"s","host":"^11.0.0"}}`
	)
	root := write(t, t.TempDir(), map[string]string{
		"package.json":                              `{"dependencies":{"directus":"11.0.0","kit":"^2","@me/theme":"1","not-installed":"1"}}`,
		"node_modules/directus/package.json":        `{"name":"directus","version":"11.0.0"}`,
		"node_modules/kit/package.json":             bundle,
		"node_modules/@me/theme/package.json":       theme,
		"extensions/my-hook/package.json":           hook,
		"extensions/linked":                         "-> ../elsewhere",
		"elsewhere/package.json":                    strings.Replace(hook, "extension-hook", "extension-linked", 1),
		"extensions/broken/package.json":            `{"name":`,
		"extensions/wrong/package.json":             `{"name":"wrong","version":"1.0.0"}`,
		"extensions/partly/package.json":            `{"name":"partly","version":"1.0.0","directus:extension":{"type":"gadget","path":"x","source":"s"}}`,
		"extensions/no-package/index.js":            "",
		"extensions/hooks/old/index.js":             "",
		"extensions/migrations/1-x.js":              "",
		"extensions/.registry/abc/package.json":     strings.Replace(hook, "directus-extension-hook", "from-market", 1),
		"extensions/.registry/.hidden/package.json": hook,
		"extensions/file.txt":                       "",
	})
	got, err := directus.ListExtensions(filepath.Join(root, "extensions"), root)
	if err != nil {
		t.Fatal(err)
	}
	const stops = "; while it is there, no extension loads at all"
	want := []directus.Extension{
		{Name: "broken", Folder: "broken", Source: directus.Local, Problem: "its package.json is not valid JSON, so that Directus passes it over"},
		{Name: "directus-extension-hook", Folder: "my-hook", Source: directus.Local, Type: "hook", Version: "1.2.3", Host: "^10.10.0", Sandboxed: true},
		{Name: "directus-extension-linked", Folder: "linked", Source: directus.Local, Type: "hook", Version: "1.2.3", Host: "^10.10.0", Sandboxed: true},
		{Name: "from-market", Folder: "abc", Source: directus.Registry, Type: "hook", Version: "1.2.3", Host: "^10.10.0", Sandboxed: true},
		{Name: "kit", Folder: "kit", Source: directus.Module, Type: "bundle", Version: "2.0.0", Host: "*", Entries: []string{"module m", "endpoint e"}},
		{Name: "old", Folder: "hooks/old", Source: directus.Local, Type: "hook", Problem: "lies in a folder by type, which Directus ignores from 10.10 on: move it up one level and give it a package.json"},
		{Name: "partly", Folder: "partly", Source: directus.Local, Type: "gadget", Version: "1.0.0", Problem: "its package.json lacks a known type, host" + stops},
		{Name: "theme-x", Folder: "@me/theme", Source: directus.Module, Type: "theme", Version: "1.0.0", Host: "^11.0.0"},
		{Name: "wrong", Folder: "wrong", Source: directus.Local, Version: "1.0.0", Problem: "its package.json lacks directus:extension" + stops},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(directus.Extension{}, "Path")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range got {
		if !strings.HasPrefix(e.Path, root) {
			t.Errorf("%s: path %s", e.Name, e.Path)
		}
	}
}

func TestListExtensionsNoneAndUnreadable(t *testing.T) {
	t.Parallel()
	root := write(t, t.TempDir(), map[string]string{"file": "", "bad/package.json": "{"})
	if got, err := directus.ListExtensions(filepath.Join(root, "none"), root); got != nil || err != nil {
		t.Errorf("no folder: %v, %v", got, err)
	}
	if _, err := directus.ListExtensions(filepath.Join(root, "file"), ""); err == nil {
		t.Error("a folder that cannot be read is an error, never empty")
	}
	if _, err := directus.ListExtensions("", filepath.Join(root, "bad")); err == nil {
		t.Error("a package.json that cannot be read is an error")
	}
}
