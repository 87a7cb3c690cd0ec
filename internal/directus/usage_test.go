package directus_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

func TestReadUsage(t *testing.T) {
	t.Parallel()
	// The same project on each version; 12.4.0 itself counts 3 seats, 4
	// collections and 4 flows on it (GET /license).
	want := directus.Usage{
		Users:       6,
		Seats:       []string{"admin@example.com", "u0@example.com", "u1@example.com"},
		Collections: []string{"authors", "posts", "posts_tags", "tags"},
		ActiveFlows: []string{"Flow 0", "Flow 1", "Flow 2", "Flow 3"},
		SSOUsers:    []string{"u3@example.com (google)"},
	}
	custom := []string{
		"API: read posts (conditions)",
		"Editor: create directus_activity (validation)",
		"Editor: update authors (fields name; validation; presets)",
		"Editor: read directus_roles (fields id, name, admin_access; conditions)",
		"Public: read posts (fields id, title; conditions)",
	}
	for _, version := range fixture.Versions() {
		db := fixture.Open(t, version)
		got, err := directus.ReadUsage(t.Context(), db, []string{"spatial_ref_sys"})
		if err != nil {
			t.Errorf("%s: %v", version, err)
			continue
		}
		var denied []string
		for _, rule := range got.Denied {
			denied = append(denied, rule.String())
		}
		slices.Sort(denied)
		slices.Sort(custom)
		if diff := cmp.Diff(custom, denied); diff != "" {
			t.Errorf("%s (-want +got):\n%s", version, diff)
		}
		got.Denied = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", version, diff)
		}
		total, seats, err := directus.Users(t.Context(), db)
		if total != 6 || seats != 3 || err != nil {
			t.Errorf("%s: Users = %d, %d, %v", version, total, seats, err)
		}
	}
}

func TestUsageFinerPoints(t *testing.T) {
	t.Parallel()
	const editor, api = "9bfd3499-0ddc-4f32-8980-6d7103a5a1a0", "c0ac1e7c-192a-417d-ba3c-d3999a522076"
	usage := func(version string, excluded []string, change ...string) directus.Usage {
		t.Helper()
		u, err := directus.ReadUsage(t.Context(), fixture.Open(t, version).Exec(t, change...), excluded)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	seats := func(u directus.Usage) int { return len(u.Seats) }
	rules := func(u directus.Usage) int { return len(u.Denied) }
	collections := func(u directus.Usage) int { return len(u.Collections) }
	flows := func(u directus.Usage) int { return len(u.ActiveFlows) }
	for name, c := range map[string]struct {
		version  string
		excluded []string
		change   string
		count    func(directus.Usage) int
		want     int
	}{
		"a role under one with app access": {"11.17.4", nil, "UPDATE directus_roles SET parent = '" + editor + "' WHERE id = '" + api + "'", seats, 4},
		"a user's own policy": {
			"11.17.4", nil,
			"INSERT INTO directus_access (id, user, policy) SELECT 'x', id, '" + editor + "' FROM directus_users WHERE email = 'u4@example.com'", seats, 4,
		},
		"a policy of the public is no seat": {"11.17.4", nil, "UPDATE directus_policies SET app_access = 1 WHERE name = '$t:public_label'", seats, 3},
		"a role without app access":         {"10.13.4", nil, "UPDATE directus_roles SET app_access = 0 WHERE id = '" + editor + "'", seats, 1},
		"an excluded table":                 {"10.13.4", []string{"tags"}, "SELECT 1", collections, 3},
		"a collection that is off":          {"12.4.0", nil, "UPDATE directus_collections SET status = 'inactive' WHERE collection = 'tags'", collections, 3},
		"a collection without a table":      {"10.13.4", nil, "INSERT INTO directus_collections (collection) VALUES ('gone')", collections, 4},
		"a user's table named like a system's": {
			"10.13.4", nil,
			"CREATE TABLE directus_custom (id integer); INSERT INTO directus_collections (collection) VALUES ('directus_custom')", collections, 5,
		},
		"a permission with nothing at all": {
			"11.17.4", nil,
			"INSERT INTO directus_permissions (collection, action, policy) VALUES ('posts', 'share', '" + editor + "')", rules, 6,
		},
		"a recommended one": {
			"11.17.4", nil,
			`INSERT INTO directus_permissions (collection, action, policy, permissions, fields) VALUES ('directus_files', 'delete', '` + editor + `', '{"uploaded_by": {"_eq": "$CURRENT_USER"}}', '*')`, rules, 5,
		},
		"nearly a recommended one": {
			"11.17.4", nil,
			`INSERT INTO directus_permissions (collection, action, policy, permissions, fields) VALUES ('directus_files', 'delete', '` + editor + `', '{"uploaded_by":{"_eq":"x"}}', '*')`, rules, 6,
		},
		"an active webhook before 10.11": {
			"10.13.4", nil,
			"ALTER TABLE directus_webhooks RENAME TO w; CREATE TABLE directus_webhooks AS SELECT id, name, 'active' AS status FROM w", flows, 5,
		},
		"a disabled flow": {"12.4.0", nil, "UPDATE directus_flows SET status = 'inactive'", flows, 0},
	} {
		if got := c.count(usage(c.version, c.excluded, c.change)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if !usage("12.4.0", nil, "INSERT INTO directus_settings (ai_openai_compatible_name) VALUES ('x')").CustomLLM {
		t.Error("an AI provider of the project's own is not seen")
	}
}

func TestReadFiles(t *testing.T) {
	t.Parallel()
	db := fixture.Open(t, "10.13.4").Exec(t, "UPDATE directus_files SET filesize = NULL, filename_disk = NULL WHERE id = (SELECT max(id) FROM directus_files)")
	var files []directus.File
	for file, err := range directus.ReadFiles(t.Context(), db) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if len(files) != 2 || files[0].Size+files[1].Size != 72 || files[0].Storage != "local" {
		t.Errorf("%+v", files)
	}
	for range directus.ReadFiles(t.Context(), db) {
		break // stopping early is no error
	}
	db.Exec(t, "DROP TABLE directus_files")
	for _, err := range directus.ReadFiles(t.Context(), db) {
		if err == nil {
			t.Error("a table that cannot be read is an error")
		}
	}
}
