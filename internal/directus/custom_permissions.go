package directus

import (
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

func readCustomPermissions(ctx context.Context, db Database, tables map[string]bool) ([]string, error) {
	rows, err := selectRows(ctx, db, "directus_permissions")
	if err != nil {
		return nil, fmt.Errorf("reading directus_permissions: %w", err)
	}
	owner, table := "role", "directus_roles"
	if tables["directus_policies"] {
		owner, table = "policy", "directus_policies"
	}
	owners, err := selectRows(ctx, db, table, "id", "name")
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	names := map[string]string{"": "Public"}
	for _, o := range owners {
		names[o.text("id")] = o.text("name")
	}
	names[PublicPolicyID] = "Public" // its name is a key for translation
	var custom []string
	for _, r := range rows {
		if what := customRule(r); what != "" {
			custom = append(custom, fmt.Sprintf("%s: %s %s (%s)",
				names[r.text(owner)], r.text("action"), r.text("collection"), what))
		}
	}
	slices.Sort(custom)
	return custom, nil
}

// customRule says in which way a permission is more than "all fields, no
// condition", or "" if it is not. A row with nothing at all counts too:
// Directus' own count leaves it out, but it stops working just the same.
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
