package advisory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/dustin/go-humanize/english"

	"bunnyhop/internal/directus"
)

func detectManyToAny(ctx context.Context, in Input) ([]string, bool, error) {
	relations, _, err := in.rowsWhere(ctx, "directus_relations",
		func(r row) bool { return r.text("one_allowed_collections") != "" },
		func(r row) string {
			return r.text("many_collection") + "." + r.text("many_field") + " leads to any of " + strings.ReplaceAll(r.text("one_allowed_collections"), ",", ", ")
		})
	if err != nil || len(relations) == 0 {
		return nil, false, err
	}
	return relations, false, errUntold
}

func detectDecimals(ctx context.Context, in Input) ([]string, bool, error) {
	rows, err := records(ctx, in.DB, `SELECT table_name AS t, column_name AS c FROM information_schema.columns
		WHERE table_schema = DATABASE() AND data_type = 'decimal' ORDER BY table_name, ordinal_position`)
	if err != nil {
		return nil, false, fmt.Errorf("looking for decimal columns: %w", err)
	}
	var evidence []string
	for _, r := range rows {
		if !directus.SystemTable(r["t"]) {
			evidence = append(evidence, r["t"]+"."+r["c"])
		}
	}
	return found(evidence)
}

// detectConditions looks for conditions behind which an operation, on the way
// of failure, reads what was handed on.
func detectConditions(ctx context.Context, in Input) ([]string, bool, error) {
	operations, err := in.rows(ctx, "directus_operations")
	if err != nil {
		return nil, false, err
	}
	byID := make(map[string]row, len(operations))
	for _, r := range operations {
		byID[r.text("id")] = r
	}
	var evidence []string
	for _, r := range operations {
		if r.text("type") != "condition" || r.text("reject") == "" {
			continue
		}
		key := regexp.MustCompile(`\b` + regexp.QuoteMeta(cmp.Or(r.text("key"), "?")) + `\b`)
		seen := map[string]bool{}
		for next, first := r.text("reject"), true; next != "" && !seen[next]; first = false {
			seen[next] = true
			after := byID[next]
			options := after.text("options")
			if first && strings.Contains(options, "$last") || key.MatchString(options) {
				text, err := in.describe(ctx, "directus_operations", after)
				if err != nil {
					return nil, false, err
				}
				evidence = append(evidence, text+", behind the condition "+r.name())
			}
			next = after.text("resolve")
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}

func detectManualFlows(ctx context.Context, in Input) ([]string, bool, error) {
	flows, _, err := in.rowsWhere(ctx, "directus_flows",
		func(r row) bool { return r.text("trigger") == "manual" && r.text("status") == "active" },
		func(r row) string { return "flow " + r.name() })
	if err != nil || len(flows) == 0 {
		return nil, false, err
	}
	return flows, false, errUntold
}

func detectUnregisteredTables(ctx context.Context, in Input) ([]string, bool, error) {
	if in.DB == nil {
		return nil, false, nil
	}
	tables, err := in.DB.Tables(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("listing the tables: %w", err)
	}
	registered := map[string]bool{"spatial_ref_sys": true, "sysdiagrams": true, "sqlite_sequence": true, "sqlite_stat1": true}
	rows, err := in.rows(ctx, "directus_collections")
	if err != nil {
		return nil, false, err
	}
	for _, r := range rows {
		registered[r.text("collection")] = true
	}
	for excluded := range strings.SplitSeq(in.value("DB_EXCLUDE_TABLES"), ",") {
		registered[excluded] = true
	}
	var evidence []string
	for _, table := range tables {
		if !registered[table] && !directus.SystemTable(table) {
			evidence = append(evidence, "table "+table)
		}
	}
	if len(evidence) == 0 {
		return nil, false, nil
	}
	slices.Sort(evidence)
	return bounded(evidence), false, errUntold
}

func detectItemVersions(ctx context.Context, in Input) ([]string, bool, error) {
	rows, err := in.rows(ctx, "directus_versions")
	if err != nil {
		return nil, false, err
	}
	perCollection := map[string]int{}
	for _, r := range rows {
		perCollection[r.text("collection")]++
	}
	var evidence []string
	for collection, n := range perCollection {
		evidence = append(evidence, collection+": "+english.Plural(n, "version", ""))
	}
	slices.Sort(evidence)
	return found(evidence)
}

func detectDraftVersions(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_versions",
		func(r row) bool { return r.text("key") == "draft" && r.text("name") != "Draft" },
		func(r row) string {
			return fmt.Sprintf("version %s of %s %s, named %q", r.text("id"), r.text("collection"), r.text("item"), r.text("name"))
		})
}

func detectSnapshotsWithoutIndexes(ctx context.Context, in Input) ([]string, bool, error) {
	all, err := in.snapshots(ctx)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, s := range all {
		if !s.systemFields {
			evidence = append(evidence, fmt.Sprintf("%s, written by %s", s.name, s.version))
		}
	}
	return found(evidence)
}

// relational are the kinds of fields that show other items.
var relational = []string{"m2o", "o2m", "m2m", "m2a", "translations", "files", "file"}

func detectReadonlyRelations(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_fields",
		func(r row) bool {
			return r.flag("readonly") && slices.ContainsFunc(strings.Split(r.text("special"), ","), func(s string) bool { return slices.Contains(relational, s) })
		},
		func(r row) string { return r.text("collection") + "." + r.text("field") })
}

func detectVisualEditor(ctx context.Context, in Input) ([]string, bool, error) {
	settings, err := in.rows(ctx, "directus_settings")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range settings {
		var addresses []struct {
			URL string `json:"url"`
		}
		if json.Unmarshal([]byte(r.text("visual_editor_urls")), &addresses) != nil {
			continue // none, or a form of which nothing is known
		}
		for _, a := range addresses {
			evidence = append(evidence, a.URL)
		}
	}
	if len(evidence) == 0 {
		return nil, false, nil
	}
	return bounded(evidence), false, errUntold
}

func detectImportLimits(_ context.Context, in Input) ([]string, bool, error) {
	if in.isSet("IMPORT_TIMEOUT") && in.isSet("IMPORT_MAX_CONCURRENCY") {
		return nil, false, nil
	}
	return nil, false, errUntold
}

var oldNodeImage = regexp.MustCompile(`(?im)^\s*FROM\s+(?:--\S+\s+)?(?:docker\.io/)?(?:library/)?node:(\d+)\S*`)

// detectOldNodeFiles looks at Dockerfiles, and at ranges in package.json that
// no release of Node 22 is in.
func detectOldNodeFiles(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for name, text := range in.Files {
		for _, match := range oldNodeImage.FindAllStringSubmatch(text, -1) {
			if major, err := semver.NewVersion(match[1]); err == nil && major.Major() < 22 {
				evidence = append(evidence, name+": "+strings.TrimSpace(match[0]))
			}
		}
		if name != "package.json" {
			continue
		}
		var manifest struct {
			Engines struct {
				Node string `json:"node"`
			} `json:"engines"`
		}
		if json.Unmarshal([]byte(text), &manifest) != nil || manifest.Engines.Node == "" {
			continue
		}
		// 22.99.0 stands for any release of 22.
		if wanted, err := semver.NewConstraint(manifest.Engines.Node); err == nil && !wanted.Check(semver.MustParse("22.99.0")) {
			evidence = append(evidence, name+`: "node": "`+manifest.Engines.Node+`"`)
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}
