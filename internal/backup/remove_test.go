package backup

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bunnyhop/internal/progress"
)

func TestRemove(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	one := p.create(t, folder, "one", nil)
	two := p.create(t, folder, "two", one)
	put(t, filepath.Join(folder, "one.removing", "left"), "by an earlier one of that name")
	if err := Remove(one.Dir); err != nil {
		t.Fatal(err)
	}
	onlyIn(t, folder, "two")
	// What it shared is still whole.
	if err := Verify(context.Background(), two.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
	if err := Remove(one.Dir); err == nil {
		t.Error("what is not there was removed")
	}
	onlyIn(t, folder, "two")
}

// TestRemoveKilled kills a real process when the backup has its other name,
// and then a removal anywhere within.
func TestRemoveKilled(t *testing.T) {
	p := newProject(t)
	folder := t.TempDir()
	p.create(t, folder, "one", nil)
	p.create(t, folder, "two", nil)
	killed(t, "remover", filepath.Join(folder, "one"), "renamed")
	onlyIn(t, folder, "one.removing", "two")
	// Part of it is gone already: it must not look whole all the same.
	if err := os.RemoveAll(filepath.Join(folder, "one.removing", "files")); err != nil {
		t.Fatal(err)
	}
	all, err := List(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if gone := m.ID == "one"; m.Removing != gone || m.Partial != gone || m.Damaged != nil {
			t.Errorf("%s: removing %v, partial %v, damaged %v", m.ID, m.Removing, m.Partial, m.Damaged)
		}
		if m.Removing {
			if err := Remove(m.Dir); err != nil {
				t.Error(err)
			}
		}
	}
	onlyIn(t, folder, "two")
	// An unfinished one goes in the same way.
	put(t, filepath.Join(folder, "three.partial", "half"), "half")
	killed(t, "remover", filepath.Join(folder, "three.partial"), "renamed")
	if all, err = List(folder); err != nil || all[0].ID != "three" && all[1].ID != "three" {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := Remove(filepath.Join(folder, "three.partial.removing")); err != nil {
		t.Error(err)
	}
	onlyIn(t, folder, "two")
}

// TestFreed compares with what the filesystem says before and after.
func TestFreed(t *testing.T) {
	p := newProject(t)
	put(t, filepath.Join(p.uploads, "big"), strings.Repeat("x", 3<<20))
	folder := t.TempDir()
	one := p.create(t, folder, "one", nil)
	put(t, filepath.Join(p.uploads, "new"), strings.Repeat("y", 2<<20))
	two := p.create(t, folder, "two", one)
	three := p.create(t, folder, "three", two)
	freed := func(dirs ...string) int64 {
		t.Helper()
		n, err := Freed(dirs...)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := freed(one.Dir); n > 1<<20 {
		t.Errorf("the first alone gives %d bytes back, though two others share its files", n)
	}
	if n := freed(one.Dir, two.Dir); n > 1<<20 {
		t.Errorf("the first two give %d bytes back, though a third shares their files", n)
	}
	all := freed(one.Dir, two.Dir, three.Dir)
	if all < 5<<20 || all != used(t, folder) {
		t.Errorf("all give %d bytes back, and %d are used", all, used(t, folder))
	}
	for _, m := range []*Manifest{two, one} {
		before, told := used(t, folder), freed(m.Dir)
		if err := Remove(m.Dir); err != nil {
			t.Fatal(err)
		}
		if came := before - used(t, folder); came != told {
			t.Errorf("removing %s gave %d bytes back, told were %d", m.ID, came, told)
		}
	}
	if n := freed(three.Dir); n < 5<<20 {
		t.Errorf("the last gives only %d bytes back", n)
	}
	if n := freed(); n != 0 {
		t.Errorf("nothing gives %d bytes back", n)
	}
	if _, err := Freed(one.Dir); err == nil {
		t.Error("what is not there was measured")
	}
}

// used is what everything below a folder takes on the disk, shared files once.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	var bytes int64
	seen := map[uint64]bool{}
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := item.Info()
		if err != nil {
			return err
		}
		if stat := info.Sys().(*syscall.Stat_t); !seen[stat.Ino] {
			seen[stat.Ino] = true
			bytes += stat.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestListSkipsHidden(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, ".scratch-run", "prove", "scratch.db"), "x")
	if all, err := List(folder); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestProveAgain proves an old backup, which may have lost what it was.
func TestProveAgain(t *testing.T) {
	ctx := context.Background()
	p := newProject(t)
	m := p.create(t, t.TempDir(), "one", nil)
	verified := func() *Verification {
		t.Helper()
		m, err := Read(m.Dir)
		if err != nil {
			t.Fatal(err)
		}
		return m.Verified
	}
	first, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard)
	if err != nil || !again.Time.After(first.Time) || !verified().Time.Equal(again.Time) {
		t.Errorf("proved again %+v, recorded %+v, %v", again, verified(), err)
	}
	// That there is no place to restore to says nothing about the backup.
	blocked := filepath.Join(t.TempDir(), "file")
	put(t, blocked, "in the way")
	if _, err := Prove(ctx, m.Dir, scratchIn(blocked), progress.Discard); err == nil || verified() == nil {
		t.Errorf("error %v, recorded %+v", err, verified())
	}
	if err := Disprove(m.Dir, err); err != nil || verified() == nil {
		t.Errorf("taken back for %v", err)
	}
	// That a byte changed does.
	dump := filepath.Join(m.Dir, "database.sqlite")
	flip(t, dump, 5000, 1)
	if err := Disprove(m.Dir, Verify(ctx, m.Dir, progress.Discard)); err != nil || verified() != nil {
		t.Errorf("%v, recorded %+v", err, verified())
	}
	flip(t, dump, 5000, 1)
	for _, c := range []struct {
		what  string
		spoil func()
	}{
		{"flipped", func() { flip(t, dump, 5000, 1) }},
		{"missing", func() { flip(t, dump, 5000, 1); _ = os.Remove(dump) }},
	} {
		scratch := t.TempDir()
		c.spoil()
		m.Verified = &Verification{}
		if err := m.write(m.Dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Prove(ctx, m.Dir, scratchIn(scratch), progress.Discard); err == nil || verified() != nil {
			t.Errorf("%s: %v, recorded %+v", c.what, err, verified())
		}
		onlyIn(t, scratch)
	}
}
