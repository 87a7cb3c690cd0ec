package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

func detectAITranslations(ctx context.Context, in Input) ([]string, bool, error) {
	if licensed(in) {
		return nil, false, nil
	}
	return in.rowsWhere(ctx, "directus_settings",
		func(r row) bool { return r.text("ai_translation_default_model") != "" },
		func(r row) string { return "the model for translations is " + r.text("ai_translation_default_model") })
}

func detectVersionedCollections(ctx context.Context, in Input) ([]string, bool, error) {
	return in.rowsWhere(ctx, "directus_collections",
		func(r row) bool { return r.flag("versioning") },
		func(r row) string { return r.text("collection") })
}

// htmlEditor is the interface that 12.2 builds on another editor.
const htmlEditor = "input-rich-text-html"

// unknownHTML are the pieces of HTML that the editor of 12.2 does not know, as
// patterns of LIKE.
var unknownHTML = []string{"%<div%", "%<!--%", "%<style%", "%<script%", `%style="%`}

// How long, and at how many fields, texts are looked at. The texts may be many.
const (
	maxHTMLTime   = 3 * time.Second
	maxHTMLFields = 200
)

func detectHTMLEditor(ctx context.Context, in Input) ([]string, bool, error) {
	fields, err := in.rows(ctx, "directus_fields")
	if err != nil {
		return nil, false, err
	}
	var evidence, unread []string
	limited, stop := context.WithTimeout(ctx, maxHTMLTime)
	defer stop()
	looked := 0
	for _, r := range fields {
		if r.text("interface") != htmlEditor {
			continue
		}
		collection, field := r.text("collection"), r.text("field")
		if strings.Contains(r.text("options"), "tinymceOverrides") {
			evidence = append(evidence, collection+"."+field+" overrides TinyMCE, which is ignored")
		}
		if looked++; looked > maxHTMLFields {
			unread = append(unread, collection+"."+field)
			continue
		}
		holds, err := in.holdsUnknownHTML(limited, collection, field)
		switch {
		case limited.Err() != nil && ctx.Err() == nil:
			unread = append(unread, collection+"."+field)
		case err != nil:
			return nil, false, err
		case holds:
			evidence = append(evidence, collection+"."+field+" holds div, style, script or comments")
		}
	}
	slices.Sort(evidence)
	if len(evidence) == 0 && len(unread) > 0 {
		return bounded(unread), false, errUntold
	}
	return found(evidence)
}

// holdsUnknownHTML looks whether any text of a field holds such HTML.
func (in Input) holdsUnknownHTML(ctx context.Context, collection, field string) (bool, error) {
	columns, err := in.columns(ctx, collection)
	if err != nil || !slices.Contains(columns, field) {
		return false, err
	}
	var conditions []string
	for _, pattern := range unknownHTML {
		conditions = append(conditions, in.DB.Quote(field)+" LIKE "+quoted(pattern))
	}
	rows, err := in.DB.SQL().QueryContext(ctx, "SELECT 1 FROM "+in.DB.Quote(collection)+" WHERE "+strings.Join(conditions, " OR ")+" LIMIT 1") //nolint:gosec // quoted
	if err != nil {
		return false, fmt.Errorf("looking at the texts of %s.%s: %w", collection, field, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	holds := rows.Next()
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("looking at the texts of %s.%s: %w", collection, field, err)
	}
	return holds, nil
}

// adminOwners are the roles or policies with admin access, by id.
func (in Input) adminOwners(ctx context.Context) (map[string]bool, error) {
	admins := map[string]bool{}
	for _, table := range []string{"directus_roles", "directus_policies"} {
		rows, err := in.rows(ctx, table)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.flag("admin_access") {
				admins[r.text("id")] = true
			}
		}
	}
	return admins, nil
}

