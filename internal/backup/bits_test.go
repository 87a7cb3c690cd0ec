package backup

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/progress"
)

// TestEveryBitCounts flips one bit at each of 1,000 places of a real backup,
// every byte of every file of it as likely as any other, and has each found.
func TestEveryBitCounts(t *testing.T) {
	const flips = 1000
	ctx := context.Background()
	p := newProject(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	text := func(n int) string {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		return string(data)
	}
	for i := range 120 {
		put(t, filepath.Join(p.uploads, fmt.Sprint(i%7), fmt.Sprintf("%d.jpg", i)), text(random.IntN(2000)))
	}
	put(t, filepath.Join(p.uploads, "film.mp4"), text(400<<10))
	execute(t, p.db, "CREATE TABLE bulk (id integer primary key, body blob)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300) INSERT INTO bulk SELECT i, randomblob(1500) FROM n")
	m := p.create(t, t.TempDir(), "one", nil)
	if _, err := Prove(ctx, m.Dir, scratchIn(t.TempDir()), progress.Discard); err != nil {
		t.Fatal(err)
	}

	var files []string
	var starts []int64 // where each file's bytes begin among all
	var total int64
	err := filepath.WalkDir(m.Dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil || !item.Type().IsRegular() {
			return err
		}
		info, err := item.Info()
		files, starts = append(files, name), append(starts, total)
		total += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found, hit := 0, map[string]int{}
	for range flips {
		at := random.Int64N(total)
		i := len(files) - 1
		for starts[i] > at {
			i--
		}
		name, _ := filepath.Rel(m.Dir, files[i])
		bit := byte(1) << random.IntN(8)
		flip(t, files[i], at-starts[i], bit)
		if err := Verify(ctx, m.Dir, progress.Discard); err == nil {
			t.Errorf("seed %d: bit %08b of byte %d of %s was missed", seed, bit, at-starts[i], name)
		} else if name == manifestName || strings.Contains(err.Error(), name) {
			found++
		} else {
			t.Errorf("seed %d: %s is bad, and the error is %v", seed, name, err)
		}
		flip(t, files[i], at-starts[i], bit)
		part, _, _ := strings.Cut(name, string(filepath.Separator))
		hit[part]++
	}
	if err := Verify(ctx, m.Dir, progress.Discard); err != nil {
		t.Errorf("with every bit back: %v", err)
	}
	t.Logf("%d of %d found, in %d files of %d bytes: %v", found, flips, len(files), total, hit)
	if found != flips {
		t.Errorf("%d of %d found", found, flips)
	}
	if hit[manifestName] == 0 || hit["database.sqlite"] == 0 || hit["files"] == 0 {
		t.Errorf("not every part was hit: %v", hit)
	}
}

// TestEveryBitOfTheManifestCounts flips each bit of a small manifest, its own
// digest included.
func TestEveryBitOfTheManifestCounts(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.txt"), "first")
	m, err := Create(context.Background(), Options{Folder: t.TempDir(), ID: "one", Sources: []Source{{Part: Files, Dir: dir}}}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(m.Dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		for bit := byte(1); bit != 0; bit <<= 1 {
			data[at] ^= bit
			if _, err := decode(bytes.NewReader(data)); err == nil {
				t.Errorf("bit %08b of byte %d was missed", bit, at)
			}
			data[at] ^= bit
		}
	}
	if _, err := decode(bytes.NewReader(data)); err != nil {
		t.Errorf("with every bit back: %v", err)
	}
}

// flip turns a bit of a file over.
func flip(t *testing.T, name string, at int64, bit byte) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var one [1]byte
	if _, err := file.ReadAt(one[:], at); err != nil {
		t.Fatal(err)
	}
	one[0] ^= bit
	if _, err := file.WriteAt(one[:], at); err != nil {
		t.Fatal(err)
	}
}
