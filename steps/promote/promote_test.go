package promote_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	difference "bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// read is the data model of a project now.
func read(t *testing.T, p *testbed.Project) *snapshot.Snapshot {
	t.Helper()
	s, err := model.ReadDatabase(t.Context(), p.Config(), p.Database(), "10.13.4")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write makes a snapshot file.
func write(t *testing.T, s *snapshot.Snapshot) model.Source {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "wanted.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return model.Source{Kind: model.Snapshot, Place: path}
}

// edited is the model with a new field, another note, a shorter column and
// without a column and a table.
func edited(s *snapshot.Snapshot) *snapshot.Snapshot {
	wanted := *s
	gone := func(collection, field string) bool {
		return collection == "letters" || collection == "articles" && field == "minutes"
	}
	wanted.Collections = slices.DeleteFunc(slices.Clone(s.Collections), func(c snapshot.Collection) bool { return gone(c.Collection, "") })
	wanted.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(f snapshot.Field) bool {
		return gone(f.Collection, f.Field) || f.Collection == "articles" && f.Field == "letters"
	})
	wanted.Relations = slices.DeleteFunc(slices.Clone(s.Relations), func(r snapshot.Relation) bool { return gone(r.Collection, r.Field) })
	for i, f := range wanted.Fields {
		switch f.Collection + "." + f.Field {
		case "authors.name":
			f.Schema = maps.Clone(f.Schema)
			f.Schema["max_length"] = 3.0 // shorter than every name
			wanted.Fields[i] = f
		case "sections.name":
			f.Meta = maps.Clone(f.Meta)
			f.Meta["note"] = "As readers see it"
			wanted.Fields[i] = f
		case "articles.title":
			f.Field, f.Meta, f.Schema = "subtitle", maps.Clone(f.Meta), maps.Clone(f.Schema)
			f.Meta["field"], f.Schema["name"], f.Schema["is_nullable"], f.Schema["default_value"] = "subtitle", "subtitle", true, nil
			wanted.Fields = append(wanted.Fields, f)
		}
	}
	return &wanted
}

// promoting drives a promotion; choose answers the review.
func promoting(t *testing.T, o site.Options, choice promote.Options, choose func([]change.Change) change.Decisions) (steps.Result, *steps.Run) {
	t.Helper()
	engine, err := steps.Start(promote.Flow(o, choice), o.Root)
	if err != nil {
		t.Fatal(err)
	}
	return drive(t, engine, choose), engine.Run()
}

func drive(t *testing.T, engine *steps.Engine, choose func([]change.Change) change.Decisions) steps.Result {
	t.Helper()
	events, done := engine.Subscribe(), make(chan struct{})
	go func() {
		defer close(done)
		for event := range events {
			switch e := event.(type) {
			case steps.Output:
				t.Logf("%s | %s", e.Step, e.Line)
			case steps.StepDone:
				t.Logf("%s done: %s", e.Step, e.Summary)
			case steps.StepFailed:
				t.Logf("%s FAILED: %s / %s", e.Step, e.Error, e.Hint)
			case steps.GateOpened:
				answer := steps.Answer{Choice: steps.ChooseRollback}
				if e.Gate.Kind == steps.GateReview {
					answer = steps.Answer{Decisions: choose(e.Gate.Changes)}
				}
				if err := engine.Answer(e.Gate.ID, answer); err != nil {
					_ = engine.Decline(e.Gate.ID, err)
				}
			}
		}
	}()
	result := engine.Execute(context.WithoutCancel(t.Context()))
	<-done
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
	return result
}

// all accepts what can be accepted, but for what a name begins with.
func all(but ...string) func([]change.Change) change.Decisions {
	return func(changes []change.Change) change.Decisions {
		r := change.NewReview(changes, nil)
		for i := range changes {
			r.Decide(true, i)
		}
		for i, c := range changes {
			if slices.ContainsFunc(but, func(prefix string) bool { return strings.HasPrefix(c.ID, prefix) }) {
				r.Decide(false, i)
			}
		}
		decisions := r.Decisions()
		for _, id := range change.Undecided(changes, decisions) {
			decisions[id] = false
		}
		return decisions
	}
}

func options(p *testbed.Project) site.Options {
	return site.Options{Root: p.Root, Environ: p.Environ()}
}

