package tui

import (
	"bunnyhop/internal/change"
	"bunnyhop/steps"
)

func init() {
	for name, press := range map[string][]string{
		"review-rename":          {"down"},
		"review-rename-accepted": {"down", "space"},
		// The deletion, before and after the values are copied.
		"review-rename-deletion": {"G"},
		"review-rename-relieved": {"down", "space", "G", "space"},
		// The copy is rejected again, and the deletion with it.
		"review-rename-exposed": {"down", "space", "G", "space", "up", "up", "space"},
	} {
		scenes[name] = func(p *playhouse) {
			p.until("review")
			p.events(steps.GateOpened{Step: "review", Gate: renameReview()})
			p.press(press...)
		}
	}
}

// renameReview is a review in which a field seems to have got another name.
func renameReview() steps.Gate {
	const column = "{\n  \"type\": \"string\",\n  \"schema\": {\n    \"max_length\": 255\n  }\n}"
	made := fieldChange(actionCreate, "posts", "headline", "", "", column, change.Safe, "A column of type string.")
	gone := fieldChange(actionDelete, "posts", "title", "", column, "", change.Destructive, "The column is dropped with its values.")
	gone.Evidence = []change.Evidence{{Label: "values in the column", Value: "1,204", Loss: true}}
	offer := change.Change{
		ID: "rename posts.title → headline", Group: "posts", Title: "copy values of title into headline", Risk: change.Caution,
		Detail: "It looks as if title got the name headline, which Directus cannot do. When headline is made, the values of title are copied into it " +
			"and compared; if title is deleted, then only after that.",
		Undo: "deleting headline again, as long as title is there", Requires: []string{made.ID},
		Evidence: []change.Evidence{
			{Label: "same type", Value: "string of 255 characters"},
			{Label: "place among the fields", Value: "the same"},
			{Label: "same values", Value: "1,204 of 1,204 values are the same as in the base's headline"},
			{Label: "values to copy", Value: "1,204"},
		},
		Model: &change.Model{Action: actionCopy, Entity: "field", Collection: "posts", Field: "headline"},
	}
	gone.Relief = &change.Relief{
		By: offer.ID, Risk: change.Caution, Detail: "The column is dropped after its values were copied into headline and compared with it.",
		Evidence: []change.Evidence{{Label: "values in the column", Value: "1,204, which are in headline then"}},
	}
	note := fieldChange(actionUpdate, "posts", "teaser", "meta.note", "", "In one sentence", change.Safe, "")
	return steps.Gate{
		ID: "review", Kind: steps.GateReview, Title: "Review", Flag: "--decisions", Text: "What would make the data model of newsroom into that of staging.",
		Changes: []change.Change{made, offer, note, gone},
	}
}
