package packages

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// fakePackage is one version of a package, served by a fake registry.
type fakePackage struct {
	name, version string
	manifest      map[string]any // beside name and version
	files         map[string]string
	breakDigest   bool
	onFetch       func() // called when the tarball is asked for, which then never comes
}

// serve starts a registry that has just these packages, for real package
// managers to install from.
func serve(t *testing.T, packages ...fakePackage) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	documents := map[string]map[string]any{}
	tarballs := map[string][]byte{}
	hanging := make(chan struct{})
	t.Cleanup(func() { close(hanging) })
	onFetch := map[string]func(){}
	for _, p := range packages {
		manifest := map[string]any{"name": p.name, "version": p.version}
		for key, value := range p.manifest {
			manifest[key] = value
		}
		tarball := pack(t, manifest, p.files)
		sum := sha512.Sum512(tarball)
		if p.breakDigest {
			sum[0]++
		}
		path := "/tar/" + strings.ReplaceAll(p.name, "/", "+") + "-" + p.version + ".tgz"
		tarballs[path] = tarball
		onFetch[path] = p.onFetch
		entry := map[string]any{}
		for key, value := range manifest {
			entry[key] = value
		}
		if scripts, ok := manifest["scripts"].(map[string]string); ok && scripts["postinstall"] != "" {
			entry["hasInstallScript"] = true
		}
		entry["dist"] = map[string]any{"tarball": server.URL + path, "integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}
		if documents[p.name] == nil {
			documents[p.name] = map[string]any{"name": p.name, "versions": map[string]any{}, "dist-tags": map[string]any{}, "time": map[string]any{}}
		}
		documents[p.name]["versions"].(map[string]any)[p.version] = entry
		documents[p.name]["dist-tags"].(map[string]any)["latest"] = p.version
		documents[p.name]["time"].(map[string]any)[p.version] = "2024-01-02T03:04:05.000Z"
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if data, found := tarballs[r.URL.Path]; found {
			if hook := onFetch[r.URL.Path]; hook != nil {
				hook()
				select {
				case <-hanging:
				case <-r.Context().Done():
				}
				return
			}
			_, _ = w.Write(data)
			return
		}
		name, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
		document := documents[name]
		if err != nil || document == nil {
			http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	})
	return server.URL + "/"
}

func pack(t *testing.T, manifest map[string]any, files map[string]string) []byte {
	t.Helper()
	document, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	add := func(name string, data []byte) {
		header := &tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	add("package.json", document)
	for name, text := range files {
		add(name, []byte(text))
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
