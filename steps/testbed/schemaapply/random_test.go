package schemaapply_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps/testbed"
)

// randomRuns is how many times the random test applies something; 500 are run
// by hand before a release.
func randomRuns(t *testing.T) int {
	text := os.Getenv("BUNNYHOP_SCHEMA_RUNS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("BUNNYHOP_SCHEMA_RUNS is %q", text)
	}
	return n
}

// TestSchemaApplyRandom makes random data models of the one that a real server
// has, accepts random changes, and applies them: what was accepted is there,
// what was rejected is left, and no row of anything else has changed.
func TestSchemaApplyRandom(t *testing.T) {
	version := "12.4.0"
	if other := os.Getenv("BUNNYHOP_SCHEMA_VERSION"); other != "" {
		version = other
	}
	vendor := database.SQLite
	if other := os.Getenv("BUNNYHOP_SCHEMA_VENDOR"); other != "" {
		vendor = database.Vendor(other)
	}
	s := serveSchema(t, version, vendor, nil)
	start := s.snapshot(t)
	runs := randomRuns(t)
	done, applied := 0, 0
	for i := range runs {
		wanted := rapid.Custom(func(r *rapid.T) *snapshot.Snapshot { return mutated(r, s.snapshot(t), i) }).Example(i + seed())
		applied += decided(t, s, wanted, i)
		if t.Failed() {
			t.Fatalf("run %d of %d", i, runs)
		}
		done++
		if now := s.snapshot(t); len(now.Collections) > 22 { // what was made goes now and then
			converge(t, s, now, cleared(now, start))
		}
	}
	t.Logf("%d runs, %d changes applied on %s, %s", done, applied, version, vendor)
}

func seed() int {
	n, _ := strconv.Atoi(os.Getenv("BUNNYHOP_SCHEMA_SEED"))
	return n
}

// decided accepts some of the changes and applies them.
func decided(t *testing.T, s *schemaServer, wanted *snapshot.Snapshot, run int) int {
	t.Helper()
	current := s.snapshot(t)
	plan, err := review.New(current, wanted, review.Mirror)
	if err != nil {
		t.Fatal(err)
	}
	tie(plan)
	r := change.NewReview(plan.Changes, nil)
	choice := rapid.SliceOfN(rapid.Bool(), len(plan.Changes), len(plan.Changes)).Example(run + seed())
	for i, accept := range choice {
		if _, settled := r.State(i); !settled && plan.Changes[i].Blocked == "" {
			r.Decide(accept, i)
		}
	}
	accepted := plan.Accepted(r.Decisions())
	before := rowsOf(t, s.project, current, accepted)
	outcome, err := apply.Apply(context.Background(), s, current, accepted, progress.Discard)
	if fault.CodeOf(err) == fault.Blocked && strings.Contains(err.Error(), "licence") {
		return 0 // the limit of Directus 12, known before anything was sent
	}
	if err != nil {
		t.Errorf("%v\naccepted: %v\nserver: %s", err, names(accepted), tail(s.output.String(), 3000))
		return 0
	}
	show(t, "left", outcome.Left)
	show(t, "unexpected", outcome.Unexpected)
	after := rowsOf(t, s.project, current, accepted)
	for table, digest := range before {
		if after[table] != digest {
			t.Errorf("the rows of %s have changed", table)
		}
	}
	rest, err := compare.Compare(outcome.After, wanted)
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, c := range accepted {
		taken[c.Key()] = true
	}
	known := map[string]bool{}
	for _, c := range plan.Proposed {
		known[c.Key()] = true
	}
	for _, c := range rest.Changes {
		if taken[c.Key()] || !known[c.Key()] && !within(c, accepted) {
			t.Errorf("after it, %s %s is left: %.100v → %.100v", c.Action, c.Key(), c.Before, c.After)
		}
	}
	if t.Failed() {
		t.Logf("accepted: %v", names(accepted))
	}
	return len(accepted)
}

// tie makes what a field says of its foreign key follow from the relation, and
// on SQLite a relation go only with its field.
func tie(plan *review.Plan) {
	for i, c := range plan.Proposed {
		if gone, ok := c.Before.(snapshot.Relation); ok && c.Action == compare.Delete && gone.Schema != nil && plan.Current.Vendor == "sqlite" {
			at := slices.IndexFunc(plan.Proposed, func(other compare.Change) bool {
				return other.Entity == compare.Field && other.Action == compare.Delete && other.Collection == c.Collection && other.Field == c.Field
			})
			if at < 0 {
				plan.Changes[i].Blocked = "on SQLite the key stays"
			} else {
				plan.Changes[i].Requires = append(plan.Changes[i].Requires, plan.Changes[at].ID)
			}
		}
		if c.Entity != compare.Field || c.Attribute() != "schema.foreign_key_table" && c.Attribute() != "schema.foreign_key_column" {
			continue
		}
		for j, other := range plan.Proposed {
			if other.Entity == compare.Relation && other.Action != compare.Update && other.Collection == c.Collection && other.Field == c.Field {
				plan.Changes[i].Requires = append(plan.Changes[i].Requires, plan.Changes[j].ID)
			}
		}
	}
}

// within: Directus makes a new thing as it does; which attributes it took is
// what the outcome judges.
func within(c compare.Change, accepted []compare.Change) bool {
	return slices.ContainsFunc(accepted, func(a compare.Change) bool {
		return a.Collection == c.Collection && (a.Field == "" || a.Field == c.Field)
	})
}

func names(all []compare.Change) []string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = string(c.Action) + " " + c.Key()
	}
	return list
}

func show(t *testing.T, word string, all []compare.Change) {
	t.Helper()
	for _, c := range all {
		t.Errorf("%s: %s %s: %.200v → %.200v", word, c.Action, c.Key(), c.Before, c.After)
	}
}

// rowsOf is the content of every table that none of the changes is of.
func rowsOf(t *testing.T, p *testbed.Project, s *snapshot.Snapshot, changes []compare.Change) map[string]string {
	t.Helper()
	touched := map[string]bool{}
	for _, c := range changes {
		if c.Entity != compare.Collection || c.Action != compare.Update {
			touched[c.Collection], touched[c.Related] = true, true
		}
	}
	rows := map[string]string{}
	for _, c := range s.Collections {
		if c.Folder() || touched[c.Collection] {
			continue
		}
		quote := `"`
		if p.Owner.Client == "mysql" {
			quote = "`"
		}
		lines := []string{}
		for _, row := range p.Rows("SELECT * FROM " + quote + c.Collection + quote) {
			lines = append(lines, fmt.Sprintf("%q", row))
		}
		slices.Sort(lines)
		rows[c.Collection] = fmt.Sprint(lines)
	}
	return rows
}
