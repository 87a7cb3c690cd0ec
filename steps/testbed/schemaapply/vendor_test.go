package schemaapply_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/review"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestSchemaApplyAcrossVendors makes a model with every type of field and kind
// of relation, as it lies on one vendor, on servers of the others.
func TestSchemaApplyAcrossVendors(t *testing.T) {
	for _, on := range pairs() {
		t.Run(on.version+" "+string(on.vendor), func(t *testing.T) {
			s := serveSchema(t, on.version, on.vendor, nil)
			start := s.snapshot(t)
			empty := *start
			empty.Collections, empty.Fields, empty.Relations = nil, nil, nil
			converge(t, s, start, &empty)
			for _, from := range schematest.Vendors {
				t.Run("from "+string(from), func(t *testing.T) {
					across(t, s, from, on.version)
				})
			}
		})
	}
}

// generated is the column that Directus would make an ordinary one of.
func generated(c compare.Change) bool { return c.Collection == "types" && c.Field == "made" }

// question: MariaDB tells an emoji in a default as a question mark, and where
// Directus makes a column in PostgreSQL, knex takes that for a parameter.
func question(c compare.Change, from database.Vendor) bool {
	return from == database.MySQL && c.Field == "string_unicode" && c.Attribute() == "schema.default_value"
}

func across(t *testing.T, s *schemaServer, from database.Vendor, version string) {
	t.Helper()
	wanted, err := snapshot.Parse(schematest.Fresh("12.4.0", from).Snapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	hand := func(name string) bool {
		return name == "made_by_hand" || strings.HasPrefix(name, "only_") || name == "two_keys"
	}
	wanted.Collections = slices.DeleteFunc(wanted.Collections, func(c snapshot.Collection) bool { return hand(c.Collection) })
	wanted.Fields = slices.DeleteFunc(wanted.Fields, func(f snapshot.Field) bool { return hand(f.Collection) })
	wanted.Relations = slices.DeleteFunc(wanted.Relations, func(r snapshot.Relation) bool { return hand(r.Collection) })
	current := s.snapshot(t)
	plan, err := review.New(current, wanted, review.Merge)
	if err != nil {
		t.Fatal(err)
	}
	r := change.NewReview(plan.Changes, nil)
	for i := range plan.Changes {
		r.Decide(true, i)
	}
	accepted := plan.Accepted(r.Decisions())
	outcome, err := apply.Apply(context.Background(), s, current, accepted, progress.Discard)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(s.output.String(), 2000))
	}
	// What Directus cannot do is said.
	cannot := func(c compare.Change) bool {
		return generated(c) || c.Attribute() == "schema.is_indexed" && version == "10.13.4" || question(c, from)
	}
	for i, c := range plan.Proposed {
		if generated(c) && plan.Changes[i].Blocked == "" {
			t.Error("the generated column is not blocked")
		}
	}
	show(t, "left", slices.DeleteFunc(outcome.Left, cannot))
	show(t, "unexpected", outcome.Unexpected)
	rest, err := compare.Compare(outcome.After, wanted)
	if err != nil {
		t.Fatal(err)
	}
	show(t, "rest", slices.DeleteFunc(rest.Changes, func(c compare.Change) bool { return c.Entity == compare.SystemIndex || cannot(c) }))
	for _, note := range outcome.Notes {
		t.Log(note)
	}
	t.Logf("%d of %d changes", len(accepted), len(plan.Changes))
	converge(t, s, outcome.After, current)
}
