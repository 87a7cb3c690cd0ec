package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bunnyhop/internal/schema/review"
	"bunnyhop/steps/model"
	"bunnyhop/tui"
)

// TestWizardFindsModels: a place that was typed into the wizard is looked at
// before a run begins, and leads to the promotion that a command would start.
func TestWizardFindsModels(t *testing.T) {
	a, o := newProject(t)
	wanted := filepath.Join(t.TempDir(), "wanted.json")
	if err := os.WriteFile(wanted, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.environ = nil
	for place, want := range map[string]string{
		wanted:                        "",
		o.Root:                        "the project itself",
		filepath.Join(o.Root, "none"): "there is no ",
		"https://cms.example.com":     "without logging in",
		"https://a:b@cms.example.com": "without a user",
	} {
		err := a.findModel(t.Context(), place)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", place, err, want)
		}
	}
	a.environ = []string{"BUNNYHOP_BASE_TOKEN=x"}
	if err := a.findModel(t.Context(), "https://cms.example.com"); err != nil {
		t.Errorf("with a token: %v", err)
	}

	got, err := a.wanted(request{}, tui.Job{Kind: tui.JobPromote, Base: wanted, Mode: review.Add})
	if err != nil {
		t.Fatal(err)
	}
	p := got.promotion
	if got.kind != tui.JobPromote || p == nil || p.Mode != review.Add ||
		p.Base != (model.Source{Kind: model.Snapshot, Place: wanted}) || p.Target != (model.Source{Kind: model.Project, Place: o.Root}) {
		t.Errorf("got %+v, %+v", got, p)
	}
}
