package directus

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// PublicPolicyID is the policy that the move to 11 makes for what everybody
// may do (@directus/api 11.17.4, migration 20240806A-permissions-policies).
const PublicPolicyID = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"

// Rule is one permission as it works: whatever policies it came through.
type Rule struct {
	Fields      string `json:"fields,omitempty"`      // sorted, comma-separated; "*" for all
	Permissions string `json:"permissions,omitempty"` // canonical JSON; empty for no condition
	Validation  string `json:"validation,omitempty"`
	Presets     string `json:"presets,omitempty"`
	IP          string `json:"ip,omitempty"` // the addresses it is limited to; empty for all
}

// Principal is somebody who may do something: the public, a role, or a user
// with policies of their own.
type Principal struct {
	Kind  string `json:"kind"` // public, role, user
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Admin bool   `json:"admin"`
	App   bool   `json:"app"`
	TFA   bool   `json:"tfa"`
	// IP lists the addresses that access is limited to, one entry for each
	// policy that has such a limit ("10.0.0.0/8,127.0.0.1").
	IP []string `json:"ip,omitempty"`
	// Rules holds the rules by "collection action", each list sorted.
	Rules map[string][]Rule `json:"rules,omitempty"`
}

// AccessMatrix says who may do what. Matrices of databases before and after 11
// can be compared: a role of 10 is a role of 11 with one policy.
type AccessMatrix struct {
	// Principals is keyed "public", "role ID", "user ID".
	Principals map[string]*Principal `json:"principals"`
	// Tables are the system tables that the database has.
	Tables []string `json:"tables"`
}

// policy is what roles were before 11 and policies are since.
type policy struct {
	admin, app, tfa bool
	ip              string
	rules           map[string][]Rule
}

