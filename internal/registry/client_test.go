package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// client makes a client of a registry at an address, with short waits.
func client(t *testing.T, address, cache string, env ...string) *Client {
	t.Helper()
	cfg, err := LoadConfig("", append([]string{"HOME=" + t.TempDir(), "npm_config_registry=" + address}, env...))
	if err != nil {
		t.Fatal(err)
	}
	c := New(cfg, cache)
	c.waits = []time.Duration{time.Millisecond, time.Millisecond}
	return c
}

const document = `{"name":"p","dist-tags":{"latest":"1.0.0"},"time":{"created":"x","1.0.0":"2024-05-06T07:08:09.123Z"},
	"versions":{"1.0.0":{"version":"1.0.0","dependencies":{"a":"^1"},"engines":["node >= 1"],"license":{"type":"MIT"},"deprecated":false,
	"dist":{"tarball":"/p.tgz","integrity":"sha512-x"}}}}`

func TestPackageIsKeptAndConfirmed(t *testing.T) {
	var asked, confirmed atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			confirmed.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = fmt.Fprint(w, document)
	}))
	cache := t.TempDir()
	c := client(t, server.URL, cache)
	first, err := c.Package(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Version{"1.0.0": {Version: "1.0.0", Dependencies: Strings{"a": "^1"}, License: "MIT", Dist: Dist{Tarball: "/p.tgz", Integrity: "sha512-x"}}}
	if diff := cmp.Diff(want, first.Versions); diff != "" {
		t.Error(diff)
	}
	if got := first.Times["1.0.0"].Format(time.RFC3339); got != "2024-05-06T07:08:09Z" || len(first.Times) != 1 {
		t.Errorf("times are %v", first.Times)
	}
	if again, err := c.Package(t.Context(), "p"); err != nil || again != first || asked.Load() != 1 {
		t.Errorf("asked %d times within one process, %v", asked.Load(), err)
	}
	// Another process: the registry confirms what is kept.
	second, err := client(t, server.URL, cache).Package(t.Context(), "p")
	if err != nil || second.Stale || confirmed.Load() != 1 {
		t.Errorf("confirmed %d times, stale %v, %v", confirmed.Load(), second.Stale, err)
	}
	if diff := cmp.Diff(first.Versions, second.Versions); diff != "" {
		t.Error(diff)
	}
	files, err := filepath.Glob(filepath.Join(cache, "registry", "*", "p.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept files: %q, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the kept answer: %v, %v", info.Mode(), err)
	}
	// The registry goes away.
	server.Close()
	offline, err := client(t, server.URL, cache).Package(t.Context(), "p")
	if err != nil || !offline.Stale || offline.Fetched.Before(first.Fetched) || time.Since(offline.Fetched) > time.Hour {
		t.Errorf("offline: %+v, %v", offline, err)
	}
	var down *DownError
	_, err = client(t, server.URL, cache).Package(t.Context(), "unknown")
	if !errors.As(err, &down) || fault.HintOf(err) == "" {
		t.Errorf("offline and not kept: %v", err)
	}
}

func TestFaultsAreTyped(t *testing.T) {
	var asked atomic.Int32
	answers := map[string]http.HandlerFunc{
		"/none":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"/private": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"/broken":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"/portal":  func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>log in to the wifi</html>") },
		"/short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(document)))
			_, _ = fmt.Fprint(w, document[:50])
		},
		"/flaky": func(w http.ResponseWriter, _ *http.Request) {
			if asked.Load() < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = fmt.Fprint(w, document)
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answers[r.URL.Path](w, r)
	}))
	defer server.Close()
	is := func(target any) func(error) bool { return func(err error) bool { return errors.As(err, target) } }
	tests := []struct {
		name  string
		match func(error) bool
		asked int32
	}{
		{"none", is(new(*NotFoundError)), 1},
		{"private", is(new(*DeniedError)), 1},
		{"broken", is(new(*DownError)), 3},
		{"portal", is(new(*DownError)), 1},
		{"short", is(new(*DownError)), 3},
		{"flaky", func(err error) bool { return err == nil }, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked.Store(0)
			_, err := client(t, server.URL, t.TempDir()).Package(t.Context(), test.name)
			if !test.match(err) || asked.Load() != test.asked {
				t.Errorf("error %v after %d attempts, want %d", err, asked.Load(), test.asked)
			}
			if err != nil && fault.HintOf(err) == "" {
				t.Error("no hint")
			}
		})
	}
	if _, err := client(t, server.URL, t.TempDir()).Package(t.Context(), "../none"); err == nil {
		t.Error("a path was accepted as a name")
	}
}

