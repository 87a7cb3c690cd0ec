package upgrade_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

const halfID = "half-done-migration"

// TestHalfDoneMigration makes the states by hand that Directus' own migration
// leaves when it is killed (see TestMigrationKilledForReal), one after the
// other. Each is named, with what leads out of it, and nothing is told twice.
func TestHalfDoneMigration(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			before, dir := p.Fingerprint(), backedUp(t, p)
			wayBack := "way back: bunnyhop restore " + filepath.Base(dir)
			q := quoting(vendor)
			see := func(state string, statements []string, repairs int, parts ...string) []string {
				t.Helper()
				p.Exec(statements...)
				found := findings(t, p)
				noDrift(t, found, state)
				if !found[halfID].NeverOverridable {
					t.Errorf("%s can be passed", state)
				}
				expect(t, found[halfID], advisory.Blocker, append(parts, wayBack)...)
				repair := repairOf(found[halfID])
				if len(repair) != repairs {
					t.Fatalf("%s: %d statements repair it, want %d: %q", state, len(repair), repairs, repair)
				}
				return repair
			}
			const begun = "20240806A-permissions-policies was begun and is not recorded"
			const recorded = "20240806A-permissions-policies is recorded, but was not done to its end"
			gone := "DELETE FROM directus_migrations WHERE version = '20240806A'"
			record := "INSERT INTO directus_migrations (version, name) VALUES ('20240806A', 'Permissions Policies')"

			see("recorded and not applied (MG8)", []string{"INSERT INTO directus_migrations (version, name) VALUES ('20240909B', 'Consolidate Content Versioning')"},
				0, "20240909B-consolidate-content-versioning is recorded, but nothing that it makes is there", "not done: directus_versions, column delta is missing")
			p.Exec("DELETE FROM directus_migrations WHERE version = '20240909B'")

			back := see("begun (MG1)", policiesBegun(vendor), 1, begun, "done: table directus_policies is there", "not done: table directus_access is missing",
				"directus_roles, column parent is missing", "directus_roles, column admin_access is as it was before")
			see("begun and recorded by a second run", []string{record}, 2, recorded)
			p.Exec(append(back, gone)...)
			unbroken(t, p, "repaired by taking it back")

			p.Exec(policiesBegun(vendor)...)
			see("roles changed", rolesChanged(vendor), 0, begun, "done: directus_roles, column parent is there", "done: directus_roles, column admin_access is gone",
				"not done: directus_permissions, column policy is missing")
			see("before directus_access (MG1)", permissionsChanged(vendor), 4, begun, "not done: table directus_access is missing")
			inspected(t, p)

			repair := see("recorded by a second run (MG2)", []string{record}, 3, recorded, "not done: table directus_access is missing")
			see("directus_access is empty", repair[:1], 2, recorded, "directus_access is empty, though there are 5 policies")
			see("killed before the entry of the public", append(repair[1:2:2], gone), 2, begun)
			again := see("killed before the record", []string{fmt.Sprintf("DELETE FROM %s", q("directus_access")), repair[1], repair[2]}, 1, begun, "its tables, columns and keys are all there")
			p.Exec(again...)
			unbroken(t, p, "repaired by finishing it")
			db := p.Database()
			if err := directus.CheckPolicies(t.Context(), db, 4, -1); err != nil {
				t.Errorf("repaired: %v", err)
			}
			db.Close()

			p.Exec(gone)
			restoredTo(t, p, dir, before)
		})
	}
}

// policiesBegun, rolesChanged and permissionsChanged are what the step does first, then, and
// before it makes directus_access.
func policiesBegun(vendor database.Vendor) []string {
	id := map[database.Vendor]string{database.Postgres: "uuid"}[vendor]
	if id == "" {
		id = "char(36)"
	}
	const columns = "id, name, icon, description, ip_access, enforce_tfa, admin_access, app_access"
	return []string{
		"CREATE TABLE directus_policies (id " + id + ", name varchar(100) NOT NULL, icon varchar(64) NOT NULL DEFAULT 'badge', description text, ip_access text, " +
			"enforce_tfa boolean NOT NULL DEFAULT '0', admin_access boolean NOT NULL DEFAULT '0', app_access boolean NOT NULL DEFAULT '0', PRIMARY KEY (id))",
		"INSERT INTO directus_policies (" + columns + ") SELECT " + columns + " FROM directus_roles",
		"INSERT INTO directus_policies (id, name, icon) VALUES ('abf8a154-5b1c-4a46-ac9c-7300570f4f17', '$t:public_label', 'public')",
	}
}

func rolesChanged(vendor database.Vendor) []string {
	id, key := "char(36)", ""
	switch vendor {
	case database.SQLite:
		key = " REFERENCES directus_roles (id)"
	case database.Postgres:
		id = "uuid"
	default:
	}
	statements := []string{"ALTER TABLE directus_roles ADD COLUMN parent " + id + key}
	for _, column := range []string{"ip_access", "enforce_tfa", "admin_access", "app_access"} {
		statements = append(statements, "ALTER TABLE directus_roles DROP COLUMN "+column)
	}
	if key == "" {
		statements = append(statements, "ALTER TABLE directus_roles ADD CONSTRAINT directus_roles_parent_foreign FOREIGN KEY (parent) REFERENCES directus_roles (id)")
	}
	return statements
}