// readers names who, without being admin, has a permission to read a
// collection for which a condition holds.
func (in Input) readers(ctx context.Context, collection string, holds func(row) bool) ([]string, bool, error) {
	rows, err := in.rows(ctx, "directus_permissions")
	if err != nil {
		return nil, false, err
	}
	admins, err := in.adminOwners(ctx)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range rows {
		if r.text("collection") != collection || r.text("action") != "read" || !holds(r) || admins[r.text("policy")+r.text("role")] {
			continue
		}
		owner, err := in.ownerOf(ctx, r)
		if err != nil {
			return nil, false, err
		}
		evidence = append(evidence, fmt.Sprintf("permission %s of %s", r.text("id"), owner))
	}
	return found(evidence)
}

func allFields(r row) bool { return slices.Contains(strings.Split(r.text("fields"), ","), "*") }

func detectSettingsReaders(ctx context.Context, in Input) ([]string, bool, error) {
	return in.readers(ctx, "directus_settings", allFields)
}

func detectFolderReaders(ctx context.Context, in Input) ([]string, bool, error) {
	return in.readers(ctx, "directus_folders", func(r row) bool {
		return slices.Contains([]string{"", "null", "{}"}, strings.TrimSpace(r.text("permissions")))
	})
}

// detectEmptyOperations follows the new condition of the operations: neither
// keys nor a query with anything in it; a list as payload is a batch.
func detectEmptyOperations(ctx context.Context, in Input) ([]string, bool, error) {
	rows, err := in.rows(ctx, "directus_operations")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range rows {
		kind := r.text("type")
		if kind != "item-update" && kind != "item-delete" {
			continue
		}
		var options struct {
			Key, Query, Payload any
		}
		if text := r.text("options"); text != "" {
			if err := json.Unmarshal([]byte(text), &options); err != nil {
				continue // such an operation does not run at all
			}
		}
		if !empty(options.Key) || !empty(options.Query) || kind == "item-update" && isList(options.Payload) {
			continue
		}
		text, err := in.describe(ctx, "directus_operations", r)
		if err != nil {
			return nil, false, err
		}
		evidence = append(evidence, fmt.Sprintf("%s: %s %v", text, strings.TrimPrefix(kind, "item-"), optionOf(r, "collection")))
	}
	slices.Sort(evidence)
	return found(evidence)
}

func optionOf(r row, key string) any {
	var options map[string]any
	if err := json.Unmarshal([]byte(r.text("options")), &options); err != nil {
		return ""
	}
	return options[key]
}

// empty reports whether a value of an option holds nothing. Options may be
// JSON in a text.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		var inner any
		if text := strings.TrimSpace(v); text != "" && json.Unmarshal([]byte(text), &inner) != nil {
			return false // a key, or a template
		}
		_, isText := inner.(string)
		return isText || empty(inner)
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func isList(value any) bool {
	if text, ok := value.(string); ok {
		var inner any
		if json.Unmarshal([]byte(text), &inner) != nil {
			return false
		}
		value = inner
	}
	_, ok := value.([]any)
	return ok
}

// The largest side of an image that may be asked for, by release.
const (
	maxSide12_2 = 3000
	maxSide12_3 = 6000
)

func detectAssetSizes(ctx context.Context, in Input) ([]string, bool, error) {
	if in.isSet("ASSETS_TRANSFORM_IMAGE_MAX_OUTPUT_DIMENSION") {
		return nil, false, nil
	}
	_, to, err := in.versions()
	if err != nil {
		return nil, false, err
	}
	most := float64(maxSide12_3)
	if to.LessThan(semver.MustParse("12.3.0")) {
		most = maxSide12_2
	}
	settings, err := in.rows(ctx, "directus_settings")
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, r := range settings {
		for _, p := range assetPresets(r.text("storage_asset_presets")) {
			if p.side() > most {
				evidence = append(evidence, fmt.Sprintf("the transformation %s is larger than %v pixels", p.Key, most))
			}
		}
	}
	return found(evidence)
}
