package tui

import (
	"fmt"
	"strings"

	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

func init() {
	for name, press := range map[string][]string{
		"review-model":              nil,
		"review-model-deleted":      {"f", "f", "f", "f", "down", "down"},
		"review-model-group":        {"home"},
		"review-model-followed":     {"space", "]", "]", "]", "]", "space"},
		"review-model-kind":         {"f", "f"},
		"review-model-noise":        {"n"},
		"review-model-help":         {"?"},
		"review-model-help-end":     {"?", "pgdown", "pgdown"},
		"review-model-dependencies": {"f", "f", "down", "down", "d"},
		"review-model-safe":         {"A"},
	} {
		scenes[name] = func(p *playhouse) {
			p.reviewModel()
			p.press(press...)
		}
	}
	scenes["review-model-filter"] = func(p *playhouse) {
		p.reviewModel()
		p.press("/")
		p.typed("posts destr")
	}
	scenes["review-model-options"] = func(p *playhouse) {
		p.reviewModel()
		p.press("/")
		p.typed("options")
		p.press("enter", "down")
	}
	scenes["review-model-text"] = func(p *playhouse) {
		p.reviewModel()
		p.press("/")
		p.typed("note")
		p.press("enter", "down")
	}
	scenes["review-model-blocked"] = func(p *playhouse) {
		p.reviewModel()
		p.press("/")
		p.typed("unique")
		p.press("enter", "down", "down", "space")
	}
	scenes["review-large"] = func(p *playhouse) {
		p.until("review")
		p.events(steps.GateOpened{Step: "review", Gate: largeReview(60, 40)})
		p.press("G", "up", "a")
	}
}

func (p *playhouse) reviewModel() {
	p.until("review")
	p.events(steps.GateOpened{Step: "review", Gate: modelReview()})
}

func fieldChange(action, collection, field, attribute, before, after string, risk change.Risk, detail string) change.Change {
	title, id := field, "field "+collection+"."+field
	if attribute != "" {
		title, id = title+" · "+attribute, id+" "+attribute
	}
	return change.Change{
		ID: id, Group: collection, Title: title, Before: before, After: after, Risk: risk, Recommended: risk == change.Safe, Detail: detail,
		Model: &change.Model{Action: action, Entity: "field", Collection: collection, Field: field, Attribute: attribute},
	}
}

func tableChange(action, collection, detail string, risk change.Risk, body string) change.Change {
	ch := change.Change{
		ID: "collection " + collection, Group: collection, Title: "table " + collection, Risk: risk, Recommended: risk == change.Safe, Detail: detail, Before: body,
		Model: &change.Model{Action: action, Entity: "collection", Collection: collection},
	}
	if action == actionCreate {
		ch.Before, ch.After = "", body
	}
	return ch
}

const (
	choicesBefore = `{
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
  "placeholder": "Choose the state of the article"
}`
	choicesAfter = `{
  "choices": [
    {
      "text": "$t:draft",
      "value": "draft"
    },
    {
      "text": "$t:in_review",
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
  "placeholder": "Choose the state of the post"
}`
	noteBefore = "The first lines of the article, as they stand on the front page and in the newsletter. Keep it under 300 signs; the newsletter cuts anything longer, without a word. No links, please."
	noteAfter  = "The first lines of the post, as they stand on the front page, in search results and in the newsletter. Keep it under 280 signs; the newsletter cuts anything longer, without a word. Links are fine."
)

// modelReview is the review of a data model as a promotion has it.
func modelReview() steps.Gate {
	relation := change.Change{
		ID: "relation posts.author → authors", Group: "posts", Title: "author → authors", Risk: change.Safe, Recommended: true, Detail: "A relation with a foreign key.",
		After:    "{\n  \"related_collection\": \"authors\",\n  \"schema\": {\n    \"on_delete\": \"SET NULL\"\n  }\n}",
		Requires: []string{"field posts.author", "collection authors"},
		Model:    &change.Model{Action: actionCreate, Entity: "relation", Collection: "posts", Field: "author", Related: "authors"},
	}
	author := fieldChange(actionCreate, "posts", "author", "", "", "{\n  \"type\": \"uuid\",\n  \"meta\": {\n    \"interface\": \"select-dropdown-m2o\",\n    \"special\": [\n      \"m2o\"\n    ]\n  }\n}", change.Safe, "A column of type uuid.")
	length := fieldChange(actionUpdate, "posts", "title", "schema.max_length", "255", "100", change.Caution, "The longest text that the column takes.")
	length.Evidence = []change.Evidence{{Label: "longest value today", Value: "87"}, {Label: "values longer than 100", Value: "0 of 1,204"}}
	unique := fieldChange(actionUpdate, "posts", "slug", "schema.is_unique", "false", "true", change.Caution, "No two rows may have the same value.")
	unique.Blocked = "3 values stand in more than one row; the database refuses the index until they are told apart"
	unique.Evidence = []change.Evidence{{Label: "values in more than one row", Value: "3 (hello-world, news, untitled)"}}
	required := fieldChange(actionUpdate, "posts", "slug", "meta.required", "false", "true", change.Safe, "")
	required.Requires = []string{unique.ID}
	required.Blocked = "it needs posts · slug · schema.is_unique, which cannot be accepted"
	legacy := fieldChange(actionDelete, "posts", "legacy_id", "", "{\n  \"type\": \"integer\",\n  \"schema\": {\n    \"data_type\": \"integer\",\n    \"is_nullable\": true\n  }\n}", "", change.Destructive, "The column is dropped with its values.")
	legacy.Evidence = []change.Evidence{{Label: "values that are not empty", Value: "1,199 of 1,204", Loss: true}, {Label: "used by", Value: "2 flows, 1 permission"}}
	body := fieldChange(actionReplace, "posts", "body", "", "{\n  \"type\": \"alias\"\n}", "{\n  \"type\": \"text\"\n}", change.Destructive, "The column is deleted with its values, and made anew.")
	table := tableChange(actionDelete, "old_comments", "The table is dropped with its rows, 9 fields and 2 relations.", change.Destructive, "{\n  \"meta\": {\n    \"icon\": \"comment\",\n    \"hidden\": true\n  }\n}")
	table.Evidence = []change.Evidence{
		{Label: "rows", Value: "48,211", Loss: true},
		{Label: "rows of other tables that point here", Value: "112 (posts.pinned_comment)", Loss: true},
		{Label: "last change", Value: "2024-05-01 10:22"},
	}
	table.Undo = "the backup that is made before"
	authors := tableChange(actionCreate, "authors", "A table. Its fields are changes of their own.", change.Safe, "{\n  \"meta\": {\n    \"icon\": \"person\"\n  }\n}")
	name := fieldChange(actionCreate, "authors", "name", "", "", "{\n  \"type\": \"string\"\n}", change.Safe, "A column of type string.")
	name.Requires, author.Requires = []string{authors.ID}, []string{relation.ID}
	folder := change.Change{
		ID: "collection site meta.note", Group: "site", Title: "site · meta.note", Before: "", After: "Everything that stands on every page", Risk: change.Safe, Recommended: true,
		Model: &change.Model{Action: actionUpdate, Entity: "collection", Collection: "site", Attribute: "meta.note"},
	}
	locked := change.Change{
		ID: "file:package.json", Group: "Project files", Title: "package.json", Risk: change.Safe, Locked: "the new version is installed from it", Before: "directus 11.17.4", After: "directus 12.4.0",
	}
	return steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Flag: "--decisions", Text: "What would make the data model of newsroom into that of staging.", Changes: []change.Change{
		authors, name,
		table,
		author, body,
		length,
		fieldChange(actionUpdate, "posts", "status", "meta.options", choicesBefore, choicesAfter, change.Safe, ""),
		fieldChange(actionUpdate, "posts", "teaser", "meta.note", noteBefore, noteAfter, change.Safe, ""),
		fieldChange(actionUpdate, "posts", "teaser", "schema.is_nullable", "true", "false", change.Caution, "Every row must have a value."),
		fieldChange(actionCreate, "posts", "subtitle", "", "", "{\n  \"type\": \"string\",\n  \"meta\": {\n    \"interface\": \"input\",\n    \"width\": \"full\"\n  },\n  \"schema\": {\n    \"max_length\": 255,\n    \"is_nullable\": true\n  }\n}", change.Safe, "A column of type string."),
		unique, required, legacy, relation,
		folder,
		locked,
	}, Noise: []change.Noise{
		{Reason: "one version does not have the attribute, the other has it at its default", Count: 214, Examples: []string{"field posts.title meta.searchable", "field posts.body meta.searchable", "collection posts meta.versioning"}},
		{Reason: "one version does not say what is indexed", Count: 61, Examples: []string{"field posts.author schema.is_indexed"}},
		{Reason: "one version sorts lists", Count: 27, Examples: []string{"field posts.tags meta.special", "relation posts_tags.posts_id → posts meta.one_allowed_collections"}},
	}}
}

