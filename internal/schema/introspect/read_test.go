package introspect

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestEqual compares what is read from a database with what the Directus that
// ran on it answered, attribute by attribute.
func TestEqual(t *testing.T) {
	for _, fixture := range schematest.Fixtures() {
		t.Run(fixture.String(), func(t *testing.T) {
			want, err := snapshot.Parse(fixture.Snapshot(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Read(context.Background(), fixture.Database(t), Options{Version: fixture.Version})
			if err != nil {
				t.Fatal(err)
			}
			sortUntracked(want, got)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("Directus' snapshot and ours (-Directus +ours):\n%s", diff)
			}
			if len(got.Fields) < 130 || len(got.Relations) < 20 {
				t.Errorf("%d fields and %d relations are too few to say anything", len(got.Fields), len(got.Relations))
			}
		})
	}
}

// sortUntracked orders what Directus keeps no row of by name: a server lists it
// in whatever order its catalogue has, which a dump does not keep.
func sortUntracked(all ...*snapshot.Snapshot) {
	for _, s := range all {
		slices.SortStableFunc(s.Fields, func(a, b snapshot.Field) int {
			return cmp.Or(strings.Compare(a.Collection, b.Collection), untracked(a.Meta, b.Meta, a.Field, b.Field))
		})
		slices.SortStableFunc(s.Relations, func(a, b snapshot.Relation) int {
			return cmp.Or(strings.Compare(a.Collection, b.Collection), untracked(a.Meta, b.Meta, a.Field, b.Field))
		})
	}
}

func untracked(a, b snapshot.Object, nameA, nameB string) int {
	if a != nil || b != nil {
		return 0
	}
	return strings.Compare(nameA, nameB)
}
