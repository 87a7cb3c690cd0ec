package upgrade_test

import (
	"maps"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/steps/testbed"
)

// On each vendor, a project that only Directus has worked on has no drift, and
// what somebody changed by hand is told: where a migration needs it as a
// blocker, elsewhere as a warning, and what was added as a note.
func TestDriftOfSystemTables(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			for id, f := range drift(t, p) {
				t.Errorf("untouched, and yet %s: %v", id, f.Evidence)
			}

			drop := map[database.Vendor][]string{
				database.SQLite: {"DROP INDEX directus_users_email_unique"},
				database.Postgres: {
					"ALTER TABLE directus_users DROP CONSTRAINT directus_users_email_unique",
					"ALTER TABLE directus_permissions DROP CONSTRAINT directus_permissions_role_foreign",
				},
				database.MySQL: {
					"ALTER TABLE directus_users DROP INDEX directus_users_email_unique",
					"ALTER TABLE directus_permissions DROP FOREIGN KEY directus_permissions_role_foreign",
				},
			}[vendor]
			p.Exec(append(drop,
				"ALTER TABLE directus_users ADD COLUMN shoe_size integer",
				"ALTER TABLE directus_roles DROP COLUMN enforce_tfa",
				"ALTER TABLE directus_settings ADD COLUMN visual_editor_urls varchar(10)",
			)...)
			found := drift(t, p)
			const policies = "changed by 20240806A-permissions-policies"
			expect(t, found["schema-drift"], advisory.Blocker, "directus_roles, column enforce_tfa is missing", policies,
				"directus_settings, column visual_editor_urls is there", "in the way of 20250224A-visual-editor")
			expect(t, found["schema-differs"], advisory.Warning, "directus_users, index directus_users_email_unique is missing")
			expect(t, found["schema-additions"], advisory.Note, "directus_users, column shoe_size is there")
			if vendor != database.SQLite { // there a foreign key goes with its column only
				expect(t, found["schema-drift"], advisory.Blocker, "directus_permissions, foreign key directus_permissions_role_foreign is missing", policies)
			}
		})
	}
}

// drift checks the project and returns what is found about system tables.
func drift(t *testing.T, p *testbed.Project) map[string]advisory.Finding {
	t.Helper()
	found := findings(t, p)
	maps.DeleteFunc(found, func(id string, _ advisory.Finding) bool { return !strings.HasPrefix(id, "schema-") })
	return found
}

func expect(t *testing.T, f advisory.Finding, severity advisory.Severity, parts ...string) {
	t.Helper()
	evidence := strings.Join(f.Evidence, "\n")
	if f.Severity != severity || f.Uncertain {
		t.Errorf("%s is a %q, want a %q: %s", f.ID, f.Severity, severity, evidence)
	}
	for _, part := range parts {
		if !strings.Contains(evidence, part) {
			t.Errorf("the evidence of %s lacks %q:\n%s", f.ID, part, evidence)
		}
	}
}
