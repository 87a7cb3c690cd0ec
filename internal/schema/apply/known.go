package apply

import (
	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// later are attributes that came after 10.13, with the first version that has
// them (their migrations: 20251012A, 20260507A, 20260512A).
var later = map[compare.Entity]map[string]string{
	compare.Field:      {"searchable": "11.13.0"},
	compare.Collection: {"status": "12.0.0", "autosave_revision_interval": "12.0.0"},
}

// standard are the values of these that mean nothing to a version without them.
var standard = snapshot.Object{"searchable": true, "status": "active", "versioning": false}

// earlier are the attributes of 10.13.4.
var earlier = map[compare.Entity][]string{
	compare.Collection: {
		"accountability", "archive_app_filter", "archive_field", "archive_value", "collapse", "collection", "color", "display_template", "group", "hidden",
		"icon", "item_duplication_fields", "note", "preview_url", "singleton", "sort", "sort_field", "translations", "unarchive_value", "versioning",
	},
	compare.Field: {
		"collection", "conditions", "display", "display_options", "field", "group", "hidden", "interface", "note", "options", "readonly", "required",
		"sort", "special", "translations", "validation", "validation_message", "width",
	},
	compare.Relation: {
		"junction_field", "many_collection", "many_field", "one_allowed_collections", "one_collection", "one_collection_field", "one_deselect_action",
		"one_field", "sort_field",
	},
}

// knownAttributes are those that a project's version has: what its own
// snapshot shows, which has them all, or, where it shows nothing, what is
// known of its version.
func knownAttributes(s *snapshot.Snapshot) map[compare.Entity]map[string]bool {
	known := map[compare.Entity]map[string]bool{compare.Collection: {}, compare.Field: {}, compare.Relation: {}}
	add := func(entity compare.Entity, meta snapshot.Object) {
		for key := range meta {
			known[entity][key] = true
		}
	}
	for _, c := range s.Collections {
		add(compare.Collection, c.Meta)
	}
	for _, f := range s.Fields {
		add(compare.Field, f.Meta)
	}
	for _, r := range s.Relations {
		add(compare.Relation, r.Meta)
	}
	for entity, attributes := range known {
		if len(attributes) > 0 {
			continue
		}
		for _, key := range earlier[entity] {
			attributes[key] = true
		}
		for key, first := range later[entity] {
			attributes[key] = atLeast(s.Directus, first)
		}
	}
	return known
}

// atLeast compares exact versions; one that is not exact is taken for older.
func atLeast(version, first string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && !v.LessThan(semver.MustParse(first))
}
