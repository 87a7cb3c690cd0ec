package directus

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Usage is what a project uses of the things that Directus 12 limits or
// switches off without a licence, counted as its own licence code counts
// (@directus/api 39.2.0 of Directus 12.4.0, dist/license/entitlements/lib).
type Usage struct {
	Users int `json:"users"`
	// Seats lists the active users with admin or app access, by e-mail or, if
	// there is none, id; sorted (seats.js, getActiveSeats).
	Seats []string `json:"seats"`
	// Collections lists the registered collections that have a table and are
	// neither Directus' own, nor excluded, nor switched off; sorted
	// (collections.js, getActiveCollections). Folders and views are none.
	Collections []string `json:"collections"`
	// ActiveFlows lists the names of the flows that are on, and of the active
	// webhooks that an upgrade over 10.11 would turn into such; sorted
	// (flows.js, getActiveFlows).
	ActiveFlows []string `json:"active_flows"`
	// SSOUsers lists the active users that log in through a provider
	// (sso-enabled.js, checkUsersSSO).
	SSOUsers []string `json:"sso_users"`
	// Denied lists the permissions that go beyond "all fields, no condition"
	// and are not among those that Directus recommends for app users.
	Denied []DeniedRule `json:"denied"`
	// CustomLLM is set when an AI provider of the project's own is configured
	// (custom-llms-enabled.js, checkCustomLLM).
	CustomLLM bool `json:"custom_llm"`
}

// Users counts all users and the active ones with admin or app access.
func Users(ctx context.Context, db Database) (total, activeSeats int, err error) {
	total, err = countRows(ctx, db, "directus_users", "")
	if err != nil {
		return 0, 0, err
	}
	tables, err := tableSet(ctx, db)
	if err != nil {
		return 0, 0, err
	}
	seats, err := readSeats(ctx, db, tables)
	return total, len(seats), err
}

// ReadUsage counts what a database uses, before 11 (roles hold the flags) and
// from 11 on (policies do). excludeTables is DB_EXCLUDE_TABLES; what is empty
// stands for Directus' default.
func ReadUsage(ctx context.Context, db Database, excludeTables []string) (Usage, error) {
	var u Usage
	tables, err := tableSet(ctx, db)
	if err != nil {
		return Usage{}, err
	}
	for _, read := range []func() error{
		func() (err error) { u.Users, err = countRows(ctx, db, "directus_users", ""); return err },
		func() (err error) { u.Seats, err = readSeats(ctx, db, tables); return err },
		func() (err error) { u.Collections, err = readCollections(ctx, db, tables, excludeTables); return err },
		func() (err error) { u.ActiveFlows, err = readActiveFlows(ctx, db, tables); return err },
		func() (err error) { u.SSOUsers, err = readSSOUsers(ctx, db); return err },
		func() (err error) { u.Denied, err = readDeniedRules(ctx, db, tables); return err },
		func() (err error) { u.CustomLLM, err = readCustomLLM(ctx, db); return err },
	} {
		if err := read(); err != nil {
			return Usage{}, fmt.Errorf("reading what the project uses: %w", err)
		}
	}
	return u, nil
}

// excludedByDefault is the default of DB_EXCLUDE_TABLES (@directus/env 6.3).
var excludedByDefault = []string{"spatial_ref_sys", "sysdiagrams"}

func readCollections(ctx context.Context, db Database, tables map[string]bool, excluded []string) ([]string, error) {
	if strings.Join(excluded, "") == "" {
		excluded = excludedByDefault
	}
	rows, err := selectRows(ctx, db, "directus_collections")
	if err != nil {
		return nil, fmt.Errorf("reading directus_collections: %w", err)
	}
	var names []string
	for _, r := range rows {
		name := r.text("collection")
		switch {
		case !tables[name], SystemTable(name), slices.Contains(excluded, name):
		case r.has("status") && r.text("status") != "active":
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func readActiveFlows(ctx context.Context, db Database, tables map[string]bool) ([]string, error) {
	var names []string
	if tables["directus_flows"] {
		rows, err := selectRows(ctx, db, "directus_flows", "id", "name", "status")
		if err != nil {
			return nil, fmt.Errorf("reading directus_flows: %w", err)
		}
		for _, r := range rows {
			if r.text("status") == "active" {
				names = append(names, r.text("name"))
			}
		}
	}
	webhooks, err := ActiveWebhooks(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, name := range webhooks {
		names = append(names, name+" (webhook, becomes a flow)")
	}
	slices.Sort(names)
	return names, nil
}

// ActiveWebhooks lists the names of the webhooks that are on and that 10.11
// would turn into active flows. From 10.11 on there are none.
func ActiveWebhooks(ctx context.Context, db Database) ([]string, error) {
	tables, err := tableSet(ctx, db)
	if err != nil || !tables["directus_webhooks"] {
		return nil, err
	}
	rows, err := selectRows(ctx, db, "directus_webhooks")
	if err != nil {
		return nil, fmt.Errorf("reading directus_webhooks: %w", err)
	}
	var names []string
	for _, r := range rows {
		if r.text("status") == "active" && !r.has("migrated_flow") {
			names = append(names, r.text("name"))
		}
	}
	return names, nil
}

func readSSOUsers(ctx context.Context, db Database) ([]string, error) {
	columns, err := columnsOf(ctx, db, "directus_users")
	if err != nil || !slices.Contains(columns, "provider") {
		return nil, err
	}
	rows, err := selectRows(ctx, db, "directus_users", "id", "email", "provider", "status")
	if err != nil {
		return nil, fmt.Errorf("reading directus_users: %w", err)
	}
	var names []string
	for _, r := range rows {
		if provider := r.text("provider"); r.text("status") == "active" && provider != "default" {
			names = append(names, nameOfUser(r)+" ("+provider+")")
		}
	}
	slices.Sort(names)
	return names, nil
}

// customLLMFields are the settings that the Core tier does not allow, and
// whether they hold JSON (@directus/api 39.2.0, dist/constants.js,
// CUSTOM_LLM_FIELDS).
var customLLMFields = map[string]bool{
	"ai_openai_compatible_api_key": false, "ai_openai_compatible_base_url": false, "ai_openai_compatible_name": false,
	"ai_openai_compatible_headers": true, "ai_openai_compatible_models": true,
}

func readCustomLLM(ctx context.Context, db Database) (bool, error) {
	rows, err := selectRows(ctx, db, "directus_settings")
	if err != nil {
		return false, fmt.Errorf("reading directus_settings: %w", err)
	}
	for _, r := range rows {
		for field, isJSON := range customLLMFields {
			// A null of JSON is none, an empty text is one.
			if !r.isNull(field) && (!isJSON || r.json(field) != "") {
				return true, nil
			}
		}
	}
	return false, nil
}

func nameOfUser(r row) string {
	if email := r.text("email"); email != "" {
		return email
	}
	return r.text("id")
}
