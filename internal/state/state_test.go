package state_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bunnyhop/internal/state"
)

func TestFoldersFollowTheirVariables(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, test := range []struct {
		variable, fallback string
		dir                func() (string, error)
	}{
		{"XDG_STATE_HOME", ".local/state", state.Dir},
		{"XDG_CACHE_HOME", ".cache", state.CacheDir},
		{"XDG_DATA_HOME", ".local/share", state.DataDir},
	} {
		byHome := filepath.Join(home, test.fallback, "bunnyhop")
		for value, want := range map[string]string{
			"/var/lib/x": "/var/lib/x/bunnyhop",
			"":           byHome,
			// A relative path is to be ignored, says the specification.
			"relative/path": byHome,
		} {
			t.Setenv(test.variable, value)
			if got, err := test.dir(); err != nil || got != want {
				t.Errorf("%s=%q: %s, %v, want %s", test.variable, value, got, err, want)
			}
		}
	}
}

func TestNoHomeIsAnError(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_STATE_HOME", "")
	if dir, err := state.ProjectDir(t.TempDir()); err == nil || !strings.Contains(err.Error(), "XDG_STATE_HOME") {
		t.Errorf("got %s, %v", dir, err)
	}
}

func id(t *testing.T, root string) string {
	t.Helper()
	id, err := state.ProjectID(root)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOneProjectHasOneID(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "blog")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(base)
	want := id(t, root)
	for _, other := range []string{root + "/", root + "/.", root + "/../blog", link, "blog", "./blog"} {
		if got := id(t, other); got != want && !strings.HasSuffix(got, want[len("blog"):]) {
			t.Errorf("%s is %s, want %s", other, got, want)
		}
	}
	if other := id(t, filepath.Join(base, "shop")); other == want {
		t.Error("two projects share an ID")
	}
	// A lock under two names would be no lock.
	if got := id(t, link); got != want {
		t.Errorf("the link is %s, want %s", got, want)
	}
}

func TestIDIsAFolderNameWhateverTheProjectIsCalled(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*-[0-9a-f]{10}$`)
	for _, name := range []string{
		"blog", "..hidden", "...", "weird \"name\"", "näme 🐇", "a\nb", "-rf", "$(x)", strings.Repeat("x", 255), strings.Repeat("ü", 120),
	} {
		root := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(root, 0o700); err != nil {
			t.Fatal(err)
		}
		got := id(t, root)
		if !form.MatchString(got) {
			t.Errorf("%q gives %q", name, got)
		}
		if err := os.Mkdir(filepath.Join(t.TempDir(), got), 0o700); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := id(t, "/"); !form.MatchString(got) {
		t.Errorf("the root gives %q", got)
	}
}

func TestNothingLiesInsideTheProject(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/s")
	t.Setenv("XDG_DATA_HOME", "/d")
	root := filepath.Join(t.TempDir(), "blog")
	dir, err := state.ProjectDir(root)
	if want := "/s/bunnyhop/projects/" + id(t, root); err != nil || dir != want {
		t.Errorf("got %s, %v, want %s", dir, err, want)
	}
	dir, err = state.BackupsDir(root)
	if want := "/d/bunnyhop/backups/" + id(t, root); err != nil || dir != want {
		t.Errorf("got %s, %v, want %s", dir, err, want)
	}
}