func permissionsChanged(vendor database.Vendor) []string {
	const public = "'abf8a154-5b1c-4a46-ac9c-7300570f4f17'"
	if vendor == database.SQLite {
		return []string{
			"CREATE TABLE changed (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, collection varchar(64) NOT NULL, action varchar(10) NOT NULL, permissions json, " +
				"validation json, presets json, fields text, policy char(36) NOT NULL, FOREIGN KEY (policy) REFERENCES directus_policies (id) ON DELETE CASCADE)",
			"INSERT INTO changed SELECT id, collection, action, permissions, validation, presets, fields, coalesce(role, " + public + ") FROM directus_permissions",
			"DROP TABLE directus_permissions",
			"ALTER TABLE changed RENAME TO directus_permissions",
		}
	}
	id, drop, notNull := "uuid", "CONSTRAINT", "ALTER COLUMN policy SET NOT NULL"
	if vendor == database.MySQL {
		id, drop, notNull = "char(36)", "FOREIGN KEY", "MODIFY policy char(36) NOT NULL"
	}
	return []string{
		"ALTER TABLE directus_permissions ADD COLUMN policy " + id,
		"ALTER TABLE directus_permissions DROP " + drop + " directus_permissions_role_foreign",
		"UPDATE directus_permissions SET policy = coalesce(role, " + public + ")",
		"ALTER TABLE directus_permissions DROP COLUMN role",
		"ALTER TABLE directus_permissions " + notNull,
		"ALTER TABLE directus_permissions ADD CONSTRAINT directus_permissions_policy_foreign FOREIGN KEY (policy) REFERENCES directus_policies (id) ON DELETE CASCADE",
	}
}

func quoting(vendor database.Vendor) func(string) string {
	mark := `"`
	if vendor == database.MySQL {
		mark = "`"
	}
	return func(name string) string { return mark + name + mark }
}

// findings checks the project as the upgrade does, backups and all.
func findings(t *testing.T, p *testbed.Project) map[string]advisory.Finding {
	t.Helper()
	ctx := context.Background()
	detected := p.Config()
	db, err := connect.Open(ctx, detected.Config.Database(), connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in, err := upgrade.Gather(ctx, detected, db, "12.4.0")
	if err != nil {
		t.Fatal(err)
	}
	if in.Backups, err = site.New(options(p)).Backups(detected); err != nil {
		t.Fatal(err)
	}
	all, err := advisory.Check(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]advisory.Finding{}
	for _, f := range all {
		found[f.ID] = f
	}
	return found
}

// noDrift: what a half-done migration explains is not told as anything else.
func noDrift(t *testing.T, found map[string]advisory.Finding, state string) {
	t.Helper()
	for _, id := range []string{"schema-drift", "schema-differs", "schema-additions", "newer-database"} {
		if f, told := found[id]; told {
			t.Errorf("%s: also %s: %v", state, id, f.Evidence)
		}
	}
}

func unbroken(t *testing.T, p *testbed.Project, state string) {
	t.Helper()
	found := findings(t, p)
	delete(found, "newer-database") // the step is done, and the code is still the old one
	noDrift(t, found, state)
	if f, told := found[halfID]; told {
		t.Errorf("%s: %v", state, f.Evidence)
	}
}

// repairOf are the statements that a finding lists.
func repairOf(f advisory.Finding) []string {
	var statements []string
	for _, line := range f.Evidence {
		if statement, is := strings.CutPrefix(line, "known repair: "); is {
			statements = append(statements, statement)
		}
	}
	return statements
}

// inspected: a check of the half-migrated project comes to its end, though much
// of it cannot be read.
func inspected(t *testing.T, p *testbed.Project) {
	t.Helper()
	result := drive(t, upgrade.Check(options(p), upgrade.Options{To: target}), p.Root)
	if result.Status != steps.Done {
		t.Errorf("the check ends with %+v", result)
	}
}

func backedUp(t *testing.T, p *testbed.Project) (dir string) {
	t.Helper()
	made := drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
	if made.Status != steps.Done {
		t.Fatalf("%+v", made)
	}
	return fmt.Sprint(made.Data["backup"])
}

func restoredTo(t *testing.T, p *testbed.Project, dir string, before database.Fingerprint) {
	t.Helper()
	asked := ""
	result := driveAsked(t, restore.Flow(options(p), restore.Options{Backup: dir}), p.Root, &asked)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if changed := before.Diff(p.Fingerprint(), nil); len(changed) > 0 {
		t.Errorf("not as in the backup: %v", changed)
	}
	unbroken(t, p, "restored")
}
