package directus

import (
	"context"
	"fmt"
	"slices"
)

func readSeats(ctx context.Context, db Database, tables map[string]bool) ([]string, error) {
	users, err := selectRows(ctx, db, "directus_users", "id", "email", "role", "status")
	if err != nil {
		return nil, fmt.Errorf("reading directus_users: %w", err)
	}
	roles, direct, err := seatHolders(ctx, db, tables)
	if err != nil {
		return nil, err
	}
	var seats []string
	for _, user := range users {
		id := user.text("id")
		if user.text("status") != "active" || id == RehearsalID {
			continue
		}
		if direct[id] || (!user.isNull("role") && roles[user.text("role")]) {
			seats = append(seats, nameOfUser(user))
		}
	}
	slices.Sort(seats)
	return seats, nil
}

// seatHolders finds the roles and the users that have admin or app access;
// a role has what its parents have.
func seatHolders(ctx context.Context, db Database, tables map[string]bool) (roles, users map[string]bool, err error) {
	roles, users = map[string]bool{}, map[string]bool{}
	all, err := selectRows(ctx, db, "directus_roles")
	if err != nil {
		return nil, nil, fmt.Errorf("reading directus_roles: %w", err)
	}
	if !tables["directus_access"] {
		for _, role := range all {
			if role.flag("admin_access") || role.flag("app_access") {
				roles[role.text("id")] = true
			}
		}
		return roles, users, nil
	}
	policies, err := selectRows(ctx, db, "directus_policies", "id", "admin_access", "app_access")
	if err != nil {
		return nil, nil, fmt.Errorf("reading directus_policies: %w", err)
	}
	gives := map[string]bool{}
	for _, policy := range policies {
		gives[policy.text("id")] = policy.flag("admin_access") || policy.flag("app_access")
	}
	access, err := selectRows(ctx, db, "directus_access", "role", "user", "policy")
	if err != nil {
		return nil, nil, fmt.Errorf("reading directus_access: %w", err)
	}
	for _, a := range access {
		if !gives[a.text("policy")] {
			continue
		}
		if !a.isNull("user") {
			users[a.text("user")] = true
		}
		if !a.isNull("role") {
			roles[a.text("role")] = true
		}
	}
	for changed := true; changed; {
		changed = false
		for _, role := range all {
			id := role.text("id")
			if !roles[id] && !role.isNull("parent") && roles[role.text("parent")] {
				roles[id], changed = true, true
			}
		}
	}
	return roles, users, nil
}
