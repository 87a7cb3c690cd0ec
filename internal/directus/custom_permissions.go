package directus

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// recommendedPermission is one that Directus adds for app users and that its
// licence code lets pass.
type recommendedPermission struct {
	Collection  string          `json:"collection"`
	Action      string          `json:"action"`
	Permissions json.RawMessage `json:"permissions"`
	Fields      []string        `json:"fields"`
}

// From @directus/system-data of 12.4.0, appRecommendedPermissions.
//
//go:embed catalogue/recommended_permissions.json
var recommendedJSON []byte

var recommended = sync.OnceValue(func() []recommendedPermission {
	var all []recommendedPermission
	if err := json.Unmarshal(recommendedJSON, &all); err != nil {
		panic("directus: the embedded recommended permissions are damaged: " + err.Error())
	}
	return all
})

// DeniedRule is a row of directus_permissions that Directus 12 does not read
// without a licence, so that what it allows is denied.
type DeniedRule struct {
	ID string `json:"id"`
	// Owner is the name of its policy or, before 11.0, of its role; "Public"
	// for what everybody may do.
	Owner string `json:"owner"`
	// Holders lists who has the policy: "role Editor", "user a@example.com".
	// It is empty before 11.0, and for the public.
	Holders    []string `json:"holders,omitempty"`
	Collection string   `json:"collection"`
	Action     string   `json:"action"`
	// Why says what makes the rule custom: "fields id, title; conditions".
	Why string `json:"why"`
	// Admin is set where the owner has admin access and needs no rule, so that
	// nothing is lost.
	Admin bool `json:"admin,omitempty"`
	// Empty is set for a row with nothing set at all: Directus' own count of
	// custom rules leaves it out, but does not read it either.
	Empty bool `json:"empty,omitempty"`
}

// String is the rule on one line, as "Editor: update posts (conditions)".
func (d DeniedRule) String() string {
	return fmt.Sprintf("%s: %s %s (%s)", d.Owner, d.Action, d.Collection, d.Why)
}

// owner is a policy, or before 11.0 a role.
type owner struct {
	name    string
	admin   bool
	holders []string
}

// readDeniedRules lists the permissions that 12 drops without a licence
// (@directus/api 12.4.0, dist/services/permissions.js, readByQuery, and
// dist/license/entitlements/lib/custom-permission-rules-enabled.js), by owner,
// collection and action.
func readDeniedRules(ctx context.Context, db Database, tables map[string]bool) ([]DeniedRule, error) {
	rows, err := selectRows(ctx, db, "directus_permissions")
	if err != nil {
		return nil, fmt.Errorf("reading directus_permissions: %w", err)
	}
	column, owners, err := permissionOwners(ctx, db, tables)
	if err != nil {
		return nil, err
	}
	var denied []DeniedRule
	for _, r := range rows {
		why := customRule(r)
		if why == "" {
			continue
		}
		holder := owners[r.text(column)]
		denied = append(denied, DeniedRule{
			ID: r.text("id"), Owner: holder.name, Holders: holder.holders, Admin: holder.admin,
			Collection: r.text("collection"), Action: r.text("action"), Why: why, Empty: emptyRule(r),
		})
	}
	slices.SortFunc(denied, func(a, b DeniedRule) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.Collection, b.Collection),
			strings.Compare(a.Action, b.Action), strings.Compare(a.Why, b.Why), strings.Compare(a.ID, b.ID))
	})
	return denied, nil
}

// permissionOwners reads the policies (before 11.0: roles) by id, and the
// column of directus_permissions that names them.
func permissionOwners(ctx context.Context, db Database, tables map[string]bool) (string, map[string]owner, error) {
	column, table := "role", "directus_roles"
	if tables["directus_policies"] {
		column, table = "policy", "directus_policies"
	}
	rows, err := selectRows(ctx, db, table, "id", "name", "admin_access")
	if err != nil {
		return "", nil, fmt.Errorf("reading %s: %w", table, err)
	}
	owners := map[string]owner{"": {name: "Public"}}
	for _, r := range rows {
		owners[r.text("id")] = owner{name: r.text("name"), admin: r.flag("admin_access")}
	}
	if _, ok := owners[PublicPolicyID]; ok {
		owners[PublicPolicyID] = owner{name: "Public"} // its name is a key for translation
	}
	if column == "role" {
		return column, owners, nil
	}
	return column, owners, addHolders(ctx, db, owners)
}

func addHolders(ctx context.Context, db Database, owners map[string]owner) error {
	roles, err := selectRows(ctx, db, "directus_roles", "id", "name")
	if err != nil {
		return fmt.Errorf("reading directus_roles: %w", err)
	}
	users, err := selectRows(ctx, db, "directus_users", "id", "email")
	if err != nil {
		return fmt.Errorf("reading directus_users: %w", err)
	}
	access, err := selectRows(ctx, db, "directus_access", "role", "user", "policy")
	if err != nil {
		return fmt.Errorf("reading directus_access: %w", err)
	}
	names := map[string]string{}
	for _, r := range roles {
		names["role "+r.text("id")] = "role " + r.text("name")
	}
	for _, r := range users {
		names["user "+r.text("id")] = "user " + nameOfUser(r)
	}
	for _, a := range access {
		id := a.text("policy")
		one, known := owners[id]
		if !known || id == PublicPolicyID {
			continue
		}
		for _, kind := range []string{"role", "user"} {
			if name := names[kind+" "+a.text(kind)]; name != "" && !a.isNull(kind) {
				one.holders = append(one.holders, name)
			}
		}
		slices.Sort(one.holders)
		one.holders = slices.Compact(one.holders)
		owners[id] = one
	}
	return nil
}

// emptyRule reports whether a permission has nothing set at all.
func emptyRule(r row) bool {
	for _, column := range []string{"fields", "permissions", "validation", "presets"} {
		if !r.isNull(column) {
			return false
		}
	}
	return true
}

// customRule says in which way a permission is more than "all fields, no
// condition", or "" if it is not (hasCustomRule of @directus/api 12.4.0). A row
// with nothing at all is one, too.
func customRule(r row) string {
	var what []string
	fields := splitFields(r.text("fields"))
	if !slices.Contains(fields, "*") {
		if len(fields) == 0 {
			what = append(what, "no fields set")
		} else {
			what = append(what, "fields "+strings.Join(fields, ", "))
		}
	}
	for _, part := range []struct{ column, name string }{
		{"permissions", "conditions"}, {"validation", "validation"}, {"presets", "presets"},
	} {
		if value := r.json(part.column); value != "" && value != "{}" && value != "[]" {
			what = append(what, part.name)
		}
	}
	if len(what) == 0 || isRecommended(r, fields) {
		return ""
	}
	return strings.Join(what, "; ")
}

// isRecommended follows isRecommendedAppPermission of @directus/api 12.4.0:
// the order of fields counts.
func isRecommended(r row, fields []string) bool {
	if r.json("validation") != "" || r.json("presets") != "" {
		return false
	}
	for _, p := range recommended() {
		if p.Collection == r.text("collection") && p.Action == r.text("action") {
			known := row{"permissions": string(p.Permissions)}
			return slices.Equal(p.Fields, fields) && known.json("permissions") == r.json("permissions")
		}
	}
	return false
}

func splitFields(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
