package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func load(tb testing.TB, f schematest.Fixture) *snapshot.Snapshot {
	tb.Helper()
	s, err := snapshot.Parse(f.Snapshot(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// own reports whether a collection is not the same on all versions and
// vendors, by intention.
func own(collection string) bool {
	return strings.HasPrefix(collection, "only_") || collection == "made_by_hand" || collection == "untracked"
}

func show(changes []Change) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s %s: %.80v → %.80v", c.Action, c.Key(), c.Before, c.After))
	}
	return strings.Join(lines, "\n")
}

// firstIndex: 10.13.4 looks only at the first index that a column of SQLite is
// in, and so does not see that this one is unique. Nothing in its snapshot
// tells, so the difference is shown.
func firstIndex(c Change, all ...schematest.Fixture) bool {
	described := slices.ContainsFunc(all, func(f schematest.Fixture) bool { return f.Version == "10.13.4" && f.Vendor == database.SQLite })
	return described && c.Key() == "field posts.slug schema.is_unique"
}

// TestSameModel compares descriptions of one and the same model by different
// versions, before and after an upgrade, and on different databases: there
// must be no change.
func TestSameModel(t *testing.T) {
	fixtures := schematest.Fixtures()
	for _, a := range fixtures {
		for _, b := range fixtures {
			t.Run(a.String()+" "+b.String(), func(t *testing.T) {
				result, err := Compare(load(t, a), load(t, b))
				if err != nil {
					t.Fatal(err)
				}
				var left []Change
				for _, c := range result.Changes {
					if !own(c.Collection) && !firstIndex(c, a, b) {
						left = append(left, c)
					}
				}
				if len(left) > 0 {
					t.Errorf("%d changes:\n%s", len(left), show(left))
				}
			})
		}
	}
}
