package advisory

import (
	"context"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// detectZeroDates looks for the settings with which 20240716A is refused
// ("Invalid default value for 'uploaded_on'").
func detectZeroDates(ctx context.Context, in Input) ([]string, bool, error) {
	if !in.pending("20240716A") {
		return nil, false, nil
	}
	row, err := one(ctx, in.DB, "SELECT @@GLOBAL.explicit_defaults_for_timestamp AS explicit, @@GLOBAL.sql_mode AS mode")
	if err != nil {
		return nil, false, fmt.Errorf("reading how the server treats dates: %w", err)
	}
	if row["explicit"] != "0" || !strings.Contains(row["mode"], "NO_ZERO_DATE") {
		return nil, false, nil
	}
	return []string{
		"explicit_defaults_for_timestamp is OFF and sql_mode has NO_ZERO_DATE",
		"before the upgrade: SET GLOBAL explicit_defaults_for_timestamp = ON;",
	}, true, nil
}

// detectPrimaryKeys looks for the setting with which 20240204A, which takes a
// primary key away for a moment, is refused before 11.14.1.
func detectPrimaryKeys(ctx context.Context, in Input) ([]string, bool, error) {
	_, to, err := in.versions()
	if err != nil || !in.pending("20240204A") || !to.LessThan(semver.MustParse("11.14.1")) {
		return nil, false, err
	}
	rows, err := records(ctx, in.DB, "SHOW GLOBAL VARIABLES LIKE 'sql_require_primary_key'") // MariaDB has none
	if err != nil || len(rows) == 0 || rows[0]["value"] != "ON" {
		return nil, false, err
	}
	return []string{
		"sql_require_primary_key is ON", "before the upgrade: SET GLOBAL sql_require_primary_key = OFF;",
		"after it: SET GLOBAL sql_require_primary_key = ON;", "or choose 11.14.1 or later",
	}, true, nil
}

// detectMetricPanels looks for panels that 20231009B fails on under mysql2,
// the driver from 11.0 on.
func detectMetricPanels(ctx context.Context, in Input) ([]string, bool, error) {
	_, to, err := in.versions()
	if err != nil || !in.pending("20231009B") || to.Major() < 11 {
		return nil, false, err
	}
	exists, err := hasTable(ctx, in.DB, "directus_panels")
	if err != nil || !exists {
		return nil, false, err
	}
	rows, err := records(ctx, in.DB, `SELECT id, name FROM directus_panels WHERE type = 'metric'
		AND (JSON_EXTRACT(options, '$.abbreviate') = TRUE OR JSON_EXTRACT(options, '$.decimals') IS NOT NULL) ORDER BY id`)
	if err != nil {
		return nil, false, fmt.Errorf("reading the panels: %w", err)
	}
	var evidence []string
	for _, row := range rows {
		evidence = append(evidence, "panel "+row["id"]+" "+row["name"])
	}
	return evidence, len(evidence) > 0, nil
}
