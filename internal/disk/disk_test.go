package disk

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// small mounts a disk of its own. Without the right to mount the test fails: a
// full disk cannot be had in another way.
func small(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Fatalf("mounting a small disk: %v (this test needs the right to mount)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFree(t *testing.T) {
	dir := small(t, "size=4m,nr_inodes=100")
	for _, path := range []string{dir, filepath.Join(dir, "not", "there", "yet")} {
		room, err := Free(path)
		if err != nil || room.Bytes != 4<<20 || room.Files != 99 {
			t.Errorf("%s: %+v, %v", path, room, err)
		}
	}
	if _, err := Free("/proc/1/mem/x"); err == nil {
		t.Error("a file has no free space below it")
	}
}

func TestUsageCountsBlocks(t *testing.T) {
	dir := small(t, "size=4m")
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := Free(dir)
	used, err := Usage(t.Context(), dir)
	if err != nil || used.Files != 3 || used.Bytes != 4<<20-before.Bytes {
		t.Errorf("%+v, %v; free %+v", used, err, before)
	}
	if used, err := Usage(t.Context(), filepath.Join(dir, "none")); err != nil || used != (Room{}) {
		t.Errorf("%+v, %v", used, err)
	}
}

// What goes to one filesystem is added up; what goes to another is not.
func TestCheckBySharedFilesystem(t *testing.T) {
	one, other := small(t, "size=10m"), small(t, "size=10m")
	need := func(path, what string, megabytes int64) Need {
		return Need{Path: path, What: what, Room: Room{Bytes: megabytes << 20}}
	}
	if short, err := Check([]Need{need(one, "a", 8), need(other, "b", 8)}); err != nil || len(short) != 0 {
		t.Errorf("%v, %v", short, err)
	}
	short, err := Check([]Need{need(one, "a", 5), need(other, "b", 1), need(filepath.Join(one, "deep", "er"), "c", 4)})
	if err != nil || len(short) != 1 || short[0].Path != one {
		t.Fatalf("%v, %v", short, err)
	}
	if text := short[0].String(); !strings.Contains(text, "11 MB are needed, 10 MB are free (a, c)") {
		t.Error(text)
	}
	if short, err := Check([]Need{need(one, "nothing", 0)}); err != nil || len(short) != 0 {
		t.Errorf("%v, %v", short, err)
	}
}

func TestCheckCountsFiles(t *testing.T) {
	few := small(t, "size=10m,nr_inodes=12")
	short, err := Check([]Need{{Path: few, What: "packages", Room: Room{Bytes: 1, Files: 10}}})
	if err != nil || len(short) != 1 || !strings.Contains(short[0].String(), "12 files (inodes) are needed, 11 are free (packages)") {
		t.Errorf("%v, %v", short, err)
	}
	if short, err := Check([]Need{{Path: few, What: "packages", Room: Room{Files: math.MaxInt64 / 2}}}); err != nil || len(short) != 1 {
		t.Errorf("%v, %v", short, err)
	}
}