func target(p *testbed.Project) model.Source { return model.Source{Kind: model.Project, Place: p.Root} }

// keysOf are the changes that would make one model of another.
func keysOf(t *testing.T, from, to *snapshot.Snapshot) []string {
	t.Helper()
	result, err := difference.Compare(from, to)
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, c := range result.Changes {
		keys = append(keys, c.Key())
	}
	return keys
}

// TestPromotion: what was accepted is there, what was rejected or would cut
// values is not, and rows of other tables are as they were; a running server
// knows of it. Then the data model of before comes back, and the backup brings
// the values that went.
func TestPromotion(t *testing.T) {
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			p.Serve()
			before, rows := read(t, p), p.Fingerprint()
			wanted := edited(before)
			var seen []change.Change
			result, run := promoting(t, options(p), promote.Options{Base: write(t, wanted), Target: target(p), Mode: review.Mirror},
				func(changes []change.Change) change.Decisions {
					seen = changes
					return all("field articles.minutes")(changes)
				})
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			blocked := map[string]string{}
			for _, c := range seen {
				if c.Blocked != "" {
					blocked[c.ID] = c.Blocked
				}
				if c.ID == "collection letters" && (c.Risk != change.Destructive || len(c.Evidence) == 0) {
					t.Errorf("the table's deletion is %+v", c)
				}
			}
			if len(blocked) != 1 || !strings.Contains(blocked["field authors.name schema.max_length"], "3") {
				t.Errorf("blocked: %v", blocked)
			}
			left := keysOf(t, read(t, p), wanted)
			if diff := cmp.Diff([]string{"field articles.minutes", "field authors.name schema.max_length"}, left); diff != "" {
				t.Errorf("left (-rejected +left)\n%s", diff)
			}
			changed := rows.Diff(p.Fingerprint(), func(table string) bool {
				return testbed.UserTable(table) && table != "letters" && table != "articles"
			})
			if len(changed) > 0 {
				t.Errorf("other tables have changed: %v", changed)
			}
			kept := promote.Before(run.Dir)
			result, _ = promoting(t, options(p), promote.Options{Base: model.Source{Kind: model.Snapshot, Place: kept}, Target: target(p), Mode: review.Mirror}, all())
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			if left := keysOf(t, read(t, p), before); len(left) > 0 {
				t.Errorf("taken back, and different: %v", left)
			}
		})
	}
}

// TestNothingAccepted changes nothing and makes no backup.
func TestNothingAccepted(t *testing.T) {
	p := testbed.New(t)
	before := p.Fingerprint()
	result, run := promoting(t, options(p), promote.Options{Base: write(t, edited(read(t, p))), Target: target(p), Mode: review.Merge},
		func(changes []change.Change) change.Decisions {
			none := change.Decisions{}
			for _, c := range changes {
				none[c.ID] = false
			}
			return none
		})
	if result.Status != steps.Done || result.Data["backup"] != nil {
		t.Fatalf("%+v", result)
	}
	if changed := before.Diff(p.Fingerprint(), nil); len(changed) > 0 {
		t.Errorf("changed: %v", changed)
	}
	if applied, err := promote.Applied.Need(run); err != nil || applied.Accepted != 0 {
		t.Errorf("%+v, %v", applied, err)
	}
}

// TestChangedMeanwhile: a model that is no longer the one that was reviewed is
// left alone.
func TestChangedMeanwhile(t *testing.T) {
	p := testbed.New(t)
	p.Serve()
	wanted := edited(read(t, p))
	result, _ := promoting(t, options(p), promote.Options{Base: write(t, wanted), Target: target(p), Mode: review.Merge},
		func(changes []change.Change) change.Decisions {
			p.Exec(`UPDATE directus_fields SET note = 'another hand' WHERE collection = 'tags' AND field = 'name'`)
			return all()(changes)
		})
	if result.Status != steps.RolledBack || result.Code != fault.RolledBack || !strings.Contains(result.Error, "changed") {
		t.Fatalf("%+v", result)
	}
	if left := keysOf(t, read(t, p), wanted); !slices.Contains(left, "field articles.subtitle") {
		t.Errorf("something was applied: %v", left)
	}
}
