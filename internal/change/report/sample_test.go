package report

import (
	"fmt"
	"strings"
	"time"

	"bunnyhop/internal/change"
)

// sample is the review of a promotion from staging.
func sample() Review {
	return Review{
		Title: "staging → blog",
		Facts: [][2]string{
			{"base", "staging · Directus 12.4.0 · PostgreSQL"},
			{"target", "blog · Directus 11.17.4 · MariaDB"},
			{"mode", "mirror"},
		},
		Changes: sampleChanges(),
		Decisions: change.Decisions{
			"collection authors": true, "field authors.name": true, "field posts.author": true, "relation posts.author": true,
			"field posts.legacy_id": true, "field posts.body": false, "field posts.teaser meta.note": true, "field posts.status meta.options": true,
		},
		Noise: []change.Noise{
			{Reason: "one version does not have the attribute, the other has it at its default", Count: 214, Examples: []string{"field posts.title meta.searchable", "collection posts meta.versioning"}},
			{Reason: "one version sorts lists", Count: 1, Examples: []string{"field posts.tags meta.special"}},
		},
		LeftOut: 3,
		At:      time.Date(2026, 11, 21, 14, 5, 0, 0, time.FixedZone("CET", 3600)),
	}
}

func model(action, entity, collection, field, attribute string) *change.Model {
	return &change.Model{Action: action, Entity: entity, Collection: collection, Field: field, Attribute: attribute}
}

func field(action, collection, name, attribute, before, after string, risk change.Risk) change.Change {
	title, id := name, "field "+collection+"."+name
	if attribute != "" {
		title, id = title+" · "+attribute, id+" "+attribute
	}
	return change.Change{
		ID: id, Group: collection, Title: title, Before: before, After: after, Risk: risk, Recommended: risk == change.Safe,
		Model: model(action, "field", collection, name, attribute),
	}
}

func table(action, name, before, after string, risk change.Risk) change.Change {
	return change.Change{
		ID: "collection " + name, Group: name, Title: "table " + name, Before: before, After: after, Risk: risk, Recommended: risk == change.Safe,
		Model: model(action, "collection", name, "", ""),
	}
}

const (
	optionsBefore = `{
  "choices": [
    {
      "text": "$t:draft",
      "value": "draft"
    },
    {
      "text": "$t:published",
      "value": "published"
    }
  ],
  "allowOther": false,
  "iconOn": "check_box",
  "iconOff": "check_box_outline_blank",
  "color": "#6644FF",
  "width": "half",
  "placeholder": "Choose the state of the article"
}`
	optionsAfter = `{
  "choices": [
    {
      "text": "$t:draft",
      "value": "draft"
    },
    {
      "text": "In review",
      "value": "review"
    },
    {
      "text": "$t:published",
      "value": "published"
    }
  ],
  "allowOther": true,
  "iconOn": "check_box",
  "iconOff": "check_box_outline_blank",
  "color": "#6644FF",
  "width": "half",
  "placeholder": "Choose the state of the post"
}`
	noteBefore = "The first lines of the article, as they stand on the front page and in the newsletter. Keep it under 300 characters; the newsletter cuts anything longer. No links, please."
	noteAfter  = "The first lines of the post, as they stand on the front page, in search results and in the newsletter. Keep it under 280 characters; the newsletter cuts anything longer. Links are fine."
)

