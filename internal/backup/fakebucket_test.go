package backup

import (
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bunnyhop/internal/objectstore"
)

// fakeBucket holds keys that no server on a filesystem can: a key that is a
// folder of others, empty names, dots. It answers what Amazon's would.
type fakeBucket struct {
	sync.Mutex
	objects map[string]string
	// cleans has the server take a key for a path and clean it, as some do.
	cleans bool
	put    []string
}

func (f *fakeBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Lock()
	defer f.Unlock()
	raw, _, _ := strings.Cut(r.RequestURI, "?")
	path, err := url.PathUnescape(raw)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if f.cleans && dotted(key) {
		key = key[strings.LastIndex(key, "/")+1:]
	}
	switch {
	case r.URL.Query().Has("location"):
		fmt.Fprint(w, `<LocationConstraint/>`)
	case r.URL.Query().Get("list-type") == "2":
		f.list(w)
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		f.objects[key] = string(body)
		f.put = append(f.put, key)
		w.Header().Set("ETag", tag(string(body)))
	default:
		text, there := f.objects[key]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", tag(text))
		w.Header().Set("Last-Modified", time.Unix(1e9, 0).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		if r.Method == http.MethodGet {
			_, _ = io.Copy(w, bytes.NewReader([]byte(text)))
		}
	}
}

func tag(text string) string { return fmt.Sprintf(`"%x"`, md5.Sum([]byte(text))) }

func (f *fakeBucket) list(w io.Writer) {
	type contents struct {
		Key, ETag, LastModified string
		Size                    int
	}
	result := struct {
		XMLName      xml.Name `xml:"ListBucketResult"`
		EncodingType string
		Contents     []contents
	}{EncodingType: "url"}
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		result.Contents = append(result.Contents, contents{url.QueryEscape(key), tag(f.objects[key]), "2001-09-09T01:46:40.000Z", len(f.objects[key])})
	}
	_ = xml.NewEncoder(w).Encode(result)
}

func (f *fakeBucket) open(t *testing.T) *objectstore.Bucket {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	b, err := objectstore.Open(objectstore.Config{
		Endpoint: server.URL, Region: "us-east-1", Bucket: "bucket", AccessKey: "key", SecretKey: "secret", PathStyle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
