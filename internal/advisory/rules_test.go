package advisory_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

// config is a project's configuration.
type config map[string]string

func (c config) Lookup(key string) (string, bool) {
	value, ok := c[key]
	return value, ok
}

// quiet is a configuration that no rule has anything against.
func quiet(more ...string) config {
	c := config{"SECRET": strings.Repeat("s", 32), "IP_TRUST_PROXY": "true", "PUBLIC_URL": "https://news.example.com"}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			delete(c, more[i])
		} else {
			c[more[i]] = more[i+1]
		}
	}
	return c
}

// project is the input for a real database, with changes.
func project(t *testing.T, from, to, version string, c config, changes ...string) advisory.Input {
	t.Helper()
	db := fixture.Open(t, version).Exec(t, changes...)
	usage, err := directus.ReadUsage(t.Context(), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := directus.Recorded(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := advisory.PendingFor(to, nil, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return advisory.Input{From: from, To: to, Vendor: "sqlite", DB: db, Usage: usage, Config: c, Pending: pending}
}

func check(t *testing.T, in advisory.Input) map[string]advisory.Finding {
	t.Helper()
	findings, err := advisory.Check(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]advisory.Finding{}
	for _, f := range findings {
		byID[f.ID] = f
	}
	return byID
}

func list(n int) []string {
	var names []string
	for i := range n {
		names = append(names, string(rune('a'+i)))
	}
	return names
}

func TestEachRuleBothWays(t *testing.T) {
	t.Parallel()
	extensions := t.TempDir()
	for _, name := range []string{"migrations/20300101A-x.js", "templates/welcome.liquid"} {
		path := filepath.Join(extensions, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := func(in advisory.Input) advisory.Input { return in }
	type change func(advisory.Input) advisory.Input
	with := func(f func(*advisory.Input)) change {
		return func(in advisory.Input) advisory.Input { f(&in); return in }
	}
	// Each case starts from a real 10.13.4 database going to 12.4.0, unless it
	// names another jump, and says which rule it is about.
	type situation struct {
		rule, name string
		hit        bool
		from, to   string
		version    string
		config     config
		sql        []string
		change     change
		evidence   string // part of the evidence
	}
	uses := func(f func(*directus.Usage)) change { return with(func(in *advisory.Input) { f(&in.Usage) }) }
	extension := func(e directus.Extension) change {
		return with(func(in *advisory.Input) { in.Extensions = []directus.Extension{e} })
	}
	orphan := "PRAGMA foreign_keys = OFF; UPDATE directus_users SET role = 'gone' WHERE email = 'u0@example.com'"
	cases := []situation{
		{rule: "downgrade", name: "lower", hit: true, from: "11.17.4", to: "11.17.3", version: "11.17.4", evidence: "11.17.4 is installed, the target is 11.17.3"},
		{rule: "downgrade", name: "the same", from: "11.17.4", to: "11.17.4", version: "11.17.4"},
		{rule: "downgrade", name: "higher"},
		{rule: "newer-database", name: "yes", hit: true, change: with(func(in *advisory.Input) {
			in.Newer = &directus.Newer{Installed: "10.13.4", Tables: []string{"directus_policies"}}
		}), evidence: "directus_policies"},
		{rule: "newer-database", name: "no"},
		{rule: "migration-collision", name: "yes", hit: true, change: with(func(in *advisory.Input) { in.Collisions = []string{"1A: x, y (custom)"} }), evidence: "1A: x"},
		{rule: "migration-collision", name: "no"},
		{rule: "migration-between", name: "yes", hit: true, change: with(func(in *advisory.Input) {
			in.Pending = append([]directus.Migration{{ID: "20240801Z", Title: "Mine", Custom: true}}, in.Pending...)
		}), evidence: "20240801Z (Mine)"},
		{rule: "migration-between", name: "after all", change: with(func(in *advisory.Input) {
			in.Pending = append(slices.Clone(in.Pending), directus.Migration{ID: "20300101A", Custom: true})
		})},
		{rule: "not-transactional", name: "yes", hit: true, evidence: "29 migrations will run"},
		{rule: "not-transactional", name: "nothing pending", from: "12.4.0", to: "12.4.1", version: "12.4.0"},
		{rule: "external-storage", name: "yes", hit: true, change: with(func(in *advisory.Input) { in.ExternalStorage = []string{"s3"} }), evidence: "s3"},
		{rule: "external-storage", name: "no"},
		{rule: "secret-missing", name: "yes", hit: true, config: quiet("SECRET", "")},
		{rule: "secret-missing", name: "no"},
		{rule: "node", name: "another major", hit: true, change: with(func(in *advisory.Input) { in.NodeMajors, in.NodeFound = []int{22}, "v20.20.2" }), evidence: "in use is Node 20.20.2"},
		{rule: "node", name: "none", hit: true, change: with(func(in *advisory.Input) { in.NodeMajors = []int{22} }), evidence: "no Node was found"},
		{rule: "node", name: "fits", change: with(func(in *advisory.Input) { in.NodeMajors, in.NodeFound = []int{20, 22}, "v22.1.0" })},
		{rule: "extensions", name: "one", hit: true, change: extension(directus.Extension{Name: "x", Version: "1.0.0", Type: "hook", Host: "*", Source: directus.Local, Sandboxed: true}), evidence: "x · 1.0.0 · hook · local · made for * · sandboxed"},
		{rule: "extensions", name: "none"},
		{rule: "extension-risk", name: "host range", hit: true, change: extension(directus.Extension{Name: "x", Type: "hook", Host: "^10.10.0"}), evidence: "outside of the range"},
		{rule: "extension-risk", name: "theme before 12", hit: true, from: "11.17.4", version: "11.17.4", change: extension(directus.Extension{Name: "x", Type: "theme", Host: "*"}), evidence: "from 12 on"},
		{rule: "extension-risk", name: "module before 11", hit: true, to: "11.17.4", change: extension(directus.Extension{Name: "x", Type: "bundle", Entries: []string{"module m"}}), evidence: "from 11 on"},
		{rule: "extension-risk", name: "problem", hit: true, change: extension(directus.Extension{Name: "x", Problem: "is broken"}), evidence: "is broken"},
		{rule: "extension-risk", name: "fine", change: extension(directus.Extension{Name: "x", Type: "hook", Host: ">=10.0.0"})},
		{rule: "bad-foreign-keys", name: "an orphan", hit: true, sql: []string{orphan}, evidence: "directus_users points to missing rows of directus_roles (1 row)"},
		{rule: "bad-foreign-keys", name: "another vendor", sql: []string{orphan}, change: with(func(in *advisory.Input) { in.Vendor = "other" })},
		{rule: "bad-foreign-keys", name: "none"},
		{rule: "bad-shares", name: "null", hit: true, sql: []string{"CREATE TABLE s AS SELECT * FROM directus_shares; DROP TABLE directus_shares; ALTER TABLE s RENAME TO directus_shares; UPDATE directus_shares SET item = NULL", "DELETE FROM directus_migrations WHERE version = '20230721A'"}, evidence: "has no collection or no item"},
		{rule: "bad-shares", name: "good rows", sql: []string{"DELETE FROM directus_migrations WHERE version = '20230721A'"}},
		{rule: "bad-shares", name: "already required"},
		{rule: "null-icons", name: "null", hit: true, sql: []string{"CREATE TABLE s AS SELECT * FROM directus_dashboards; DROP TABLE directus_dashboards; ALTER TABLE s RENAME TO directus_dashboards; UPDATE directus_dashboards SET icon = NULL"}, evidence: "has no icon"},
		{rule: "null-icons", name: "good rows"},

		{rule: "10.0-licence-text", name: "crossed", hit: true, from: "9.26.0", evidence: "BUSL-1.1"},
		{rule: "10.0-licence-text", name: "not crossed"},
		{rule: "10.4-redis", name: "old keys", hit: true, from: "10.3.0", config: quiet("CACHE_REDIS_HOST", "a", "RATE_LIMITER_REDIS", "redis://b"), evidence: "different servers"},
		{rule: "10.4-redis", name: "new keys too", from: "10.3.0", config: quiet("CACHE_REDIS", "redis://a", "REDIS", "redis://a")},
		{rule: "10.4-redis", name: "not crossed", config: quiet("CACHE_REDIS", "redis://a")},
		{rule: "10.4-memcached", name: "yes", hit: true, from: "10.3.0", config: quiet("CACHE_STORE", "memcache"), evidence: "CACHE_STORE=memcache"},
		{rule: "10.4-memcached", name: "no", from: "10.3.0", config: quiet("CACHE_STORE", "redis")},
		{rule: "10.10-extension-folders", name: "yes", hit: true, from: "10.9.0", change: extension(directus.Extension{Name: "old", Folder: "hooks/old", Path: "/x/hooks/old", Source: directus.Local}), evidence: "/x/hooks/old"},
		{rule: "10.10-extension-folders", name: "a scoped package", from: "10.9.0", change: extension(directus.Extension{Name: "x", Folder: "@me/x", Source: directus.Module})},
		{rule: "10.10-migrations-folder", name: "yes", hit: true, from: "10.9.0", change: with(func(in *advisory.Input) { in.ExtensionsPath = extensions }), evidence: "20300101A-x.js"},
		{rule: "10.10-migrations-folder", name: "set already", from: "10.9.0", config: quiet("MIGRATIONS_PATH", "x"), change: with(func(in *advisory.Input) { in.ExtensionsPath = extensions })},
		{rule: "10.10-migrations-folder", name: "no folder", from: "10.9.0", change: with(func(in *advisory.Input) { in.ExtensionsPath = t.TempDir() })},
		{rule: "10.10-templates-folder", name: "yes", hit: true, from: "10.9.0", change: with(func(in *advisory.Input) { in.ExtensionsPath = extensions }), evidence: "welcome.liquid"},
		{rule: "10.10-templates-folder", name: "not crossed", change: with(func(in *advisory.Input) { in.ExtensionsPath = extensions })},

		{rule: "11.0-policies", name: "crossed", hit: true, evidence: "3 roles turned into policies"},
		{rule: "11.0-policies", name: "not crossed", from: "11.0.0", version: "11.17.4"},
		{rule: "11.1-sendgrid", name: "yes", hit: true, config: quiet("EMAIL_TRANSPORT", "SendGrid")},
		{rule: "11.1-sendgrid", name: "no", config: quiet("EMAIL_TRANSPORT", "smtp")},
		{rule: "11.14-webhooks", name: "rows", hit: true, evidence: "w"},
		{rule: "11.14-webhooks", name: "empty", sql: []string{"DELETE FROM directus_webhooks"}},
		{rule: "11.14-webhooks", name: "no table", from: "11.14.0", version: "12.4.0"},

		{rule: "12.0-custom-permissions", name: "yes", hit: true, evidence: "5 in use"},
		{rule: "12.0-custom-permissions", name: "on 11", hit: true, from: "11.17.4", version: "11.17.4", evidence: "Editor · authors: update (fields name"},
		{rule: "12.0-custom-permissions", name: "licensed", config: quiet("LICENSE_KEY", "x")},
		{rule: "12.0-custom-permissions", name: "plain only", sql: []string{"DELETE FROM directus_permissions WHERE fields <> '*' OR permissions <> '{}' OR validation <> '{}' OR presets <> '{}'"}},
		{rule: "12.0-custom-permissions", name: "not crossed", to: "11.17.4"},
		{rule: "12.0-collections", name: "26", hit: true, change: uses(func(u *directus.Usage) { u.Collections = list(26) }), evidence: "26 in use, 25 allowed"},
		{rule: "12.0-collections", name: "25", change: uses(func(u *directus.Usage) { u.Collections = list(25) })},
		{rule: "12.0-seats", name: "4", hit: true, sql: []string{"UPDATE directus_roles SET app_access = 1"}, evidence: "4 in use, 3 allowed"},
		{rule: "12.0-seats", name: "3"},
		{rule: "12.0-flows", name: "6", hit: true, sql: []string{"UPDATE directus_flows SET status = 'active'"}, evidence: "6 in use, 5 allowed"},
		{rule: "12.0-flows", name: "4"},
		{rule: "12.0-sso", name: "users", hit: true, evidence: "u3@example.com (google)"},
		{rule: "12.0-sso", name: "providers only", hit: true, sql: []string{"UPDATE directus_users SET provider = 'default'"}, config: quiet("AUTH_PROVIDERS", "keycloak"), evidence: "AUTH_PROVIDERS names keycloak"},
		{rule: "12.0-sso", name: "none", sql: []string{"UPDATE directus_users SET provider = 'default'"}},
		{rule: "12.0-sso", name: "licensed", config: quiet("LICENSE_TOKEN", "x")},
		{rule: "12.0-custom-llm", name: "yes", hit: true, change: uses(func(u *directus.Usage) { u.CustomLLM = true })},
		{rule: "12.0-custom-llm", name: "no"},
		{rule: "12.0-licence-settings", name: "both", hit: true, config: quiet("LICENSE_KEY", "x", "LICENSE_TOKEN", "y"), evidence: "both set"},
		{rule: "12.0-licence-settings", name: "no address", hit: true, config: quiet("LICENSE_KEY", "x", "PUBLIC_URL", "/"), evidence: "PUBLIC_URL"},
		{rule: "12.0-licence-settings", name: "right", config: quiet("LICENSE_KEY", "x")},
		{rule: "12.0-licence-settings", name: "no licence", config: quiet("PUBLIC_URL", "/")},
		{rule: "12.0-licence-binding", name: "licensed", hit: true, config: quiet("LICENSE_KEY", "x"), evidence: "4 collections, 3 users"},
		{rule: "12.0-licence-binding", name: "no licence"},
		{rule: "12.0-trust-proxy", name: "address limits", hit: true, config: quiet("IP_TRUST_PROXY", ""), evidence: "role Editor is limited to 10.0.0.0/8,127.0.0.1"},
		{rule: "12.0-trust-proxy", name: "rate limits", hit: true, sql: []string{"UPDATE directus_roles SET ip_access = NULL"}, config: quiet("IP_TRUST_PROXY", "", "RATE_LIMITER_ENABLED", "true"), evidence: "RATE_LIMITER_ENABLED=true"},
		{rule: "12.0-trust-proxy", name: "set"},
		{rule: "12.0-trust-proxy", name: "nothing depends on it", sql: []string{"UPDATE directus_roles SET ip_access = NULL"}, config: quiet("IP_TRUST_PROXY", "", "PUBLIC_URL", "/")},
		{rule: "12.0-health", name: "a probe", hit: true, change: with(func(in *advisory.Input) {
			in.Files = map[string]string{"compose.yaml": "a\n  test: wget http://localhost:8055/server/health\n"}
		}), evidence: "compose.yaml line 2"},
		{rule: "12.0-health", name: "ping", change: with(func(in *advisory.Input) { in.Files = map[string]string{"x": "/server/ping"} })},
		{rule: "12.0-licence-text", name: "crossed", hit: true, evidence: "MSCL-1.0-GPL"},
		{rule: "12.0-licence-text", name: "not crossed", to: "11.17.4"},
		{rule: "12.0-short-secret", name: "short", hit: true, config: quiet("SECRET", "short"), evidence: "5 bytes"},
		{rule: "12.0-short-secret", name: "long"},
	}
	tried := map[string]map[bool]bool{}
	for _, c := range cases {
		in := project(t, or(c.from, "10.13.4"), or(c.to, "12.4.0"), or(c.version, "10.13.4"), quiet(), c.sql...)
		if c.config != nil {
			in.Config = c.config
		}
		if c.change == nil {
			c.change = plain
		}
		finding, hit := check(t, c.change(in))[c.rule]
		if hit != c.hit {
			t.Errorf("%s, %s: hit %v, want %v (%v)", c.rule, c.name, hit, c.hit, finding.Evidence)
		}
		if evidence := strings.Join(finding.Evidence, "\n"); !says(evidence, c.evidence) {
			t.Errorf("%s, %s: evidence %q lacks %q", c.rule, c.name, evidence, c.evidence)
		}
		if tried[c.rule] == nil {
			tried[c.rule] = map[bool]bool{}
		}
		tried[c.rule][c.hit] = true
	}
	for _, c := range allTrials() {
		if tried[c.rule] == nil {
			tried[c.rule] = map[bool]bool{}
		}
		tried[c.rule][c.want != advisory.DoesNotApply] = true
	}
	for _, rule := range advisory.Rules() {
		if len(rule.Vendors) > 0 {
			continue // tried on servers
		}
		// What lies outside of a project can never be told not to apply.
		if !tried[rule.ID][true] || !tried[rule.ID][false] && rule.Unaffected != "" {
			t.Errorf("%s was not tried both ways", rule.ID)
		}
	}
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range advisory.Rules() {
		if r.ID == "" || r.Title == "" || r.Remedy == "" || r.Source == "" || r.Detect == nil {
			t.Errorf("%q is not whole", r.ID)
		}
		if !slices.Contains(advisory.Areas(), r.Area) || r.Affects == "" || r.Unaffected == "" && r.Look == "" {
			t.Errorf("%s does not say what it is about, whom it affects, or why it does not apply", r.ID)
		}
		if !strings.HasSuffix(r.Affects, ".") || strings.HasSuffix(r.Unaffected, ".") || strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s: who is affected is a sentence, the rest are lines without a full stop", r.ID)
		}
		if r.Look != "" && !strings.HasPrefix(r.Look, "look whether ") {
			t.Errorf("%s: what to look at begins with \"look whether\"", r.ID)
		}
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Version != "" {
			if _, err := semver.StrictNewVersion(r.Version); err != nil {
				t.Errorf("%s: %v", r.ID, err)
			}
		}
		if r.NeverOverridable && r.Severity != advisory.Blocker {
			t.Errorf("%s cannot be overridden, but blocks nothing", r.ID)
		}
		if strings.HasSuffix(r.Title, ".") {
			t.Errorf("%s: a title ends without a full stop", r.ID)
		}
	}
}

func TestCheckKeepsWhatTheRuleSays(t *testing.T) {
	t.Parallel()
	f := check(t, project(t, "10.13.4", "12.4.0", "10.13.4", quiet()))["12.0-custom-permissions"]
	if f.Severity != advisory.Blocker || f.Version != "12.0.0" || !f.LosesFunction || f.NeverOverridable || f.Remedy == "" {
		t.Errorf("%+v", f)
	}
}

// A jump that crosses nothing finds nothing but what holds for any jump.
func TestSmallJump(t *testing.T) {
	t.Parallel()
	if got := check(t, project(t, "11.17.3", "11.17.4", "11.17.4", quiet())); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestCheckRefusesWhatIsNoVersion(t *testing.T) {
	t.Parallel()
	for _, in := range []advisory.Input{{From: "", To: "12.4.0"}, {From: "10.13.4", To: "latest"}, {From: "10.13.4", To: "v12.4.0"}, {From: "10.13.4", To: "12"}} {
		if _, err := advisory.Check(t.Context(), in); err == nil {
			t.Errorf("%s to %s passed", in.From, in.To)
		}
	}
}

func TestARuleThatCannotBeToldIsAnError(t *testing.T) {
	t.Parallel()
	in := project(t, "10.13.4", "12.4.0", "10.13.4", quiet())
	in.DB.(*fixture.DB).Exec(t, "DROP TABLE directus_roles")
	if _, err := advisory.Check(t.Context(), in); err == nil || !strings.Contains(err.Error(), "11.0-policies") {
		t.Errorf("%v", err)
	}
}

func TestPendingFor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"10.13.4": 0, "11.17.4": 21, "12.4.0": 29, "12.4.1": 29} {
		in := project(t, "10.13.4", version, "10.13.4", quiet())
		if len(in.Pending) != want {
			t.Errorf("to %s: %d pending, want %d", version, len(in.Pending), want)
		}
	}
	if _, err := advisory.PendingFor("latest", nil, nil); err == nil {
		t.Error("latest is no version")
	}
}
