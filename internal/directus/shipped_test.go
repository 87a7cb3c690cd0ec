package directus_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
)

// write makes files with their folders; a text "-> x" makes a link to x.
func write(t *testing.T, root string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 3 && text[:3] == "-> " {
			err = os.Symlink(text[3:], path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestShipped(t *testing.T) {
	t.Parallel()
	const sub = "/dist/database/migrations/"
	for name, files := range map[string]map[string]string{
		"npm": {
			"node_modules/directus/package.json":                             "{}",
			"node_modules/@directus/api" + sub + "run.js":                    "",
			"node_modules/@directus/api" + sub + "20240806A-permissions.js":  "",
			"node_modules/@directus/api" + sub + "20201028A-remove-x.js":     "",
			"node_modules/@directus/api" + sub + "29990101A-from-future.js":  "",
			"node_modules/@directus/api" + sub + "20201028A-remove-x.js.map": "",
		},
		"pnpm": {
			"node_modules/.pnpm/directus@11.0.0_abc/node_modules/directus/package.json": "{}",
			"node_modules/.pnpm/directus@11.0.0_abc/node_modules/@directus/api":         "-> ../../../@directus+api@22/node_modules/@directus/api",
			"node_modules/directus": "-> .pnpm/directus@11.0.0_abc/node_modules/directus",
			"node_modules/.pnpm/@directus+api@22/node_modules/@directus/api" + sub + "20240806A-p.js":           "",
			"node_modules/.pnpm/@directus+api@22/node_modules/@directus/api" + sub + "20201028A-r.js":           "",
			"node_modules/.pnpm/@directus+api@22/node_modules/@directus/api" + sub + "29990101A-from-future.js": "",
		},
		"up to 9.24": {
			"node_modules/directus" + sub + "20240806A-p.js":             "",
			"node_modules/directus" + sub + "20201028A-r.js":             "",
			"node_modules/directus" + sub + "29990101A-from-future.js":   "",
			"node_modules/directus" + sub + "29990101A-from-future.d.ts": "",
		},
	} {
		shipped, err := directus.Shipped(write(t, t.TempDir(), files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, m := range shipped {
			got = append(got, m.ID+" "+m.Title)
		}
		want := []string{"20201028A Remove Collection Foreign Keys", "20240806A Permissions Policies", "29990101A From Future"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestShippedWithoutDirectus(t *testing.T) {
	t.Parallel()
	if _, err := directus.Shipped(t.TempDir()); !errors.Is(err, directus.ErrNotInstalled) {
		t.Errorf("an empty folder: %v", err)
	}
	half := write(t, t.TempDir(), map[string]string{"node_modules/directus/package.json": "{}"})
	if _, err := directus.Shipped(half); !errors.Is(err, directus.ErrNotInstalled) {
		t.Errorf("half an installation: %v", err)
	}
	empty := write(t, t.TempDir(), map[string]string{
		"node_modules/directus/package.json":                         "{}",
		"node_modules/@directus/api/dist/database/migrations/run.js": "",
	})
	if _, err := directus.Shipped(empty); err == nil {
		t.Error("a list that could not be read is an error, never empty")
	}
}

func TestCustomMigrations(t *testing.T) {
	t.Parallel()
	dir := write(t, t.TempDir(), map[string]string{
		"20300101A-my_own-thing.js": "", "a-b.mjs": "", "x-y.cjs": "", "nodash.js": "", "20300101B-note.md": "", "20300101C-types.d.ts": "",
	})
	custom, err := directus.CustomMigrations(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []directus.Migration{
		{ID: "20300101A", Name: "my_own-thing", Title: "My Own Thing", Custom: true},
		{ID: "a", Name: "b", Title: "B", Custom: true},
		{ID: "x", Name: "y", Title: "Y", Custom: true},
	}
	if diff := cmp.Diff(want, custom); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none, err := directus.CustomMigrations(filepath.Join(dir, "none")); none != nil || err != nil {
		t.Errorf("no folder: %v, %v", none, err)
	}
	if _, err := directus.CustomMigrations(filepath.Join(dir, "a-b.mjs")); err == nil || fault.HintOf(err) == "" {
		t.Errorf("a folder that cannot be read: %v", err)
	}
}
