package directus_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	all := directus.Catalogue()
	if len(all) != 109 {
		t.Errorf("%d migrations, want 109 as in 12.4.0", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b directus.Migration) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not in the order in which Directus runs them")
	}
	for _, m := range all {
		if m.ID == "" || m.Name == "" || m.Title == "" || m.FirstIn == "" || m.Custom {
			t.Errorf("incomplete: %+v", m)
		}
		if m.FirstIn != "9.0.1" && (m.Summary == "" || m.Down == "") {
			t.Errorf("%s says nothing", m.ID)
		}
		if m.Destructive && m.Loss == "" {
			t.Errorf("%s does not say what is lost", m.ID)
		}
	}
}

// Real databases tell which migrations a version ships, and how it calls them.
func TestCatalogueAgreesWithRealDatabases(t *testing.T) {
	t.Parallel()
	for _, version := range fixture.Versions() {
		db := fixture.Open(t, version)
		want := map[string]string{}
		for _, m := range directus.Catalogue() {
			if !semver.MustParse(m.FirstIn).GreaterThan(semver.MustParse(version)) {
				want[m.ID] = m.Title
			}
		}
		got := map[string]string{}
		rows, err := db.SQL().QueryContext(t.Context(), "SELECT version, name FROM directus_migrations")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, name string
			if err := rows.Scan(&id, &name); err != nil {
				t.Fatal(err)
			}
			got[id] = name
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-catalogue +database):\n%s", version, diff)
		}
		ids, err := directus.Recorded(t.Context(), db)
		if err != nil || len(ids) != len(got) || !slices.IsSorted(ids) {
			t.Errorf("%s: Recorded gives %d ids, %v", version, len(ids), err)
		}
	}
}