type entry struct {
	name, text string
	kind       byte
	mode       int64
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	tarred := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Size: int64(len(e.text))}
		if e.kind == tar.TypeSymlink {
			header.Size, header.Linkname = 0, e.text
			e.text = ""
		}
		if err := tarred.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := tarred.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tarred.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestTarball(t *testing.T) {
	good := archive(
		t,
		entry{"package/package.json", "{}", tar.TypeReg, 0o600},
		entry{"package/bin/run", "#!", tar.TypeReg, 0o6777},
		entry{"package/lib", "", tar.TypeDir, 0o700},
		entry{"package/link", "/etc/passwd", tar.TypeSymlink, 0o777},
	)
	tests := []struct {
		name  string
		data  []byte
		sum   []byte // what the digest is of, where not data
		short int    // bytes that are left out although announced
		match any
	}{
		{name: "good", data: good},
		{name: "another file", data: good, sum: []byte("x"), match: new(*IntegrityError)},
		{name: "cut off", data: good, short: 10, match: new(*DownError)},
		{name: "cut off and announced so", data: good[:len(good)-10], sum: good, match: new(*IntegrityError)},
		{name: "not an archive", data: []byte("hello"), match: new(*fault.Error)},
		{name: "path above", data: archive(t, entry{"package/../../evil", "x", tar.TypeReg, 0o644}), match: new(*fault.Error)},
		{name: "path above at once", data: archive(t, entry{"../evil", "x", tar.TypeReg, 0o644}), match: new(*fault.Error)},
		{name: "absolute path", data: archive(t, entry{"/evil", "x", tar.TypeReg, 0o644}), match: new(*fault.Error)},
		{name: "through a link", data: archive(t, entry{"package/d", "..", tar.TypeSymlink, 0o777}, entry{"package/d/evil", "x", tar.TypeReg, 0o644})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			digested := test.data
			if test.sum != nil {
				digested = test.sum
			}
			sum := sha512.Sum512(digested)
			mux := http.NewServeMux()
			mux.HandleFunc("/p", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"versions":{"1.0.0":{"version":"1.0.0","dist":{"tarball":"https://registry.npmjs.org/p/-/p.tgz","integrity":"sha1-AAAA sha512-%s"}}}}`,
					base64.StdEncoding.EncodeToString(sum[:]))
			})
			mux.HandleFunc("/p/-/p.tgz", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(test.data)))
				_, _ = w.Write(test.data[:len(test.data)-test.short])
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			parent := t.TempDir()
			dest := filepath.Join(parent, "dest")
			c := client(t, server.URL, t.TempDir())
			err := c.Tarball(t.Context(), "p", "1.0.0", dest, progress.Discard)
			left, readErr := os.ReadDir(parent)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if test.match != nil {
				if !errors.As(err, test.match) || fault.HintOf(err) == "" {
					t.Errorf("error is %v with hint %q", err, fault.HintOf(err))
				}
				if len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
				return
			}
			if err != nil || len(left) != 1 {
				t.Fatalf("%v; in the folder: %v", err, left)
			}
			if err := c.Tarball(t.Context(), "p", "1.0.0", dest, progress.Discard); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second time: %v", err)
			}
			if test.name != "good" {
				return
			}
			got := map[string]string{}
			_ = filepath.WalkDir(dest, func(path string, e fs.DirEntry, err error) error {
				if err == nil && !e.IsDir() {
					info, _ := e.Info()
					name, _ := filepath.Rel(dest, path)
					got[name] = info.Mode().String()
				}
				return err
			})
			if diff := cmp.Diff(map[string]string{"package.json": "-rw-r--r--", "bin/run": "-rwxr-xr-x"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStalledDownloadIsGivenUp(t *testing.T) {
	stop := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/p", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"versions":{"1.0.0":{"version":"1.0.0","dist":{"tarball":"/p.tgz","integrity":"sha512-AAAA"}}}}`)
	})
	mux.HandleFunc("/p.tgz", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte{0x1f})
		_ = http.NewResponseController(w).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(stop)
	c := client(t, server.URL, t.TempDir())
	c.stall = 20 * time.Millisecond
	var down *DownError
	err := c.Tarball(t.Context(), "p", "1.0.0", filepath.Join(t.TempDir(), "x"), progress.Discard)
	if !errors.As(err, &down) {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Tarball(ctx, "p", "1.0.0", filepath.Join(t.TempDir(), "x"), progress.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A login never goes to another host that a registry redirects to.
func TestRedirectLosesTheLogin(t *testing.T) {
	var got atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
		_, _ = fmt.Fprint(w, document)
	}))
	defer other.Close()
	var sent atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(r.Header.Get("Authorization"))
		// The same machine under another name is another host.
		http.Redirect(w, r, "http://localhost:"+other.URL[len("http://127.0.0.1:"):]+"/p", http.StatusFound)
	}))
	defer server.Close()
	c := client(t, server.URL, t.TempDir(), "npm_config_//"+server.Listener.Addr().String()+"/:_authToken="+secret)
	if _, err := c.Package(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if sent.Load() != "Bearer "+secret || got.Load() != "" {
		t.Errorf("the registry got %q, the other host %q", sent.Load(), got.Load())
	}
}
