package objectstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
)

func open(t *testing.T, config objectstore.Config) *objectstore.Bucket {
	t.Helper()
	b, err := objectstore.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestObjectsComeBackAsTheyWerePut(t *testing.T) {
	config := s3test.Start(t)
	config.Prefix = "uploads/deep"
	b := open(t, config)
	ctx := t.Context()
	big := make([]byte, 21<<20) // three parts
	_, _ = rand.Read(big)
	want := map[string][]byte{
		"a.txt": []byte("a"), "empty": {}, "sub/é ü&+%41 ?#.jpg": []byte("odd"), "big": big, "big-unknown": big,
	}
	for key, data := range want {
		size := int64(len(data))
		if key == "big-unknown" {
			size = -1
		}
		if err := b.Put(ctx, key, bytes.NewReader(data), size); err != nil {
			t.Fatal(err)
		}
	}
	outside := config
	outside.Prefix = "uploads/deeper"
	s3test.Put(t, outside, map[string]string{"not mine": "x"})
	seen := map[string]int64{}
	for o, err := range b.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		seen[o.Key] = o.Size
		stat, err := b.Stat(ctx, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		body, got, err := b.Get(ctx, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(data, want[o.Key]) {
			t.Errorf("%s came back with %d bytes (%v)", o.Key, len(data), err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
		if o.ETag == "" || stat.ETag != o.ETag || got.ETag != o.ETag || stat.Size != o.Size || stat.Key != o.Key || got.Key != o.Key {
			t.Errorf("listed %+v, looked at %+v, read %+v", o, stat, got)
		}
		if o.Modified.IsZero() {
			t.Errorf("%s has no time", o.Key)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("listed %v", seen)
	}
	if err := b.Remove(ctx, "a.txt"); err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(ctx, "a.txt"); err != nil {
		t.Errorf("removing what is not there: %v", err)
	}
	if _, err := b.Stat(ctx, "a.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing object: %v", err)
	}
	if _, _, err := b.Get(ctx, "a.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing object: %v", err)
	}
	if err := b.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestMetaIsKept(t *testing.T) {
	b := open(t, s3test.Start(t))
	meta := objectstore.Meta{
		ContentType: "image/png", CacheControl: "max-age=60", ContentEncoding: "gzip", ContentDisposition: "inline", ContentLanguage: "de",
		User: map[string]string{"Tus-Version": "1.0.0"},
	}
	if err := b.PutAs(t.Context(), "x", strings.NewReader("abc"), 3, objectstore.PutOptions{Meta: meta}); err != nil {
		t.Fatal(err)
	}
	body, got, err := b.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close() //nolint:errcheck // only read from
	if diff := cmp.Diff(meta, got.Meta); diff != "" {
		t.Error(diff)
	}
}

func TestMoreObjectsThanAPageAreListedAll(t *testing.T) {
	config := s3test.Start(t)
	want := map[string]string{}
	for i := range 1203 {
		want[fmt.Sprintf("%05d", i)] = ""
	}
	s3test.Put(t, config, want)
	last := ""
	n := 0
	for o, err := range open(t, config).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if o.Key <= last {
			t.Fatalf("%s comes after %s", o.Key, last)
		}
		last = o.Key
		n++
	}
	if n != len(want) {
		t.Errorf("%d of %d", n, len(want))
	}
	// A cancelled listing is no listing.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var end error
	for _, err := range open(t, config).List(ctx, "") {
		cancel()
		end = err
	}
	if !errors.Is(end, context.Canceled) {
		t.Errorf("a cancelled listing ended in %v", end)
	}
}

func TestAShorterReaderStoresNothing(t *testing.T) {
	b := open(t, s3test.Start(t))
	for _, size := range []int64{5, 20 << 20} {
		if err := b.Put(t.Context(), "x", strings.NewReader("abc"), size); err == nil {
			t.Errorf("%d bytes stored from 3", size)
		}
	}
	broken := errors.New("the disk broke")
	err := b.Put(t.Context(), "x", io.MultiReader(strings.NewReader("abc"), failing{broken}), -1)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Stat(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was stored: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestErrorsSayWhatToDo(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"x": "y"})
	with := func(change func(*objectstore.Config)) objectstore.Config {
		c := config
		change(&c)
		return c
	}
	for name, test := range map[string]struct {
		config objectstore.Config
		hint   string
	}{
		"unknown host": {with(func(c *objectstore.Config) { c.Endpoint = "http://nowhere.invalid:9000" }), "not known here"},
		"refused":      {with(func(c *objectstore.Config) { c.Endpoint = "http://127.0.0.1:1" }), "nothing answers"},
		"no TLS":       {with(func(c *objectstore.Config) { c.Endpoint = strings.Replace(c.Endpoint, "http:", "https:", 1) }), "http://"},
		"wrong key":    {with(func(c *objectstore.Config) { c.AccessKey = "nobody" }), "does not know the access key"},
		"wrong secret": {with(func(c *objectstore.Config) { c.SecretKey = "marked-secret-1234" }), "does not fit"},
		"no bucket":    {with(func(c *objectstore.Config) { c.Bucket = "not-there" }), "no bucket of that name"},
		"no listing":   {s3test.User(t, s3test.Start(t), "s3:GetObject"), "s3:ListBucket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := open(t, test.config).Check(t.Context())
			if err == nil || !strings.Contains(fault.HintOf(err), test.hint) {
				t.Errorf("got %v (%s)", err, fault.HintOf(err))
			}
			if err != nil && strings.Contains(err.Error()+fault.HintOf(err), test.config.SecretKey) {
				t.Errorf("the secret is told: %v", err)
			}
		})
	}
	t.Run("no reading, no writing", func(t *testing.T) {
		own := s3test.Start(t)
		s3test.Put(t, own, map[string]string{"x": "y"})
		b := open(t, s3test.User(t, own, "s3:ListBucket"))
		if err := b.Check(t.Context()); !strings.Contains(fault.HintOf(err), "s3:GetObject") {
			t.Errorf("got %v (%s)", err, fault.HintOf(err))
		}
		if err := b.Put(t.Context(), "z", strings.NewReader("1"), 1); !strings.Contains(fault.HintOf(err), "s3:PutObject") {
			t.Errorf("got %v (%s)", err, fault.HintOf(err))
		}
		if err := b.Remove(t.Context(), "x"); !strings.Contains(fault.HintOf(err), "s3:DeleteObject") {
			t.Errorf("got %v (%s)", err, fault.HintOf(err))
		}
	})
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for name, config := range map[string]objectstore.Config{
		"a path":       {Endpoint: "https://s3.example.com/bucket", Bucket: "bucket"},
		"a user":       {Endpoint: "https://u:hidden-word@s3.example.com", Bucket: "bucket"},
		"no bucket":    {Endpoint: "https://s3.example.com"},
		"half a pair":  {Bucket: "bucket", AccessKey: "x"},
		"another kind": {Endpoint: "ftp://s3.example.com", Bucket: "bucket"},
		"no such CA":   {Bucket: "bucket", CAFile: "/nonexistent"},
	} {
		_, err := objectstore.Open(config)
		if err == nil || fault.HintOf(err) == "" || strings.Contains(err.Error()+config.String(), "hidden-word") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
