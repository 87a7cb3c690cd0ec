package advisory

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// needs is a setting without which a default decides, and what that does.
type needs struct{ key, otherwise string }

// unset makes a detector of settings that are not set.
func unset(settings ...needs) detector {
	return func(_ context.Context, in Input) ([]string, bool, error) {
		var evidence []string
		for _, s := range settings {
			if !in.isSet(s.key) {
				evidence = append(evidence, s.key+" is not set: "+s.otherwise)
			}
		}
		return found(evidence)
	}
}

// set makes a detector of settings that are set to anything. Values are not
// shown: they may be secret.
func set(keys ...string) detector {
	return func(_ context.Context, in Input) ([]string, bool, error) {
		var evidence []string
		for _, key := range setKeys(in, keys) {
			evidence = append(evidence, key+" is set")
		}
		return found(evidence)
	}
}

// inFiles makes a detector of a pattern in the project's own files (Compose
// files, Dockerfile, package.json).
func inFiles(pattern string) detector {
	compiled := regexp.MustCompile(pattern)
	return func(_ context.Context, in Input) ([]string, bool, error) {
		var evidence []string
		for name, text := range in.Files {
			for i, line := range strings.Split(text, "\n") {
				if match := compiled.FindString(line); match != "" {
					evidence = append(evidence, fmt.Sprintf("%s line %d: %s", name, i+1, strings.TrimSpace(match)))
				}
			}
		}
		slices.Sort(evidence)
		return found(evidence)
	}
}

// rowsWhere lists the rows of a system table for which a condition holds.
func (in Input) rowsWhere(ctx context.Context, table string, holds func(row) bool, describe func(row) string) ([]string, bool, error) {
	rows, err := in.rows(ctx, table)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range rows {
		if holds(r) {
			evidence = append(evidence, describe(r))
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}

// place is where settings of a project may name a field, an address or a
// program: columns of a system table.
type place struct {
	table   string
	columns []string
}

// The places.
var (
	inPermissions = place{"directus_permissions", []string{"fields", "permissions", "validation", "presets"}}
	inPresets     = place{"directus_presets", []string{"filter", "layout_query", "layout_options"}}
	inPanels      = place{"directus_panels", []string{"options"}}
	inOperations  = place{"directus_operations", []string{"options"}}
	inFlows       = place{"directus_flows", []string{"options"}}
)

// mentions lists the rows in which a pattern stands.
func (in Input) mentions(ctx context.Context, pattern *regexp.Regexp, places ...place) ([]string, bool, error) {
	return in.mentionsIn(ctx, pattern, func(row) bool { return true }, places...)
}

// mentionsIn is mentions among the rows for which a condition holds.
func (in Input) mentionsIn(ctx context.Context, pattern *regexp.Regexp, holds func(row) bool, places ...place) ([]string, bool, error) {
	var evidence []string
	for _, p := range places {
		rows, err := in.rows(ctx, p.table)
		if err != nil {
			return nil, false, err
		}
		var hits []string
		for _, r := range rows {
			if !holds(r) {
				continue
			}
			for _, column := range p.columns {
				if pattern.MatchString(r.text(column)) {
					text, err := in.describe(ctx, p.table, r)
					if err != nil {
						return nil, false, err
					}
					hits = append(hits, text+": "+column)
				}
			}
		}
		slices.Sort(hits)
		evidence = append(evidence, hits...)
	}
	return found(evidence)
}

// describe names a row of a place for people.
func (in Input) describe(ctx context.Context, table string, r row) (string, error) {
	switch table {
	case "directus_permissions":
		return fmt.Sprintf("permission %s (%s %s)", r.text("id"), r.text("action"), r.text("collection")), nil
	case "directus_presets":
		return fmt.Sprintf("preset %s (%s)", r.text("id"), r.text("collection")), nil
	case "directus_operations":
		flows, err := in.rows(ctx, "directus_flows")
		if err != nil {
			return "", err
		}
		flow := r.text("flow")
		for _, f := range flows {
			if f.text("id") == flow {
				flow = f.name()
			}
		}
		return fmt.Sprintf("operation %s of the flow %s", r.name(), flow), nil
	case "directus_panels":
		return "panel " + r.name(), nil
	case "directus_flows":
		return "flow " + r.name(), nil
	}
	return table + " " + r.name(), nil
}
