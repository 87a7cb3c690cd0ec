package project

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := write(t, map[string]string{"real/.env": "A=1\n"})
	target, link := filepath.Join(dir, "real/.env"), filepath.Join(dir, ".env")
	if err := os.Chmod(target, 0o640); err != nil { //nolint:gosec // the mode that has to survive
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(target, 1234, 4321); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real/.env", link); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"A=2\n", "A=3\n"} {
		if err := Replace(link, []byte(content), ".env.before-x"); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(path, want string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || string(data) != want {
			t.Errorf("%s is %q (%v), want %q", path, data, err, want)
		}
		after, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if after.Mode() != before.Mode() || owner(after) != owner(before) {
			t.Errorf("%s has mode %v and owner %v, want %v and %v", path, after.Mode(), owner(after), before.Mode(), owner(before))
		}
	}
	expect(target, "A=3\n")
	expect(filepath.Join(dir, ".env.before-x"), "A=1\n") // the first one stays
	if to, err := os.Readlink(link); err != nil || to != "real/.env" {
		t.Errorf("the link became %q, %v", to, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "real")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	fresh := filepath.Join(dir, "new")
	if err := Replace(fresh, []byte("x"), "kept"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new file has %v, %v", info, err)
	}
	if exists(filepath.Join(dir, "kept")) {
		t.Error("there was nothing to keep")
	}
	if err := Replace(filepath.Join(dir, "none/x"), nil, ""); err == nil {
		t.Error("a missing folder is no error")
	}
}

func owner(info os.FileInfo) [2]uint32 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return [2]uint32{s.Uid, s.Gid}
	}
	return [2]uint32{}
}