func sampleChanges() []change.Change {
	authors := table("create", "authors", "", "{\n  \"meta\": {\n    \"icon\": \"person\",\n    \"note\": \"Who writes\"\n  }\n}", change.Safe)
	authors.Detail = "A table. Its fields are changes of their own."
	name := field("create", "authors", "name", "", "", "{\n  \"type\": \"string\",\n  \"schema\": {\n    \"max_length\": 255\n  }\n}", change.Safe)
	name.Detail, name.Requires = "A column of type string.", []string{authors.ID}

	comments := table("delete", "old_comments", "{\n  \"meta\": {\n    \"hidden\": true,\n    \"icon\": \"comment\"\n  }\n}", "", change.Destructive)
	comments.Detail = "The table is dropped with its rows, 9 fields and 2 relations."
	comments.Evidence = []change.Evidence{
		{Label: "rows", Value: "48,211", Loss: true},
		{Label: "rows of other tables that point here", Value: "112 (posts.pinned_comment)", Loss: true},
		{Label: "last change", Value: "2024-05-01 10:22"},
	}
	comments.Undo = "the backup that is made before"

	author := field("create", "posts", "author", "", "", "{\n  \"type\": \"uuid\",\n  \"meta\": {\n    \"interface\": \"select-dropdown-m2o\",\n    \"special\": [\n      \"m2o\"\n    ]\n  }\n}", change.Safe)
	author.Detail = "A column of type uuid."
	relation := change.Change{
		ID: "relation posts.author", Group: "posts", Title: "author → authors", Detail: "A relation with a foreign key.", Risk: change.Safe, Recommended: true,
		After:    "{\n  \"related_collection\": \"authors\",\n  \"schema\": {\n    \"on_delete\": \"SET NULL\"\n  }\n}",
		Requires: []string{author.ID, authors.ID},
		Model:    &change.Model{Action: "create", Entity: "relation", Collection: "posts", Field: "author", Related: "authors"},
	}
	author.Requires = []string{relation.ID}
	body := field("replace", "posts", "body", "", "{\n  \"type\": \"alias\"\n}", "{\n  \"type\": \"text\",\n  \"meta\": {\n    \"interface\": \"input-rich-text-md\"\n  }\n}", change.Destructive)
	body.Detail = "The column is deleted with its values, and made anew."
	legacy := field("delete", "posts", "legacy_id", "", "integer", "", change.Destructive)
	legacy.Detail = "The column is dropped with its values."
	legacy.Evidence = []change.Evidence{{Label: "values that are not empty", Value: "1,199 of 1,204", Loss: true}, {Label: "used by", Value: "2 flows, 1 permission"}}
	unique := field("update", "posts", "slug", "schema.is_unique", "false", "true", change.Caution)
	unique.Detail = "No two rows may have the same value."
	unique.Blocked = "3 values stand in more than one row; the database refuses the index until they are told apart"
	unique.Evidence = []change.Evidence{{Label: "values in more than one row", Value: "3 (hello-world, news, untitled)"}}
	length := field("update", "posts", "title", "schema.max_length", "255", "100", change.Caution)
	length.Detail = "The longest text that the column takes."
	length.Evidence = []change.Evidence{{Label: "longest value today", Value: "87"}, {Label: "values longer than 100", Value: "0 of 1,204"}}
	files := change.Change{
		ID: "file:package.json", Group: "Project files", Title: "package.json", Risk: change.Safe, Locked: "the new version is installed from it",
		Before: "directus 11.17.4", After: "directus 12.4.0",
	}
	migration := change.Change{
		ID: "migration:20240806A", Group: "Migrations", Title: "20240806A Permissions policies", Risk: change.Caution, Recommended: true,
		Detail: "Permissions move from roles to policies.\nRoles keep their names.",
	}
	return []change.Change{
		authors, name,
		comments,
		author, relation, body, legacy, unique, length,
		field("update", "posts", "status", "meta.options", optionsBefore, optionsAfter, change.Safe),
		field("update", "posts", "teaser", "meta.note", noteBefore, noteAfter, change.Safe),
		field("update", "posts", "subtitle", "meta.note", "", "Shown below the title", change.Safe),
		files,
		migration,
	}
}

// large is a review of so many tables with so many changes each.
func large(tables, each int) Review {
	r := Review{Title: "staging → blog", Decisions: change.Decisions{}}
	for t := range tables {
		collection := fmt.Sprintf("collection_%03d", t)
		r.Changes = append(r.Changes, table("create", collection, "", "{\n  \"meta\": {\n    \"icon\": \"box\"\n  }\n}", change.Safe))
		for f := 1; f < each; f++ {
			name := fmt.Sprintf("field_%02d", f)
			var c change.Change
			switch f % 4 {
			case 0:
				c = field("update", collection, name, "schema.max_length", "255", "100", change.Caution)
				c.Evidence = []change.Evidence{{Label: "longest value today", Value: "87"}}
			case 1:
				c = field("update", collection, name, "meta.options", optionsBefore, optionsAfter, change.Safe)
			case 2:
				c = field("update", collection, name, "meta.note", noteBefore, strings.ReplaceAll(noteAfter, "post", collection), change.Safe)
			default:
				c = field("delete", collection, name, "", "{\n  \"type\": \"integer\"\n}", "", change.Destructive)
				c.Evidence = []change.Evidence{{Label: "values that are not empty", Value: "1,199", Loss: true}}
			}
			c.Requires = []string{"collection " + collection}
			r.Changes = append(r.Changes, c)
			r.Decisions[c.ID] = f%3 == 0
		}
	}
	return r
}
