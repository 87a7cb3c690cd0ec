package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/progress"
)

// rot changes a stored file as a bad disk does: no time of it tells.
func rot(t *testing.T, name string) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, name, info.Size()/2, 1)
	if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// settled makes a project whose files have not changed for a while, and a
// backup of it that is proved.
func settled(t *testing.T) (p project, one *Manifest) {
	t.Helper()
	p = newProject(t)
	time.Sleep(2 * tick)
	one = p.create(t, t.TempDir(), "one", nil)
	return p, one
}

func proveIt(t *testing.T, m *Manifest, report progress.Reporter) error {
	t.Helper()
	_, err := Prove(context.Background(), m.Dir, scratchIn(t.TempDir()), report)
	return err
}

func read(t *testing.T, m *Manifest) *Manifest {
	t.Helper()
	m, err := Read(m.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// said collects what is told.
type said []string

func (*said) Progress(string, progress.Unit, int64, int64) {}
func (s *said) Output(line string)                         { *s = append(*s, line) }

// A shared copy that went bad, unnoticed, is copied again by the proof of the
// new backup, and the old one loses its proof.
func TestProveMendsWhatIsShared(t *testing.T) {
	p, one := settled(t)
	if err := proveIt(t, one, progress.Discard); err != nil {
		t.Fatal(err)
	}
	bad := "files/local/b.bin"
	rot(t, filepath.Join(one.Dir, bad))
	two := p.create(t, filepath.Dir(one.Dir), "two", one)
	if !sameFile(filepath.Join(one.Dir, bad), filepath.Join(two.Dir, bad)) {
		t.Fatal("the copy is not shared, and this test shows nothing")
	}
	var told said
	if err := proveIt(t, two, &told); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(told, func(line string) bool { return strings.Contains(line, bad+" has other contents in the backup one") }) {
		t.Errorf("told %q", told)
	}
	if err := Verify(context.Background(), two.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
	if was := read(t, one); was.Verified != nil || !was.Suspect {
		t.Errorf("the old one is still trusted: %+v, %v", was.Verified, was.Suspect)
	}
	now := read(t, two)
	if now.Verified == nil || now.Suspect || now.Part(Files).Linked >= two.Part(Files).Linked {
		t.Errorf("proved %v, suspect %v, %d bytes shared", now.Verified, now.Suspect, now.Part(Files).Linked)
	}
	for _, e := range now.Part(Files).Entries {
		if e.Path == bad && e.From != "" {
			t.Errorf("%s is still said to be of %s", bad, e.From)
		}
	}
}

// What cannot be copied again makes the new backup one that is not good, and
// the next one inherits nothing of it.
func TestDamageThatCannotBeMendedIsNotInherited(t *testing.T) {
	ctx := context.Background()
	p, one := settled(t)
	folder, bad := filepath.Dir(one.Dir), "files/local/b.bin"
	if err := proveIt(t, one, progress.Discard); err != nil {
		t.Fatal(err)
	}
	rot(t, filepath.Join(one.Dir, bad))
	two := p.create(t, folder, "two", one)
	put(t, filepath.Join(p.uploads, "b.bin"), "not what it was")
	var damage *DamageError
	err := proveIt(t, two, progress.Discard)
	if !errors.As(err, &damage) || len(damage.Bad) != 1 || damage.Bad[0].Path != bad {
		t.Fatalf("error %v", err)
	}
	for _, m := range []*Manifest{one, two} {
		if now := read(t, m); now.Verified != nil || !now.Suspect {
			t.Errorf("%s is still trusted: %+v, %v", m.ID, now.Verified, now.Suspect)
		}
	}
	onlyIn(t, filepath.Join(two.Dir, "files/local"), names(t, filepath.Join(one.Dir, "files/local"))...)
	// Other files went bad too; the next backup reads before it shares.
	also := "files/local/a.txt"
	rot(t, filepath.Join(two.Dir, also))
	three := p.create(t, folder, "three", read(t, two))
	if err := Verify(ctx, three.Dir, progress.Discard); err != nil {
		t.Error(err)
	}
	if sameFile(filepath.Join(two.Dir, also), filepath.Join(three.Dir, also)) {
		t.Error("a bad copy was shared")
	}
	if err := proveIt(t, three, progress.Discard); err != nil || three.Part(Files).Linked == 0 {
		t.Errorf("%v, %d bytes shared", err, three.Part(Files).Linked)
	}
}

// A verification that finds damage takes the proofs of all backups back that
// share it.
func TestDamageIsOfAllThatShareIt(t *testing.T) {
	p, one := settled(t)
	folder := filepath.Dir(one.Dir)
	two := p.create(t, folder, "two", one)
	put(t, filepath.Join(p.uploads, "b.bin"), "not what it was")
	three := p.create(t, folder, "three", two)
	for _, m := range []*Manifest{one, two, three} {
		if err := proveIt(t, m, progress.Discard); err != nil {
			t.Fatal(err)
		}
	}
	rot(t, filepath.Join(one.Dir, "files/local/b.bin"))
	if err := Unprove(two.Dir, Verify(context.Background(), two.Dir, progress.Discard)); err == nil {
		t.Error("nothing was found")
	}
	got := map[string]bool{}
	for _, m := range []*Manifest{one, two, three} {
		got[m.ID] = Proved(m.Dir)
	}
	if diff := cmp.Diff(map[string]bool{"one": false, "two": false, "three": true}, got); diff != "" {
		t.Error(diff)
	}
}

// What is taken for unchanged is not read; all else is.
func TestUnchanged(t *testing.T) {
	begun := time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)
	b := builder{Options: Options{Previous: &Manifest{Created: begun}}}
	entry := func(ctime time.Time, inode uint64) *Entry { return &Entry{Ctime: ctime, Inode: inode} }
	long, now, whole := begun.Add(-time.Hour), begun.Add(-tick/2), begun.Truncate(time.Second).Add(-2*time.Second)
	for name, c := range map[string]struct {
		old, e *Entry
		want   bool
	}{
		"the same":              {entry(long, 5), entry(long, 5), true},
		"of an old backup":      {entry(long, 0), entry(long, 5), true},
		"another file":          {entry(long, 5), entry(long, 6), false},
		"changed":               {entry(long, 5), entry(long.Add(1), 5), false},
		"changed just before":   {entry(now, 5), entry(now, 5), false},
		"changed meanwhile":     {entry(begun.Add(1), 5), entry(begun.Add(1), 5), false},
		"whole seconds, before": {entry(whole, 5), entry(whole, 5), false},
		"whole seconds, longer": {entry(whole.Add(-2*time.Second), 5), entry(whole.Add(-2*time.Second), 5), true},
	} {
		if got := b.unchanged(c.old, c.e); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range found {
		names = append(names, item.Name())
	}
	return names
}
