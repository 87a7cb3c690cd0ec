package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/testbed"
)

// releases is a registry with a release of today, one that is known to be bad,
// one that is both, and good ones; and with an extension.
func releases(t *testing.T) *httptest.Server {
	t.Helper()
	now := time.Now().UTC()
	dates := map[string]time.Time{
		"10.13.4": now.AddDate(-2, 0, 0), "11.6.0": now.AddDate(-1, 0, 0), "11.13.3": now.Add(-time.Hour),
		"11.17.4": now.AddDate(0, -6, 0), "11.18.0": now.Add(-50 * time.Hour),
	}
	var versions, times []string
	for version, date := range dates {
		versions = append(versions, fmt.Sprintf(`%q:{"version":%q,"engines":{"node":">=22","npm":">=10"}}`, version, version))
		times = append(times, fmt.Sprintf(`%q:%q`, version, date.Format(time.RFC3339)))
	}
	documents := map[string]string{
		"/directus":                 `{"versions":{` + strings.Join(versions, ",") + `},"time":{` + strings.Join(times, ",") + `}}`,
		"/directus-extension-clock": `{"versions":{"1.0.0":{"version":"1.0.0","directus:extension":{"host":"^10.0.0"}},"2.1.0":{"version":"2.1.0","directus:extension":{"host":"^11.0.0"}}}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if document, ok := documents[r.URL.Path]; ok {
			_, _ = fmt.Fprint(w, document)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// calls runs the program on a project.
type calls struct {
	*testbed.Project
	t       *testing.T
	program string
	env     []string
}

func (c calls) run(want fault.Code, args ...string) (stdout, stderr string) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), c.program, append(args, "--project", c.Root)...)
	cmd.Env = append(slices.Clone(c.Environ()), c.env...)
	stdout, stderr, code := execute(c.t, cmd)
	if code != int(want) {
		c.t.Fatalf("%s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout, stderr
}

func (c calls) says(text string, wanted ...string) {
	c.t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			c.t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestYoungAndBadReleases: neither is recommended, a young one needs its own
// flag (VC2), a bad one an override, and before that nothing is changed.
func TestYoungAndBadReleases(t *testing.T) {
	t.Parallel()
	server := releases(t)
	c := calls{testbed.Apart(t), t, install(t), []string{"npm_config_registry=" + server.URL}}
	before := c.Fingerprint()

	text, _ := c.run(fault.Done, "versions", "--json")
	var list struct {
		Reason   string
		Versions []struct {
			Version, NPM, Engine string
			KnownBad             string `json:"known_bad"`
			Recommended, Young   bool
			Findings             *struct{ Blockers, Warnings int }
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range list.Versions {
		got[v.Version] = fmt.Sprintf("recommended %v, young %v, bad %v, counted %v", v.Recommended, v.Young, v.KnownBad != "", v.Findings != nil)
		if v.Engine != ">=22" || v.NPM != ">=10" {
			t.Errorf("%s: engines %q, %q", v.Version, v.Engine, v.NPM)
		}
	}
	for version, want := range map[string]string{
		"11.18.0": "recommended false, young true, bad false, counted true",
		"11.17.4": "recommended true, young false, bad false, counted true",
		"11.13.3": "recommended false, young true, bad true, counted true",
		"11.6.0":  "recommended false, young false, bad true, counted true",
		"10.13.4": "recommended false, young false, bad false, counted false",
	} {
		if got[version] != want {
			t.Errorf("%s: %s, want %s", version, got[version], want)
		}
	}
	if !strings.Contains(list.Reason, "11.18.0 is passed over: it came out 2 days ago") {
		t.Errorf("the reason is %q", list.Reason)
	}
	for _, v := range list.Versions {
		if v.KnownBad != "" && v.Findings != nil && v.Findings.Blockers == 0 {
			t.Errorf("%s has no blocker", v.Version)
		}
	}
	text, _ = c.run(fault.Done, "versions")
	c.says(text, "it came out 2 days ago", "known to be bad: permissions", "BLOCKERS")

	for _, args := range [][]string{{"--to", "11.18.0", "--yes"}, {"--to", "latest", "--yes"}} {
		out, why := c.run(fault.Unanswered, append([]string{"upgrade"}, args...)...)
		c.says(out+why, "11.18.0", "2 days ago", "--allow-young")
	}
	out, why := c.run(fault.Unanswered, "upgrade", "--to", "11.13.3", "--yes", "--override", "known-bad-release")
	c.says(out+why, "--allow-young")
	out, why = c.run(fault.Blocked, "upgrade", "--to", "11.13.3", "--yes", "--allow-young")
	c.says(out+why, "known-bad-release", "--override ID")
	c.Write("bunnyhop.yaml", "minimum_release_age: 0\n")
	c.run(fault.Blocked, "upgrade", "--to", "11.13.3", "--yes")
	c.Write("bunnyhop.yaml", "minimum_release_age: 400\n")
	out, why = c.run(fault.Unanswered, "upgrade", "--to", "11.17.4", "--yes")
	c.says(out+why, "--allow-young")
	c.Write("bunnyhop.yaml", "")

	text, _ = c.run(fault.Blocked, "check", "--to", "11.13.3")
	c.says(text, "BLOCKER known-bad-release", "NOTE young-release", "it came out today")
	if diff := before.Diff(c.Fingerprint(), nil); len(diff) > 0 {
		t.Errorf("the database changed: %v", diff)
	}
}

// TestCheckOfExtensions: what each is, whether it fits, the newest in the
// registry that does, and what of it is taken away; and without the registry,
// that this cannot be told.
func TestCheckOfExtensions(t *testing.T) {
	t.Parallel()
	server := releases(t)
	c := calls{testbed.Apart(t), t, install(t), []string{"npm_config_registry=" + server.URL}}
	c.Write("extensions/clock/package.json", `{"name":"directus-extension-clock","version":"1.0.0","directus:extension":{"type":"bundle","path":{"app":"a.js","api":"b.js"},"host":"^10.0.0","entries":[{"type":"hook","name":"tick","source":"x"},{"type":"panel","name":"face","source":"y"}]}}`)
	c.Write("extensions/clock/b.js", `export default [({ action }) => action("items.create", (m, { accountability }) => accountability.permissions.length)]`)
	c.Exec(`INSERT INTO directus_extensions (enabled, id, folder, source) VALUES (0, '6f7a9c5e-0000-4000-8000-000000000001', 'clock', 'local')`)
	clock := func() (found map[string]any) {
		t.Helper()
		text, _ := c.run(fault.Done, "check", "--to", "11.17.4", "--json")
		var document struct {
			Extensions []map[string]any
			Migrations []struct {
				ID       string
				Estimate struct{ Seconds float64 }
			}
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		for _, m := range document.Migrations {
			if m.Estimate.Seconds <= 0 {
				t.Errorf("migration %s has no estimate", m.ID)
			}
		}
		for _, e := range document.Extensions {
			if e["name"] == "directus-extension-clock" {
				return e
			}
		}
		t.Fatalf("it is not among %v", document.Extensions)
		return nil
	}
	e := clock()
	if e["type"] != "bundle" || e["source"] != "local" || e["fits"] != "no" || e["off"] != true || e["newest"] != "2.1.0" || e["newest_host"] != "^11.0.0" ||
		fmt.Sprint(e["entries"]) != "[hook tick panel face]" || !strings.Contains(fmt.Sprint(e["uses"]), "11.0-access-code") {
		t.Errorf("it is %v", e)
	}
	text, _ := c.run(fault.Done, "check", "--to", "11.17.4")
	c.says(text, "2 extensions:", "bundle · 1.0.0 · in a folder · with hook tick, panel face · switched off",
		"made for ^10.0.0, which does not take 11.17.4", "newest that fits: 2.1.0, made for ^11.0.0", "migrations will run (at most about")
	text, _ = c.run(fault.Done, "check", "--to", "11.17.4", "--markdown")
	c.says(text, "## Extensions", "### directus-extension-clock")

	server.Close()
	e = clock() // of what the registry said last
	if e["newest"] != "2.1.0" || !strings.Contains(fmt.Sprint(e["newest_why"]), "does not answer") {
		t.Errorf("as last seen: %v, %v", e["newest"], e["newest_why"])
	}
}

// TestHalfDoneIsTold by every command that looks at the project.
func TestHalfDoneIsTold(t *testing.T) {
	t.Parallel()
	server := releases(t)
	c := calls{testbed.Apart(t), t, install(t), []string{"npm_config_registry=" + server.URL}}

	text, _ := c.run(fault.Done, "check", "--to", "10.13.4")
	c.says(text, "Directus 10.13.4 is installed: there is nothing to cross.", "0 blockers")
	text, _ = c.run(fault.Done, "check", "--to", "10.13.4", "--json")
	c.says(text, `"nothing_to_cross": true`, `"from": "10.13.4"`, `"to": "10.13.4"`)
	text, _ = c.run(fault.Done, "check", "--to", "10.13.4", "--markdown")
	c.says(text, "# newsroom: Directus 10.13.4\n", "nothing to cross")
	text, _ = c.run(fault.Done, "status", "--json")
	if strings.Contains(text, "half_done") {
		t.Errorf("a whole database is told half-done:\n%s", text)
	}

	c.Exec("INSERT INTO directus_migrations (version, name) VALUES ('20240909B', 'Consolidate Content Versioning')")
	const what = "20240909B-consolidate-content-versioning is recorded, but nothing that it makes is there"
	for _, args := range [][]string{{"status"}, {"versions"}} {
		text, _ = c.run(fault.Done, args...)
		c.says(text, what, "way out: no backup from before it")
		text, _ = c.run(fault.Done, append(args, "--json")...)
		c.says(text, `"migration": "20240909B-consolidate-content-versioning"`, `"way_out"`)
	}
	text, why := c.run(fault.Blocked, "check", "--to", "10.13.4")
	c.says(text, "nothing to cross. But its database is not whole", what)
	c.says(why, "mended first")
	text, _ = c.run(fault.Blocked, "check", "--to", "11.17.4", "--json")
	c.says(text, `"half_done"`, `"recorded": true`)
}
