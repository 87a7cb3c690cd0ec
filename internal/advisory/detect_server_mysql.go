package advisory

import (
	"context"
	"fmt"
	"strconv"
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
	exists, err := in.hasTable(ctx, "directus_panels")
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

// detectZeroDateDefault looks for what a server that makes up the defaults of
// timestamps left behind.
func detectZeroDateDefault(ctx context.Context, in Input) ([]string, bool, error) {
	rows, err := records(ctx, in.DB, `SELECT COLUMN_DEFAULT AS value FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
		AND TABLE_NAME = 'directus_files' AND COLUMN_NAME = 'uploaded_on'`)
	if err != nil {
		return nil, false, fmt.Errorf("reading the default of directus_files.uploaded_on: %w", err)
	}
	if len(rows) == 0 || !strings.HasPrefix(strings.Trim(rows[0]["value"], "'"), "0000-00-00") {
		return nil, false, nil
	}
	return []string{
		"directus_files.uploaded_on has the default " + rows[0]["value"],
		"to correct it: ALTER TABLE directus_files CHANGE uploaded_on uploaded_on TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP;",
	}, true, nil
}

// maxText is how many bytes a TEXT column holds.
const maxText = 65_535

// detectUnchangeableLists looks for columns that 20231009A cannot make TEXT:
// longer values do not fit, and MySQL wants a length for an index on TEXT, which
// MariaDB chooses itself.
func detectUnchangeableLists(ctx context.Context, in Input) ([]string, bool, error) {
	server, err := serverProduct(ctx, in)
	if err != nil {
		return nil, false, err
	}
	return unchangeableLists(ctx, in, server.name != "MariaDB")
}

func unchangeableLists(ctx context.Context, in Input, lengthNeeded bool) ([]string, bool, error) {
	fields, err := lists(ctx, in)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range fields {
		table, column := r.text("collection"), r.text("field")
		if lengthNeeded {
			indexes, err := fullIndexes(ctx, in, table, column)
			if err != nil {
				return nil, false, err
			}
			evidence = append(evidence, indexes...)
		}
		long, err := longerThanText(ctx, in, table, column)
		if err != nil {
			return nil, false, err
		}
		if long > 0 {
			evidence = append(evidence, fmt.Sprintf("%s.%s has a value of %d bytes", table, column, long))
		}
	}
	return found(evidence)
}

// longerThanText is the length of the longest value of a column that may hold
// more than TEXT does; 0 when all fit.
func longerThanText(ctx context.Context, in Input, table, column string) (int, error) {
	types, err := records(ctx, in.DB, `SELECT 1 AS n FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
		AND DATA_TYPE IN ('mediumtext', 'longtext') AND TABLE_NAME = ? AND COLUMN_NAME = ?`, table, column)
	if err != nil || len(types) == 0 {
		return 0, err
	}
	row, err := one(ctx, in.DB, "SELECT MAX(LENGTH("+in.DB.Quote(column)+")) AS longest FROM "+in.DB.Quote(table)) //nolint:gosec // quoted
	if err != nil {
		return 0, fmt.Errorf("reading the longest value of %s.%s: %w", table, column, err)
	}
	longest, _ := strconv.Atoi(row["longest"])
	if longest <= maxText {
		return 0, nil
	}
	return longest, nil
}

// fullIndexes lists the indexes on the whole of a column that is not TEXT yet.
func fullIndexes(ctx context.Context, in Input, table, column string) ([]string, error) {
	rows, err := records(ctx, in.DB, `SELECT DISTINCT s.INDEX_NAME AS name FROM information_schema.STATISTICS s
		JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME)
		WHERE s.TABLE_SCHEMA = DATABASE() AND c.DATA_TYPE <> 'text' AND s.SUB_PART IS NULL
		AND s.TABLE_NAME = ? AND s.COLUMN_NAME = ?`, table, column)
	if err != nil {
		return nil, fmt.Errorf("reading the indexes of %s: %w", table, err)
	}
	var evidence []string
	for _, row := range rows {
		evidence = append(evidence, fmt.Sprintf("%s.%s has the index %s", table, column, row["name"]))
	}
	return evidence, nil
}