// ReadAccess reads the access matrix. What Directus grants by itself (the
// minimal permissions of app users) is no part of it, since it is not in the
// database. The rehearsal's own user, role and policy are left out.
func ReadAccess(ctx context.Context, db Database) (*AccessMatrix, error) {
	tables, err := tableSet(ctx, db)
	if err != nil {
		return nil, err
	}
	matrix := &AccessMatrix{Principals: map[string]*Principal{"public": {Kind: "public", Name: "Public"}}}
	for table := range tables {
		if SystemTable(table) {
			matrix.Tables = append(matrix.Tables, table)
		}
	}
	slices.Sort(matrix.Tables)
	roles, err := selectRows(ctx, db, "directus_roles")
	if err != nil {
		return nil, fmt.Errorf("reading directus_roles: %w", err)
	}
	for _, r := range roles {
		if id := r.text("id"); id != RehearsalID {
			matrix.Principals["role "+id] = &Principal{Kind: "role", ID: id, Name: r.text("name")}
		}
	}
	permissions, err := selectRows(ctx, db, "directus_permissions")
	if err != nil {
		return nil, fmt.Errorf("reading directus_permissions: %w", err)
	}
	if tables["directus_policies"] {
		err = matrix.readPolicies(ctx, db, roles, permissions)
	} else {
		matrix.readRoles(roles, permissions)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range matrix.Principals {
		p.sort()
	}
	return matrix, nil
}

func (a *AccessMatrix) readRoles(roles, permissions []row) {
	policies := map[string]*policy{"": {}}
	for _, r := range roles {
		policies[r.text("id")] = policyOf(r)
	}
	addRules(policies, permissions, "role")
	a.Principals["public"].add(policies[""])
	for _, r := range roles {
		if p := a.Principals["role "+r.text("id")]; p != nil {
			p.add(policies[r.text("id")])
		}
	}
}

func (a *AccessMatrix) readPolicies(ctx context.Context, db Database, roles, permissions []row) error {
	rows, err := selectRows(ctx, db, "directus_policies")
	if err != nil {
		return fmt.Errorf("reading directus_policies: %w", err)
	}
	policies := map[string]*policy{}
	for _, r := range rows {
		policies[r.text("id")] = policyOf(r)
	}
	addRules(policies, permissions, "policy")
	access, err := selectRows(ctx, db, "directus_access", "role", "user", "policy")
	if err != nil {
		return fmt.Errorf("reading directus_access: %w", err)
	}
	users, err := selectRows(ctx, db, "directus_users", "id", "email")
	if err != nil {
		return fmt.Errorf("reading directus_users: %w", err)
	}
	names := map[string]string{}
	for _, u := range users {
		names[u.text("id")] = nameOfUser(u)
	}
	ofRole := map[string][]*policy{}
	for _, r := range access {
		p := policies[r.text("policy")]
		switch user := r.text("user"); {
		case p == nil || user == RehearsalID:
		case !r.isNull("role"):
			ofRole[r.text("role")] = append(ofRole[r.text("role")], p)
		case user != "":
			key := "user " + user
			if a.Principals[key] == nil {
				a.Principals[key] = &Principal{Kind: "user", ID: user, Name: names[user]}
			}
			a.Principals[key].add(p)
		default:
			a.Principals["public"].add(p)
		}
	}
	parents := map[string]string{}
	for _, r := range roles {
		parents[r.text("id")] = r.text("parent")
	}
	for _, r := range roles {
		p := a.Principals["role "+r.text("id")]
		// A role has what its parents have; a circle ends where it began.
		seen := map[string]bool{}
		for id := r.text("id"); p != nil && id != "" && !seen[id]; id = parents[id] {
			seen[id] = true
			for _, policy := range ofRole[id] {
				p.add(policy)
			}
		}
	}
	return nil
}

func policyOf(r row) *policy {
	return &policy{
		admin: r.flag("admin_access"), app: r.flag("app_access"), tfa: r.flag("enforce_tfa"),
		ip: strings.Join(r.list("ip_access"), ","),
	}
}

func addRules(policies map[string]*policy, permissions []row, owner string) {
	for _, r := range permissions {
		p := policies[r.text(owner)]
		if p == nil {
			continue
		}
		if p.rules == nil {
			p.rules = map[string][]Rule{}
		}
		key := r.text("collection") + " " + r.text("action")
		p.rules[key] = append(p.rules[key], Rule{
			Fields:      strings.Join(r.list("fields"), ","),
			Permissions: condition(r, "permissions"),
			Validation:  condition(r, "validation"),
			Presets:     condition(r, "presets"),
			IP:          p.ip,
		})
	}
}

// condition is a rule's JSON; an empty object says as little as nothing.
func condition(r row, column string) string {
	if value := r.json(column); value != "{}" {
		return value
	}
	return ""
}

func (p *Principal) add(from *policy) {
	p.Admin = p.Admin || from.admin
	p.App = p.App || from.app
	p.TFA = p.TFA || from.tfa
	if from.ip != "" {
		p.IP = append(p.IP, from.ip)
	}
	for key, rules := range from.rules {
		if p.Rules == nil {
			p.Rules = map[string][]Rule{}
		}
		p.Rules[key] = append(p.Rules[key], rules...)
	}
}

func (p *Principal) sort() {
	slices.Sort(p.IP)
	p.IP = slices.Compact(p.IP)
	for key, rules := range p.Rules {
		slices.SortFunc(rules, func(a, b Rule) int { return strings.Compare(a.String(), b.String()) })
		p.Rules[key] = slices.Compact(rules)
	}
}

// String is the rule in one line: "fields id,title; where {…}".
func (r Rule) String() string {
	parts := []string{"fields " + r.Fields}
	if r.Fields == "" {
		parts[0] = "no fields"
	}
	for _, part := range []struct{ name, value string }{
		{"where", r.Permissions}, {"validation", r.Validation}, {"presets", r.Presets}, {"only from", r.IP},
	} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	return strings.Join(parts, "; ")
}
