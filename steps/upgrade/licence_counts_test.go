package upgrade_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
	"bunnyhop/internal/node"
	"bunnyhop/internal/server"
	"bunnyhop/steps/testbed"
)

const (
	fixtureEditor = "9bfd3499-0ddc-4f32-8980-6d7103a5a1a0" // role, and from 11.0 on policy
	fixtureAPI    = "c0ac1e7c-192a-417d-ba3c-d3999a522076"
	fixtureToken  = "licence-test-token"
)

// TestLicenceCounts counts what five databases use, before an upgrade where
// there is one, and asks a real 12.4.0 on the same database for the same.
func TestLicenceCounts(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	const to = "12.4.0"
	tree, runtime := testbed.Install(t, testbed.Apart(t).Root, to)
	plain := "DELETE FROM directus_permissions WHERE fields <> '*' OR permissions <> '{}' OR validation <> '{}' OR presets <> '{}'"
	noSSO := "UPDATE directus_users SET provider = 'default'"
	old := "UPDATE directus_migrations SET timestamp = '2025-01-01 00:00:00' WHERE version = '20201028A'"
	for _, c := range []struct {
		name, version string
		changes       []string
		over          []string // what is over the limits
		custom, llm   bool
	}{
		{name: "plain", version: "10.13.4", changes: []string{plain, noSSO, old}},
		{name: "seats and flows", version: "10.13.4", over: []string{"seats", "flows", "sso_enabled"}, custom: true, changes: []string{
			old, "UPDATE directus_roles SET app_access = 1", "UPDATE directus_flows SET status = 'active'",
		}},
		{name: "everything", version: "11.17.4", over: []string{"seats", "collections", "flows", "sso_enabled"}, custom: true, llm: true, changes: append(
			tables("t", 22),
			"UPDATE directus_roles SET parent = '"+fixtureEditor+"' WHERE id = '"+fixtureAPI+"'",
			"INSERT INTO directus_access (id, user, role, policy) SELECT '00000000-0000-4000-8000-000000000001', id, NULL, '"+fixtureEditor+"' FROM directus_users WHERE email = 'u4@example.com'",
			"UPDATE directus_flows SET status = 'active'",
			"UPDATE directus_settings SET ai_openai_compatible_base_url = 'http://127.0.0.1:1', ai_openai_compatible_models = 'null'",
		)},
		{name: "at the limits", version: "12.4.0", custom: true, changes: append(
			tables("t", 24),
			noSSO,
			"UPDATE directus_collections SET status = 'inactive' WHERE collection IN ('t1', 't2')",
			"CREATE TABLE sysdiagrams (id integer primary key)", "INSERT INTO directus_collections (collection) VALUES ('sysdiagrams')",
			"CREATE VIEW seen AS SELECT * FROM posts", "INSERT INTO directus_collections (collection) VALUES ('seen')",
			"CREATE TABLE unregistered (id integer primary key)",
			"DELETE FROM directus_collections WHERE collection = 't3'",
			"UPDATE directus_flows SET status = 'active' WHERE name = 'Flow 4'",
			"UPDATE directus_settings SET ai_openai_compatible_models = 'null'",
			permission("directus_files", "delete", `{"uploaded_by":{"_eq":"$CURRENT_USER"}}`, "*"),
			permission("directus_files", "update", `{"uploaded_by":{"_eq":"$CURRENT_USER"}}`, "title"),
			permission("directus_folders", "delete", `{}`, ""),
			permission("posts", "share", ``, ""),
			permission("posts", "read", `[]`, "title,*"),
		)},
		{name: "fresh and over", version: "12.4.0", over: []string{"collections", "sso_enabled"}, changes: append(
			tables("t", 22), plain,
			"UPDATE directus_migrations SET timestamp = (SELECT timestamp FROM directus_migrations WHERE version = '20260507A')",
		)},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := fixture.Open(t, c.version).Exec(t, c.changes...)
			db.Exec(t, "UPDATE directus_users SET token = '"+fixtureToken+"' WHERE email = 'admin@example.com'")
			usage, err := directus.ReadUsage(t.Context(), db, nil)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "data.db")
			db.Exec(t, "VACUUM INTO '"+file+"'")
			real := askLicence(t, tree, runtime, file)
			grace, err := directus.ReadGrace(t.Context(), db, real.asked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.over, usage.OverCore()); diff != "" {
				t.Errorf("over the limits (-want +got):\n%s", diff)
			}
			want := licenceReport{Status: grace.Status(usage, real.asked)}
			want.Usage.Seats, want.Usage.Collections, want.Usage.Flows = len(usage.Seats), len(usage.Collections), len(usage.ActiveFlows)
			if diff := cmp.Diff(want.Usage, real.Usage); diff != "" {
				t.Errorf("12.4.0 counts otherwise (-bunnyhop +12.4.0):\n%s", diff)
			}
			if want.Status != real.Status {
				t.Errorf("status %s, 12.4.0 says %s", want.Status, real.Status)
			}
			// In a time of grace, what the answer calls expires_at is its beginning.
			if ends := time.Unix(real.ExpiresAt+real.GracePeriod, 0); real.Status == directus.LicenceGrace && grace.Ends.Sub(ends).Abs() > 10*time.Minute {
				t.Errorf("grace ends %s, 12.4.0 says %s", grace.Ends, ends)
			}
			keys := usage.OverCore()
			var denied []string
			counted := false
			for _, rule := range usage.Denied {
				denied = append(denied, rule.ID)
				counted = counted || !rule.Empty
			}
			if counted != c.custom || usage.CustomLLM != c.llm {
				t.Errorf("custom rules %v, custom AI %v", counted, usage.CustomLLM)
			}
			if counted {
				keys = append(keys, "custom_permission_rules_enabled")
			}
			if usage.CustomLLM {
				keys = append(keys, "custom_llms_enabled")
			}
			slices.Sort(keys)
			if diff := cmp.Diff(keys, real.pending); diff != "" {
				t.Errorf("what 12.4.0 wants resolved (-bunnyhop +12.4.0):\n%s", diff)
			}
			slices.Sort(denied)
			if diff := cmp.Diff(denied, real.denied); diff != "" {
				t.Errorf("the rules that 12.4.0 does not read (-bunnyhop +12.4.0):\n%s", diff)
			}
			t.Logf("%s: %d seats, %d collections, %d flows, %s, to resolve %v, %d rules denied",
				c.version, real.Usage.Seats, real.Usage.Collections, real.Usage.Flows, real.Status, real.pending, len(real.denied))
		})
	}
}

