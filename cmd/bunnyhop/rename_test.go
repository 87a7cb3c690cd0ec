package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
)

// TestAcceptanceOfRenames: that a field got another name is accepted unseen
// only where a pattern names the field, whatever else would pull it in.
func TestAcceptanceOfRenames(t *testing.T) {
	offer := modelChange("copy", "posts", "headline", change.Caution, "create")
	offer.Model.Action = "copy"
	created := modelChange("create", "posts", "headline", change.Safe)
	gone := modelChange("delete", "posts", "title", change.Destructive)
	gone.Model.Action, gone.Relief = "delete", &change.Relief{By: "copy", Risk: change.Caution}
	plain := []change.Change{created, offer, gone}
	ring := slices.Clone(plain) // a column that must have values
	ring[0].Requires = []string{"copy"}
	for _, test := range []struct {
		name    string
		changes []change.Change
		rules   acceptance
		want    []string
	}{
		{"safe", plain, acceptance{accept: []string{"safe"}}, []string{"create"}},
		{"all", plain, acceptance{accept: []string{"all"}}, []string{"create"}},
		{"all, where one is nothing without the other", ring, acceptance{accept: []string{"all"}}, nil},
		{"the field", plain, acceptance{accept: []string{"posts.headline"}}, []string{"copy", "create"}},
		{"the field of a ring", ring, acceptance{accept: []string{"posts.headline"}}, []string{"copy", "create"}},
		{"the collection", plain, acceptance{accept: []string{"posts"}}, []string{"copy", "create"}},
		{"all and the field", ring, acceptance{accept: []string{"all", "posts.headline"}}, []string{"copy", "create"}},
		{"the loss is named by itself", plain, acceptance{accept: []string{"posts.headline"}, loss: []string{"posts.title"}}, []string{"copy", "create", "delete"}},
		{"the field is rejected", plain, acceptance{accept: []string{"posts"}, reject: []string{"posts.headline"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			decisions, err := Policy{Accept: test.rules}.review(test.changes, false)
			if err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(decisions, func(_ string, accept bool) bool { return !accept })
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(decisions))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if decisions, err := (Policy{}).review(plain, true); err != nil || decisions["copy"] || !decisions["create"] {
		t.Errorf("--yes: %v, %v", decisions, err)
	}
}
