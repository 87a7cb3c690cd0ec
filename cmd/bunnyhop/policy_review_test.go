package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
)

func modelChange(id, collection, field string, risk change.Risk, requires ...string) change.Change {
	return change.Change{
		ID: id, Group: collection, Title: id, Risk: risk, Recommended: risk == change.Safe, Requires: requires,
		Model: &change.Model{Action: "update", Entity: "field", Collection: collection, Field: field},
	}
}

func TestAcceptanceRules(t *testing.T) {
	blocked := modelChange("blocked", "posts", "slug", change.Safe)
	blocked.Blocked, blocked.Recommended = "two rows are alike", false
	empty := modelChange("empty", "posts", "unused", change.Caution)
	empty.Model.Action = "delete"
	changes := []change.Change{
		empty,
		modelChange("safe", "posts", "title", change.Safe),
		modelChange("caution", "posts", "status", change.Caution),
		modelChange("drop", "posts", "legacy", change.Destructive),
		modelChange("other", "pages", "title", change.Safe),
		modelChange("drags", "pages", "moved", change.Safe, "drop"),
		blocked,
	}
	for _, test := range []struct {
		name  string
		rules acceptance
		want  []string
	}{
		{"safe", acceptance{accept: []string{"safe"}}, []string{"other", "safe"}},
		{"all but deletions", acceptance{accept: []string{"all"}}, []string{"caution", "other", "safe"}},
		{"a collection", acceptance{accept: []string{"posts"}}, []string{"caution", "safe"}},
		{"a field", acceptance{accept: []string{"posts.st*"}}, []string{"caution"}},
		{"a deletion by name", acceptance{loss: []string{"posts.legacy"}}, []string{"drop"}},
		{"a deletion that is named may be pulled in", acceptance{accept: []string{"safe"}, loss: []string{"posts.legacy"}}, []string{"drags", "drop", "other", "safe"}},
		{"rejected wins", acceptance{accept: []string{"all"}, reject: []string{"pages"}}, []string{"caution", "safe"}},
		{"a deletion is not accepted by its collection", acceptance{accept: []string{"posts.legacy"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			decisions, err := Policy{Accept: test.rules}.review(changes, false)
			if err != nil {
				t.Fatal(err)
			}
			if open := change.Undecided(changes, decisions); len(open) > 0 {
				t.Errorf("left open: %v", open)
			}
			maps.DeleteFunc(decisions, func(_ string, accept bool) bool { return !accept })
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(decisions))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if err := (acceptance{accept: []string{"[a"}}).check(); err == nil {
		t.Error("a broken pattern is taken")
	}
	if _, err := (Policy{Decisions: change.Decisions{"blocked": true}}).review(changes, true); err == nil {
		t.Error("a file accepts what is blocked")
	}
}

// TestRulesAreAboutTheDataModel: what else an upgrade changes is left to --yes
// and --decisions.
func TestRulesAreAboutTheDataModel(t *testing.T) {
	line := change.Change{ID: "env:IP_TRUST_PROXY", Risk: change.Safe, Recommended: true}
	changes := []change.Change{line, modelChange("title", "posts", "title", change.Caution)}
	all := acceptance{accept: []string{"all"}}
	for _, test := range []struct {
		yes  bool
		want change.Decisions
	}{
		{false, change.Decisions{"title": true}},
		{true, change.Decisions{"title": true, line.ID: true}},
	} {
		decisions, err := Policy{Accept: all}.review(changes, test.yes)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, decisions); diff != "" {
			t.Errorf("--yes %v (-want +got)\n%s", test.yes, diff)
		}
	}
}