// tables makes statements for registered collections of the project's own.
func tables(prefix string, n int) []string {
	var statements []string
	for i := range n {
		name := fmt.Sprintf("%s%d", prefix, i)
		statements = append(statements, "CREATE TABLE "+name+" (id integer primary key)",
			"INSERT INTO directus_collections (collection) VALUES ('"+name+"')")
	}
	return statements
}

func permission(collection, action, condition, fields string) string {
	quote := func(text string) string {
		if text == "" {
			return "NULL"
		}
		return "'" + text + "'"
	}
	return fmt.Sprintf("INSERT INTO directus_permissions (collection, action, policy, permissions, fields) VALUES (%s, %s, %s, %s, %s)",
		quote(collection), quote(action), quote(fixtureEditor), quote(condition), quote(fields))
}

// licenceReport is the answer of GET /license, as far as it is compared, and
// what else was asked with it.
type licenceReport struct {
	Status      directus.LicenceStatus `json:"status"`
	ExpiresAt   int64                  `json:"expires_at"`
	GracePeriod int64                  `json:"grace_period"`
	Usage       struct {
		Seats, Collections, Flows int
	} `json:"usage"`
	asked   time.Time
	pending []string // keys of POST /license/pending-resolution
	denied  []string // ids of rows that GET /permissions leaves out
}

// askLicence migrates a database with real code, starts a server on it, and
// asks it about its licence.
func askLicence(t *testing.T, tree string, runtime *node.Runtime, file string) licenceReport {
	t.Helper()
	port, err := server.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	dir := t.TempDir()
	config, err := json.Marshal(map[string]any{
		"HOST": "127.0.0.1", "PORT": port, "PUBLIC_URL": base, "SECRET": strings.Repeat("s", 32), "SERVE_APP": false,
		"DB_CLIENT": "sqlite3", "DB_FILENAME": file, "TELEMETRY_URL": "http://127.0.0.1:1", "COMPLIANCE_URL": "http://127.0.0.1:1",
		"TEMP_PATH": filepath.Join(dir, "temp"), "STORAGE_LOCAL_ROOT": filepath.Join(dir, "uploads"), "EXTENSIONS_PATH": filepath.Join(dir, "extensions"),
		"EMAIL_TRANSPORT": "smtp", "EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": 1, "EMAIL_VERIFY_SETUP": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, runtime.Node, append([]string{filepath.Join(tree, "node_modules/directus/cli.js")}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CONFIG_PATH="+path, "NODE_ENV=production")
		return cmd
	}
	if out, err := command("database", "migrate:latest").CombinedOutput(); err != nil {
		t.Fatalf("migrating: %v\n%s", err, out)
	}
	var output bytes.Buffer
	running := command("start")
	running.Stdout, running.Stderr = &output, &output
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = running.Wait() }()
	client := directus.NewClient(base, "")
	if err := client.WaitReady(ctx, nil); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	report := licenceReport{asked: time.Now()}
	ask(t, ctx, http.MethodGet, base+"/license", &report)
	var pending []struct{ Key string }
	ask(t, ctx, http.MethodPost, base+"/license/pending-resolution", &pending)
	for _, p := range pending {
		report.pending = append(report.pending, p.Key)
	}
	slices.Sort(report.pending)
	var read []struct{ ID int }
	ask(t, ctx, http.MethodGet, base+"/permissions?limit=-1", &read)
	report.denied = leftOut(t, file, func(id string) bool {
		return slices.ContainsFunc(read, func(r struct{ ID int }) bool { return fmt.Sprint(r.ID) == id })
	})
	return report
}

// leftOut lists the ids of permissions in a database that were not read.
func leftOut(t *testing.T, file string, read func(id string) bool) []string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id FROM directus_permissions")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		if !read(id) {
			ids = append(ids, id)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

func ask(t *testing.T, ctx context.Context, method, url string, into any) {
	t.Helper()
	var payload io.Reader
	if method != http.MethodGet {
		payload = strings.NewReader("{}")
	}
	request, err := http.NewRequestWithContext(ctx, method, url, payload)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+fixtureToken)
	request.Header.Set("Content-Type", "application/json")
	response, err := testbed.Patient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Data   json.RawMessage `json:"data"`
		Errors json.RawMessage `json:"errors"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d, %v, %s", method, url, response.StatusCode, err, body.Errors)
	}
	if err := json.Unmarshal(body.Data, into); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
}
