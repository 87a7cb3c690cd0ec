package directus

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
)

// RehearsalID is the id of the user, the role and the policy that PrepareCopy
// adds. Nothing else has it.
const RehearsalID = "8f0a6f5e-3c0b-4b7e-9d55-62756e6e7968"

var safeToken = regexp.MustCompile(`^[0-9A-Za-z_-]{24,128}$`)

// NewToken makes a random token for PrepareCopy.
func NewToken() (string, error) {
	var random [24]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return hex.EncodeToString(random[:]), nil
}

// PrepareCopy makes a restored copy of a database harmless to boot: flows,
// webhooks, deployments and notifications are off, a stored licence and a
// pending owner report are gone, and a user with admin rights and the token is
// added, to read the API. It works before and after the migration to 11 and
// may be called twice; since migrations can make flows, call it last after
// migrating. Never call it on a live database.
func PrepareCopy(ctx context.Context, db Database, token string) error {
	if !safeToken.MatchString(token) {
		return fmt.Errorf("preparing the copy: the token has to be made by NewToken")
	}
	tables, err := tableSet(ctx, db)
	if err != nil {
		return err
	}
	columns := map[string][]string{}
	for table := range tables {
		if !SystemTable(table) {
			continue
		}
		if columns[table], err = columnsOf(ctx, db, table); err != nil {
			return fmt.Errorf("looking at %s: %w", table, err)
		}
	}
	statements := silence(db, columns)
	statements = append(statements, removeReader(db, columns)...)
	statements = append(statements, addReader(db, columns, token)...)
	return inTransaction(ctx, db.SQL(), statements)
}

// silence turns off what a boot would set going.
func silence(db Database, columns map[string][]string) []string {
	q := db.Quote
	var statements []string
	set := func(table, column, value string) {
		if slices.Contains(columns[table], column) {
			statements = append(statements, "UPDATE "+q(table)+" SET "+q(column)+" = "+value)
		}
	}
	set("directus_flows", "status", "'inactive'")
	set("directus_webhooks", "status", "'inactive'")
	set("directus_users", "email_notifications", "FALSE")
	// A key in the database is checked with the licence server at boot.
	set("directus_settings", "license_key", "NULL")
	set("directus_settings", "license_token", "NULL")
	set("directus_settings", "project_status", "NULL")
	// Each row makes the server register a webhook with the provider at boot.
	for _, table := range []string{"directus_deployment_runs", "directus_deployment_projects", "directus_deployments"} {
		if columns[table] != nil {
			statements = append(statements, "DELETE FROM "+q(table)) //nolint:gosec // quoted
		}
	}
	return statements
}

// readerRows are the tables and columns in which RehearsalID may stand, in the
// order in which the rows can go.
var readerRows = []struct{ table, column string }{
	{"directus_access", "user"},
	{"directus_access", "role"},
	{"directus_access", "policy"},
	{"directus_sessions", "user"},
	{"directus_presets", "user"},
	{"directus_notifications", "recipient"},
	{"directus_users", "id"},
	{"directus_policies", "id"},
	{"directus_roles", "id"},
}

func removeReader(db Database, columns map[string][]string) []string {
	var statements []string
	for _, r := range readerRows {
		if slices.Contains(columns[r.table], r.column) {
			statements = append(statements, fmt.Sprintf("DELETE FROM %s WHERE %s = '%s'", db.Quote(r.table), db.Quote(r.column), RehearsalID)) //nolint:gosec // quoted
		}
	}
	return statements
}

func addReader(db Database, columns map[string][]string, token string) []string {
	q := db.Quote
	const name = "bunnyhop rehearsal"
	insert := func(table, names, values string) string {
		return "INSERT INTO " + q(table) + " (" + names + ") VALUES (" + values + ")"
	}
	user := fmt.Sprintf("%s, %s, %s, %s", q("id"), q("status"), q("token"), q("role"))
	if columns["directus_policies"] == nil {
		return []string{
			insert("directus_roles", fmt.Sprintf("%s, %s, %s, %s", q("id"), q("name"), q("admin_access"), q("app_access")),
				fmt.Sprintf("'%s', '%s', TRUE, FALSE", RehearsalID, name)),
			insert("directus_users", user, fmt.Sprintf("'%s', 'active', '%s', '%s'", RehearsalID, token, RehearsalID)),
		}
	}
	return []string{
		insert("directus_policies", fmt.Sprintf("%s, %s, %s, %s", q("id"), q("name"), q("admin_access"), q("app_access")),
			fmt.Sprintf("'%s', '%s', TRUE, FALSE", RehearsalID, name)),
		insert("directus_users", user, fmt.Sprintf("'%s', 'active', '%s', NULL", RehearsalID, token)),
		insert("directus_access", fmt.Sprintf("%s, %s, %s", q("id"), q("user"), q("policy")),
			fmt.Sprintf("'%s', '%s', '%s'", RehearsalID, RehearsalID, RehearsalID)),
	}
}

func inTransaction(ctx context.Context, db *sql.DB, statements []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("preparing the copy: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // a no-op after Commit
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("preparing the copy: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("preparing the copy: %w", err)
	}
	return nil
}