// largeReview is a review of groups times each changes.
func largeReview(groups, each int) steps.Gate {
	gate := steps.Gate{ID: "review", Kind: steps.GateReview, Title: "Review", Noise: []change.Noise{{Reason: "one version sorts lists", Count: 4000}}}
	for g := range groups {
		collection := fmt.Sprintf("collection_%03d", g)
		table := tableChange(actionCreate, collection, "A table. Its fields are changes of their own.", change.Safe, "{\n  \"meta\": {\n    \"icon\": \"box\"\n  }\n}")
		gate.Changes = append(gate.Changes, table)
		for f := 1; f < each; f++ {
			field := fmt.Sprintf("field_%02d", f/2)
			var ch change.Change
			switch f % 4 {
			case 0:
				ch = fieldChange(actionUpdate, collection, field, "schema.max_length", "255", "100", change.Caution, "The longest text that the column takes.")
				ch.Evidence = []change.Evidence{{Label: "longest value today", Value: "87"}}
			case 1:
				ch = fieldChange(actionUpdate, collection, field, "meta.options", choicesBefore, choicesAfter, change.Safe, "")
			case 2:
				ch = fieldChange(actionUpdate, collection, field, "meta.note", noteBefore, strings.ReplaceAll(noteAfter, "post", collection), change.Safe, "")
			default:
				ch = fieldChange(actionDelete, collection, field, "", "{\n  \"type\": \"integer\"\n}", "", change.Destructive, "The column is dropped with its values.")
				ch.Evidence = []change.Evidence{{Label: "values that are not empty", Value: "1,199", Loss: true}}
			}
			ch.Requires = []string{table.ID}
			gate.Changes = append(gate.Changes, ch)
		}
	}
	return gate
}
