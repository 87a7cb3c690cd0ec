package advisory

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
)

var (
	loadsModule = regexp.MustCompile(`\brequire\s*\(|\bimport\s*\(|(?:^|\\n)\s*import\s+[\w{*'"\\]`)
	uploadedOn  = regexp.MustCompile(`\buploaded_on\b`)
)

func detectRunScripts(ctx context.Context, in Input) ([]string, bool, error) {
	evidence := setKeys(in, []string{"FLOWS_EXEC_ALLOWED_MODULES"})
	for i, key := range evidence {
		evidence[i] = key + "=" + in.value(key)
	}
	scripts, _, err := in.mentionsIn(ctx, loadsModule, func(r row) bool { return r.text("type") == "exec" }, inOperations)
	return append(evidence, scripts...), len(evidence)+len(scripts) > 0, err
}

// detectVersions is about programs that read content versions: it cannot be
// told whether there are any, where there are versions.
func detectVersions(ctx context.Context, in Input) ([]string, bool, error) {
	n, err := in.count(ctx, "directus_versions", "")
	if err != nil || n == 0 {
		return nil, false, err
	}
	return []string{english.Plural(n, "content version", "")}, false, errUntold
}

func detectMailOperations(ctx context.Context, in Input) ([]string, bool, error) {
	operations, err := in.rows(ctx, "directus_operations")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range operations {
		if r.text("type") != "mail" || r.text("resolve") == "" {
			continue
		}
		text, err := in.describe(ctx, "directus_operations", r)
		if err != nil {
			return nil, false, err
		}
		evidence = append(evidence, text)
	}
	slices.Sort(evidence)
	return found(evidence)
}

func detectActiveWebhooks(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_webhooks",
		func(r row) bool { return r.text("status") == "active" && !r.has("migrated_flow") },
		func(r row) string { return "webhook " + r.name() })
}

// unnestable are the system tables that 10.12.2 does not let be written through
// a relation.
var unnestable = []string{"directus_collections", "directus_fields", "directus_relations", "directus_sessions", "directus_extensions"}

func detectNestedWrites(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_relations",
		func(r row) bool {
			return slices.Contains(unnestable, r.text("one_collection")) && !strings.HasPrefix(r.text("many_collection"), "directus_")
		},
		func(r row) string {
			return r.text("many_collection") + "." + r.text("many_field") + " leads to " + r.text("one_collection")
		})
}

func detectUploadedOn(ctx context.Context, in Input) ([]string, bool, error) {
	fields, err := in.rows(ctx, "directus_fields")
	if err != nil {
		return nil, false, err
	}
	// A field of the project's own may have the same name.
	own := slices.ContainsFunc(fields, func(r row) bool {
		return r.text("field") == "uploaded_on" && r.text("collection") != "directus_files"
	})
	about := func(r row) bool { return !own || r.text("collection") == "directus_files" }
	evidence, _, err := in.mentionsIn(ctx, uploadedOn, about, inPermissions, inPresets, inPanels, inOperations, inFlows)
	if err != nil || own {
		return evidence, len(evidence) > 0, err
	}
	code, _, err := in.searchSources(uploadedOn)
	return append(evidence, code...), len(evidence)+len(code) > 0, err
}
