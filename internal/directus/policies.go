package directus

import (
	"context"
	"fmt"

	"bunnyhop/internal/fault"
)

// CountRoles counts the roles, the rehearsal's own left out.
func CountRoles(ctx context.Context, db Database) (int, error) {
	rows, err := selectRows(ctx, db, "directus_roles", "id")
	if err != nil {
		return 0, fmt.Errorf("reading directus_roles: %w", err)
	}
	n := 0
	for _, r := range rows {
		if r.text("id") != RehearsalID {
			n++
		}
	}
	return n, nil
}

// CheckPolicies proves, after a migration over 11.0 and before the server is
// started, that the step to policies was done whole. When it was interrupted,
// its second try records success without doing the rest, and nobody can log
// in. rolesBefore is CountRoles of the database before the migration;
// permissionsBefore is the number of rows of directus_permissions then, or -1.
// What does not hold is an error for a person.
func CheckPolicies(ctx context.Context, db Database, rolesBefore, permissionsBefore int) error {
	tables, err := tableSet(ctx, db)
	if err != nil {
		return err
	}
	for _, table := range []string{"directus_policies", "directus_access", "directus_roles", "directus_permissions"} {
		if !tables[table] {
			return halfPolicies("table %s does not exist", table)
		}
	}
	ids := map[string]bool{}
	policies, err := selectRows(ctx, db, "directus_policies", "id", "admin_access")
	if err != nil {
		return fmt.Errorf("reading directus_policies: %w", err)
	}
	admins := map[string]bool{}
	for _, p := range policies {
		ids[p.text("id")] = true
		admins[p.text("id")] = p.flag("admin_access")
	}
	permissions, err := selectRows(ctx, db, "directus_permissions")
	if err != nil {
		return fmt.Errorf("reading directus_permissions: %w", err)
	}
	for _, p := range permissions {
		if !p.has("policy") || p.isNull("policy") || !ids[p.text("policy")] {
			return halfPolicies("permission %s belongs to no policy", p.text("id"))
		}
	}
	if permissionsBefore >= 0 && len(permissions) < permissionsBefore {
		return halfPolicies("there are %d permissions, there were %d", len(permissions), permissionsBefore)
	}
	access, err := selectRows(ctx, db, "directus_access")
	if err != nil {
		return fmt.Errorf("reading directus_access: %w", err)
	}
	if len(access) < rolesBefore+1 {
		return halfPolicies("directus_access has %d rows, but there are %d roles and the public", len(access), rolesBefore)
	}
	admin := false
	for _, a := range access {
		if !ids[a.text("policy")] {
			return halfPolicies("an entry of directus_access belongs to no policy")
		}
		admin = admin || admins[a.text("policy")]
	}
	if !admin {
		return halfPolicies("no role and no user has admin access")
	}
	return nil
}

func halfPolicies(format string, args ...any) error {
	return fault.New("the migration to policies (11.0) is not whole: "+fmt.Sprintf(format, args...),
		"restore the backup taken before the migration; never run the migration again on this database")
}
