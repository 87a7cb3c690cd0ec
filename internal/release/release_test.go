package release

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/registry"
)

func real(t *testing.T, cache string, env ...string) *registry.Client {
	t.Helper()
	cfg, err := registry.LoadConfig("", append(os.Environ(), env...))
	if err != nil {
		t.Fatal(err)
	}
	return registry.New(cfg, cache)
}

func TestListOfTheRealRegistry(t *testing.T) {
	cache := t.TempDir()
	releases, stale, err := List(t.Context(), real(t, cache))
	if err != nil || stale != nil {
		t.Fatalf("stale %v, %v", stale, err)
	}
	find := func(version string) Release {
		i := slices.IndexFunc(releases, func(r Release) bool { return r.Version == version })
		if i < 0 {
			t.Fatalf("%s is not listed", version)
		}
		r := releases[i]
		if r.Date.IsZero() {
			t.Errorf("%s has no date", version)
		}
		r.Date = time.Time{}
		return r
	}
	want := []Release{
		{Version: "12.4.0", Node: ">=22", Major: 12, License: "SEE LICENSE IN license"},
		{Version: "10.13.4", Node: ">=18.0.0", Major: 10, License: "BUSL-1.1"},
		{Version: "9.0.0-rc.99", Node: ">=12.20.0", Major: 9, Prerelease: true, License: "GPL-3.0-only"},
	}
	for _, w := range want {
		if diff := cmp.Diff(w, find(w.Version)); diff != "" {
			t.Error(diff)
		}
	}
	if releases[0].Prerelease || releases[0].Major < 12 || releases[len(releases)-1].Version != "9.0.0-rc.28" {
		t.Errorf("order: %s … %s", releases[0].Version, releases[len(releases)-1].Version)
	}
}

func TestInstallableInTheRealRegistry(t *testing.T) {
	client := real(t, t.TempDir())
	for _, version := range []string{"12.4.0", "11.17.4", "10.13.4"} {
		if err := Installable(t.Context(), client, version, progress.Discard); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
	// 12.4.1 pins an app that not every registry has: what must come out
	// hangs on what this one says.
	app, err := client.Package(t.Context(), "@directus/app")
	if err != nil {
		t.Fatal(err)
	}
	err = Installable(t.Context(), client, "12.4.1", progress.Discard)
	var missing *MissingError
	if _, found := app.Versions["18.0.1"]; found {
		if err != nil {
			t.Errorf("12.4.1: %v", err)
		}
	} else {
		want := &MissingError{Package: "@directus/app", Wanted: "18.0.1", NeededBy: "@directus/api 39.2.1"}
		if !errors.As(err, &missing) || *missing != *want || !strings.Contains(fault.HintOf(err), "12.4.0") {
			t.Errorf("12.4.1: %v, hint %q; want %v", err, fault.HintOf(err), want)
		}
	}
	err = Installable(t.Context(), client, "10.13.999", progress.Discard)
	if !errors.As(err, &missing) || missing.Package != "directus" || !strings.Contains(fault.HintOf(err), "10.13.4") {
		t.Errorf("a version that was never released: %v, hint %q", err, fault.HintOf(err))
	}
}

// serve is a registry with these packages: "name@version" to dependencies.
func serve(t *testing.T, packages map[string]string) *httptest.Server {
	t.Helper()
	versions := map[string][]string{}
	for key, dependencies := range packages {
		at := strings.LastIndex(key, "@")
		name, version := key[:at], key[at+1:]
		versions[name] = append(versions[name], fmt.Sprintf(`%q:{"version":%q,%s"dist":{}}`, version, version, dependencies))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := versions[strings.TrimPrefix(r.URL.Path, "/")]
		if found == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprintf(w, `{"versions":{%s}}`, strings.Join(found, ","))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestMissingPackageIsNamed(t *testing.T) {
	server := serve(t, map[string]string{
		"directus@12.4.1":       `"dependencies":{"@directus/api":"39.2.1","left-pad":"^9"},`,
		"directus@12.4.0":       `"dependencies":{"@directus/api":"39.2.0"},`,
		"directus@12.3.0":       `"dependencies":{"@directus/api":"workspace:^","@directus/alias":"npm:@directus/app@~18.0.0"},`,
		"@directus/api@39.2.1":  `"dependencies":{"@directus/app":"18.0.1"},`,
		"@directus/api@39.2.0":  `"dependencies":{"@directus/app":"18.0.0"},"peerDependencies":{"@directus/gone":"1","@directus/opt":"1"},"peerDependenciesMeta":{"@directus/opt":{"optional":true}},`,
		"@directus/api@40.0.0":  `"dependencies":{"@directus/app":"^18.0.0","@directus/x":"git+https://x/y"},"optionalDependencies":{"@directus/none":"1"},`,
		"@directus/app@18.0.0":  `"dependencies":{"@directus/api":"40.0.0"},`,
		"@directus/loop@18.0.0": ``,
	})
	client := real(t, t.TempDir(), "npm_config_registry="+server.URL)
	err := Installable(t.Context(), client, "12.4.1", progress.Discard)
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&MissingError{Package: "@directus/app", Wanted: "18.0.1", NeededBy: "@directus/api 39.2.1"}, missing); diff != "" {
		t.Error(diff)
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, "12.3.0") {
		t.Errorf("hint is %q, want 12.3.0: 12.4.0 lacks a peer", hint)
	}
	// The registry goes away: what it said is still the answer, and says so.
	cache := t.TempDir()
	if err := Installable(t.Context(), real(t, cache, "npm_config_registry="+server.URL), "12.3.0", progress.Discard); err != nil {
		t.Fatal(err)
	}
	server.Close()
	offline := real(t, cache, "npm_config_registry="+server.URL)
	if err := Installable(t.Context(), offline, "12.3.0", progress.Discard); err != nil {
		t.Errorf("offline: %v", err)
	}
	releases, stale, err := List(t.Context(), offline)
	if err != nil || stale == nil || len(releases) != 3 {
		t.Errorf("offline: %d releases, stale %v, %v", len(releases), stale, err)
	}
}
