package advisory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"bunnyhop/internal/directus"
)

func detectBadForeignKeys(ctx context.Context, in Input) ([]string, bool, error) {
	if in.Vendor != "sqlite" || in.DB == nil {
		return nil, false, nil
	}
	rows, err := in.DB.SQL().QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil && strings.Contains(err.Error(), "foreign key mismatch") {
		// A reference that no key of the other table matches; writes fail on it.
		return []string{err.Error()}, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("asking SQLite for broken references: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	broken := map[string]int{}
	for rows.Next() {
		var table, parent string
		var rowID, key any
		if err := rows.Scan(&table, &rowID, &parent, &key); err != nil {
			return nil, false, fmt.Errorf("asking SQLite for broken references: %w", err)
		}
		broken[table+" points to missing rows of "+parent]++
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("asking SQLite for broken references: %w", err)
	}
	var evidence []string
	for what, n := range broken {
		evidence = append(evidence, fmt.Sprintf("%s (%s)", what, english.Plural(n, "row", "")))
	}
	slices.Sort(evidence)
	return evidence, len(evidence) > 0, nil
}

func detectBadShares(ctx context.Context, in Input) ([]string, bool, error) {
	if !in.pending("20230721A") {
		return nil, false, nil
	}
	return nullRows(ctx, in, "directus_shares", "collection", "item")
}

func detectNullIcons(ctx context.Context, in Input) ([]string, bool, error) {
	if in.Vendor != "sqlite" || !in.pending("20240817A") {
		return nil, false, nil
	}
	dashboards, _, err := nullRows(ctx, in, "directus_dashboards", "icon")
	if err != nil {
		return nil, false, err
	}
	roles, _, err := nullRows(ctx, in, "directus_roles", "icon")
	if err != nil {
		return nil, false, err
	}
	evidence := append(dashboards, roles...)
	return evidence, len(evidence) > 0, nil
}

// nullRows lists the ids of rows in which one of the columns is null.
func nullRows(ctx context.Context, in Input, table string, columns ...string) ([]string, bool, error) {
	exists, err := in.hasTable(ctx, table)
	if err != nil || !exists {
		return nil, false, err
	}
	var conditions []string
	for _, column := range columns {
		conditions = append(conditions, in.DB.Quote(column)+" IS NULL")
	}
	ids, err := texts(ctx, in.DB, "SELECT "+in.DB.Quote("id")+" FROM "+in.DB.Quote(table)+
		" WHERE "+strings.Join(conditions, " OR ")+" ORDER BY "+in.DB.Quote("id"))
	if err != nil {
		return nil, false, fmt.Errorf("looking for empty %s in %s: %w", strings.Join(columns, " or "), table, err)
	}
	var evidence []string
	for _, id := range ids {
		evidence = append(evidence, fmt.Sprintf("%s %s has no %s", table, id, strings.Join(columns, " or no ")))
	}
	return evidence, len(evidence) > 0, nil
}

func detectPolicies(ctx context.Context, in Input) ([]string, bool, error) {
	if in.DB == nil {
		return nil, true, nil
	}
	if done, err := in.hasTable(ctx, "directus_policies"); err != nil || done {
		return nil, false, err
	}
	roles, err := directus.CountRoles(ctx, in.DB)
	if err != nil {
		return nil, false, err
	}
	return []string{english.Plural(roles, "role", "") + " turned into policies"}, true, nil
}

func detectWebhooks(ctx context.Context, in Input) ([]string, bool, error) {
	exists, err := in.hasTable(ctx, "directus_webhooks")
	if err != nil || !exists {
		return nil, false, err
	}
	names, err := texts(ctx, in.DB, "SELECT "+in.DB.Quote("name")+" FROM "+in.DB.Quote("directus_webhooks")+" ORDER BY "+in.DB.Quote("name"))
	if err != nil {
		return nil, false, fmt.Errorf("reading directus_webhooks: %w", err)
	}
	return names, len(names) > 0, nil
}

func texts(ctx context.Context, db directus.Database, query string) ([]string, error) {
	rows, err := db.SQL().QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []string
	for rows.Next() {
		var text *string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text == nil {
			text = new(string)
		}
		all = append(all, *text)
	}
	return all, rows.Err()
}
