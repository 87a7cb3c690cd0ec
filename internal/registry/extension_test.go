package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// TestExtensionManifest: what an extension says of itself is read, and values
// of other kinds under the same key make no document unreadable.
func TestExtensionManifest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"versions":{
			"1.0.0":{"version":"1.0.0","directus:extension":{"type":"hook","host":"^10.0.0","path":{"app":"x"}}},
			"1.1.0":{"version":"1.1.0","directus:extension":["hook"]},
			"1.2.0":{"version":"1.2.0","directus:extension":{"type":1,"host":null}},
			"1.3.0":{"version":"1.3.0"}}}`)
	}))
	cache := t.TempDir()
	read := func() *Package {
		t.Helper()
		p, err := client(t, server.URL, cache).Package(t.Context(), "directus-extension-x")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	look := func(p *Package) {
		t.Helper()
		for version, want := range map[string]Extension{"1.0.0": {Type: "hook", Host: "^10.0.0"}, "1.1.0": {}, "1.2.0": {}, "1.3.0": {}} {
			if got := p.Versions[version].Extension; got != want {
				t.Errorf("%s says %+v, want %+v", version, got, want)
			}
		}
	}
	look(read())
	server.Close()
	look(read()) // as it was kept
}

func TestExtensionInTheRealRegistry(t *testing.T) {
	cfg, err := LoadConfig("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(cfg, t.TempDir()).Package(t.Context(), "directus-extension-sync")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Versions["3.0.6"].Extension; got != (Extension{Type: "endpoint", Host: "^11.0.0"}) {
		t.Errorf("directus-extension-sync 3.0.6 says %+v", got)
	}
}
