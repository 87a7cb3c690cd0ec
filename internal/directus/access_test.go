package directus_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
	"bunnyhop/internal/fault"
)

const (
	editor = "9bfd3499-0ddc-4f32-8980-6d7103a5a1a0"
	api    = "c0ac1e7c-192a-417d-ba3c-d3999a522076"
)

func readAccess(t *testing.T, version string, changes ...string) *directus.AccessMatrix {
	t.Helper()
	matrix, err := directus.ReadAccess(t.Context(), fixture.Open(t, version).Exec(t, changes...))
	if err != nil {
		t.Fatal(err)
	}
	return matrix
}

func TestRealMigrationsKeepAccess(t *testing.T) {
	t.Parallel()
	versions := fixture.Versions()
	for i := 1; i < len(versions); i++ {
		before, after := readAccess(t, versions[i-1]), readAccess(t, versions[i])
		if changes := before.Compare(after); len(changes) > 0 {
			t.Errorf("%s to %s: %v", versions[i-1], versions[i], changes)
		}
	}
	before, after := readAccess(t, "10.13.4"), readAccess(t, "11.17.4")
	want := []string{"role Editor: read directus_webhooks has no effect any more: directus_webhooks was dropped"}
	if diff := cmp.Diff(want, before.Without(after)); diff != "" {
		t.Error(diff)
	}
}

func TestReadAccess(t *testing.T) {
	t.Parallel()
	matrix := readAccess(t, "11.17.4")
	if len(matrix.Principals) != 4 {
		t.Errorf("%d principals, want the public and three roles", len(matrix.Principals))
	}
	got := matrix.Principals["role "+editor]
	if got.Admin || !got.App || got.TFA || got.Name != "Editor" || len(got.Rules) != 9 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"10.0.0.0/8,127.0.0.1"}, got.IP); diff != "" {
		t.Error(diff)
	}
	want := "fields name; validation {\"name\":{\"_nnull\":true}}; presets {\"name\":\"x\"}; only from 10.0.0.0/8,127.0.0.1"
	if diff := cmp.Diff(want, got.Rules["authors update"][0].String()); diff != "" {
		t.Error(diff)
	}
}

