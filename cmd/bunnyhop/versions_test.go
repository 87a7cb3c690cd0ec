package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A registry with three versions, whose newest needs a package that is not
// there.
func newRegistry(t *testing.T) *httptest.Server {
	t.Helper()
	documents := map[string]string{
		"/directus": `{"name":"directus","dist-tags":{"latest":"12.4.1"},
			"time":{"10.13.4":"2024-08-01T00:00:00Z","11.17.4":"2026-05-07T00:00:00Z","12.4.1":"2026-09-26T00:00:00Z"},
			"versions":{
			"10.13.4":{"name":"directus","version":"10.13.4","dependencies":{}},
			"11.17.4":{"name":"directus","version":"11.17.4","engines":{"node":">=22"},"dependencies":{}},
			"12.4.1":{"name":"directus","version":"12.4.1","engines":{"node":">=22"},"dependencies":{"@directus/app":"18.0.1"}}}}`,
		"/@directus/app": `{"name":"@directus/app","dist-tags":{"latest":"18.0.0"},"time":{},"versions":{"18.0.0":{"name":"@directus/app","version":"18.0.0"}}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, ok := documents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(document))
	}))
	t.Cleanup(server.Close)
	return server
}

type versionsOutput struct {
	Stale    *string
	Versions []struct {
		Version, Installable, Note string
		Recommended, Current       bool
	}
}

// bunnyhop runs the program in a folder and returns what it printed.
func bunnyhop(t *testing.T, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bunnyhop", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestVersionsOfARegistryAndWithoutIt(t *testing.T) {
	_, o := newProject(t)
	server := newRegistry(t)
	env := []string{"npm_config_registry=" + server.URL, "HOME=" + filepath.Dir(o.Root)}

	read := func() versionsOutput {
		t.Helper()
		out, errs, code := bunnyhop(t, o.Root, env, "versions", "--json")
		if code != 0 {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		var got versionsOutput
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := read()
	if got.Stale != nil || len(got.Versions) != 3 {
		t.Fatalf("got %+v", got)
	}
	newest := got.Versions[0]
	if newest.Version != "12.4.1" || newest.Installable != "no" || !strings.Contains(newest.Note, "@directus/app 18.0.1") {
		t.Errorf("newest: %+v", newest)
	}
	if middle := got.Versions[1]; middle.Version != "11.17.4" || middle.Installable != "yes" {
		t.Errorf("middle: %+v", middle)
	}
	if last := got.Versions[2]; !last.Current {
		t.Errorf("installed: %+v", last)
	}

	server.Close()
	if got = read(); got.Stale == nil || len(got.Versions) != 3 {
		t.Errorf("without the registry: %+v", got)
	}
	out, _, _ := bunnyhop(t, o.Root, env, "versions")
	if !strings.HasPrefix(out, "The registry does not answer; this list is of ") {
		t.Errorf("without the registry:\n%s", out)
	}
}

// TestVersionsNeverAsked shows the list that the program was made with.
func TestVersionsNeverAsked(t *testing.T) {
	_, o := newProject(t)
	out, errs, code := bunnyhop(t, o.Root, []string{"npm_config_registry=http://127.0.0.1:1", "HOME=" + filepath.Dir(o.Root)}, "versions")
	if code != 0 || !strings.HasPrefix(out, "The registry does not answer; this list is of ") || !strings.Contains(out, "11.17.4") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}
