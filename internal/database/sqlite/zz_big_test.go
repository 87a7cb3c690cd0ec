package sqlite

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
)

func TestZZBig(t *testing.T) {
	path := os.Getenv("BIGDB")
	if path == "" {
		t.Fatal("no BIGDB")
	}
	if !exists(path) {
		run(t, path, append([]string{"PRAGMA journal_mode=" + os.Getenv("BIGMODE"), "PRAGMA synchronous=OFF"}, newsroom...)...)
		fill(t, path, 1000000)
	}
	rss := func() string {
		b, _ := os.ReadFile("/proc/self/status")
		for _, l := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(l, "VmHWM") {
				return l
			}
		}
		return ""
	}
	ctx := context.Background()
	db := openFile(t, path, database.ReadOnly)
	for range 2 {
		s := time.Now()
		f, err := db.Fingerprint(ctx, nil, progress.Discard)
		t.Log("fingerprint", time.Since(s), f.Rows(), err, rss())
	}
	s := time.Now()
	t.Log(db.Integrity(ctx), time.Since(s))
	s = time.Now()
	info, err := db.Dump(ctx, path+".dump", progress.Discard)
	t.Log("dump", time.Since(s), info.Bytes, err, rss())
	db.Close()
	s = time.Now()
	err = Restore(ctx, path+".target", path+".dump", progress.Discard)
	t.Log("restore", time.Since(s), err, rss())
	db = openFile(t, path+".target", database.ReadOnly)
	g, err := db.Fingerprint(ctx, nil, progress.Discard)
	t.Log(info.Fingerprint.Diff(g, nil), err)
	os.Remove(path + ".dump")
	db.Close()
	os.Remove(path + ".target")
}