// Each change is made on a migrated database and has to be seen, and nothing
// else with it.
func TestDiffSeesEachChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		want   []string
	}{
		"nothing":                {"SELECT 1", nil},
		"other spelling of JSON": {`UPDATE directus_permissions SET permissions = ' {"status": {"_eq":"published"} }', fields = 'title, id' WHERE id = 1`, nil},
		"empty for null":         {`UPDATE directus_permissions SET permissions = '{}', presets = 'null' WHERE id = 4`, nil},
		"the same rule twice": {
			`INSERT INTO directus_permissions (policy, collection, action, fields) SELECT policy, collection, action, fields FROM directus_permissions WHERE id = 4`, nil,
		},
		"a lost permission": {
			"DELETE FROM directus_permissions WHERE id = 13",
			[]string{`role API: read posts lost: fields *; where {"_and":[{"author":{"_nnull":true}},{"status":{"_in":["a","b"]}}]}`},
		},
		"a condition that is gone": {
			"UPDATE directus_permissions SET permissions = NULL WHERE id = 1",
			[]string{
				`Public: read posts lost: fields id,title; where {"status":{"_eq":"published"}}`,
				"Public: read posts gained: fields id,title",
			},
		},
		"a field more": {
			"UPDATE directus_permissions SET fields = '*' WHERE id = 1",
			[]string{
				`Public: read posts lost: fields id,title; where {"status":{"_eq":"published"}}`,
				`Public: read posts gained: fields *; where {"status":{"_eq":"published"}}`,
			},
		},
		"admin":              {"UPDATE directus_policies SET admin_access = 1 WHERE name = 'API'", []string{"role API: admin access off → on"}},
		"app and two-factor": {"UPDATE directus_policies SET app_access = 1, enforce_tfa = 0 WHERE name = 'API'", []string{"role API: app access off → on", "role API: required two-factor login on → off"}},
		"a role that is gone": {
			"DELETE FROM directus_permissions WHERE id = 13; DELETE FROM directus_access WHERE role = '" + api + "'; UPDATE directus_users SET role = NULL WHERE role = '" + api + "'; DELETE FROM directus_roles WHERE id = '" + api + "'",
			[]string{"role API is gone"},
		},
		"a role without its policy": {
			"DELETE FROM directus_access WHERE role = '" + api + "'",
			[]string{
				"role API: required two-factor login on → off",
				`role API: read posts lost: fields *; where {"_and":[{"author":{"_nnull":true}},{"status":{"_in":["a","b"]}}]}`,
			},
		},
		"a user's own policy": {
			"INSERT INTO directus_access (id, user, policy) SELECT 'x', id, '" + api + "' FROM directus_users WHERE email = 'u4@example.com'",
			[]string{"user u4@example.com is new"},
		},
	} {
		got := readAccess(t, "10.13.4").Diff(readAccess(t, "11.17.4", c.change))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDiffOfAddressLimits(t *testing.T) {
	t.Parallel()
	got := readAccess(t, "10.13.4").Diff(readAccess(t, "11.17.4", "UPDATE directus_policies SET ip_access = NULL WHERE name = 'Editor'"))
	if len(got) != 1+2*8 || got[0] != "role Editor: address limit 10.0.0.0/8,127.0.0.1 → none" {
		t.Errorf("%d lines: %v", len(got), got)
	}
}

func TestDiffExplainsRulesOfDroppedTables(t *testing.T) {
	t.Parallel()
	after := readAccess(t, "11.17.4", "DELETE FROM directus_permissions WHERE collection = 'directus_webhooks'")
	changes := readAccess(t, "10.13.4").Compare(after)
	if len(changes) != 1 || !strings.Contains(changes[0].Explained, "dropped") || !strings.Contains(changes[0].Text, "directus_webhooks lost") {
		t.Errorf("%+v", changes)
	}
	if lines := readAccess(t, "10.13.4").Diff(after); lines != nil {
		t.Errorf("explained, and yet listed: %v", lines)
	}
}

func TestRolesInherit(t *testing.T) {
	t.Parallel()
	// A circle is nonsense, but must end.
	matrix := readAccess(t, "11.17.4", "UPDATE directus_roles SET parent = '"+editor+"' WHERE id = '"+api+"'", "UPDATE directus_roles SET parent = '"+api+"' WHERE id = '"+editor+"'")
	got := matrix.Principals["role "+api]
	if !got.App || len(got.Rules["posts read"]) != 2 || len(got.Rules["posts delete"]) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestCheckPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version, change string
		roles           int
		permissions     int
		want            string
	}{
		"a whole migration":            {"11.17.4", "SELECT 1", 3, 13, ""},
		"12":                           {"12.4.0", "SELECT 1", 3, -1, ""},
		"not migrated":                 {"10.13.4", "SELECT 1", 3, 13, "directus_policies does not exist"},
		"second run of the bad step":   {"11.17.4", "DROP TABLE directus_access", 3, 13, "directus_access does not exist"},
		"permissions not moved":        {"11.17.4", "ALTER TABLE directus_permissions RENAME COLUMN policy TO role", 3, 13, "belongs to no policy"},
		"a permission without policy":  {"11.17.4", "PRAGMA foreign_keys = OFF; UPDATE directus_permissions SET policy = 'gone' WHERE id = 4", 3, 13, "permission 4 belongs"},
		"a lost permission":            {"11.17.4", "DELETE FROM directus_permissions WHERE id = 1", 3, 13, "there are 12 permissions, there were 13"},
		"a lost access row":            {"11.17.4", "DELETE FROM directus_access WHERE role IS NULL", 3, 13, "3 rows, but there are 3 roles"},
		"nobody is admin":              {"11.17.4", "UPDATE directus_policies SET admin_access = 0", 3, 13, "no role and no user has admin access"},
		"an access row without policy": {"11.17.4", "PRAGMA foreign_keys = OFF; UPDATE directus_access SET policy = 'gone' WHERE role IS NULL", 3, 13, "directus_access belongs to no policy"},
	} {
		err := directus.CheckPolicies(t.Context(), fixture.Open(t, c.version).Exec(t, c.change), c.roles, c.permissions)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == ""):
			t.Errorf("%s: %v, want %q and a hint", name, err, c.want)
		}
	}
	for _, version := range fixture.Versions() {
		if n, err := directus.CountRoles(t.Context(), fixture.Open(t, version)); n != 3 || err != nil {
			t.Errorf("%s: CountRoles = %d, %v", version, n, err)
		}
	}
}
