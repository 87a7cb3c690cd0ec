package directus_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
	"bunnyhop/internal/fault"
)

func TestPendingIsEverythingNotRecordedInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfDistinct(rapid.StringMatching(`20[0-9]{2}[A-C]`), rapid.ID[string]).Draw(t, "ids")
		var shipped, custom []directus.Migration
		var recorded, want []string
		for _, id := range ids {
			m := directus.Migration{ID: id, Custom: rapid.Bool().Draw(t, "custom")}
			if m.Custom {
				custom = append(custom, m)
			} else {
				shipped = append(shipped, m)
			}
			if rapid.Bool().Draw(t, "recorded") {
				recorded = append(recorded, id)
			} else {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		var got []string
		for _, m := range directus.Pending(shipped, custom, recorded) {
			got = append(got, m.ID)
		}
		if !slices.Equal(want, got) {
			t.Fatalf("want %v, got %v", want, got)
		}
	})
}

func TestCollisions(t *testing.T) {
	t.Parallel()
	shipped := []directus.Migration{{ID: "1A", Name: "core"}, {ID: "2A", Name: "other"}}
	for name, c := range map[string]struct {
		custom []directus.Migration
		want   []string
	}{
		"none":                 {[]directus.Migration{{ID: "1B", Name: "own", Custom: true}}, nil},
		"with one of Directus": {[]directus.Migration{{ID: "1A", Name: "own", Custom: true}}, []string{"1A: core, own (custom)"}},
		"among the project's":  {[]directus.Migration{{ID: "3", Name: "a", Custom: true}, {ID: "3", Name: "b", Custom: true}}, []string{"3: a (custom), b (custom)"}},
	} {
		if diff := cmp.Diff(c.want, directus.Collisions(shipped, c.custom)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		err := directus.CheckCollisions(shipped, c.custom)
		if (err != nil) != (c.want != nil) || (err != nil && fault.HintOf(err) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBetween(t *testing.T) {
	t.Parallel()
	pending := []directus.Migration{{ID: "1", Custom: true}, {ID: "2"}, {ID: "3", Custom: true}, {ID: "4"}, {ID: "5", Custom: true}}
	var got []string
	for _, m := range directus.Between(pending) {
		got = append(got, m.ID)
	}
	if diff := cmp.Diff([]string{"1", "3"}, got); diff != "" {
		t.Error(diff)
	}
	if directus.Between(pending[4:]) != nil {
		t.Error("only the project's own are between nothing")
	}
}

func TestSystemTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	counts := map[string]int{"10.13.4": 24, "11.17.4": 29, "12.4.0": 33}
	for _, version := range fixture.Versions() {
		tables, err := fixture.Open(t, version).Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, table := range tables {
			if directus.SystemTable(table) != strings.HasPrefix(table, "directus_") {
				t.Errorf("%s: SystemTable(%q) = %v", version, table, directus.SystemTable(table))
			}
			if directus.SystemTable(table) {
				n++
				seen[table] = true
			}
		}
		if n != counts[version] {
			t.Errorf("%s has %d system tables, want %d", version, n, counts[version])
		}
	}
	for _, table := range directus.SystemTables() {
		if !seen[table] {
			t.Errorf("%s is on the list, but no version here makes it", table)
		}
	}
	for _, table := range []string{"directus_custom", "directus_", "DIRECTUS_USERS", "posts", ""} {
		if directus.SystemTable(table) {
			t.Errorf("%q is no system table", table)
		}
	}
}

func TestNewerThanCode(t *testing.T) {
	t.Parallel()
	shipped := map[string][]directus.Migration{}
	recorded := map[string][]string{}
	tables := map[string][]string{}
	for _, version := range fixture.Versions() {
		db := fixture.Open(t, version)
		ids, err := directus.Recorded(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range directus.Catalogue() {
			if slices.Contains(ids, m.ID) {
				shipped[version] = append(shipped[version], m)
			}
		}
		recorded[version] = ids
		if tables[version], err = db.Tables(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range fixture.Versions() {
		for _, database := range fixture.Versions() {
			newer := directus.NewerThanCode(recorded[database], shipped[code], nil, tables[database], code)
			if (newer != nil) != (len(recorded[database]) > len(shipped[code])) {
				t.Errorf("code %s, database %s: %v", code, database, newer)
			}
		}
	}

	newer := directus.NewerThanCode(recorded["12.4.0"], shipped["11.17.4"], nil, tables["12.4.0"], "11.17.4")
	if newer == nil || len(newer.Migrations) != 8 || len(newer.Tables) != 4 {
		t.Fatalf("12.4.0 under 11.17.4: %+v", newer)
	}
	if line := newer.Evidence()[0]; !strings.Contains(line, "20260217A") || !strings.Contains(line, "12.0.2") {
		t.Errorf("evidence: %s", line)
	}

	// What only the project knows is no sign, whether its file is there or not.
	own := append(slices.Clone(recorded["10.13.4"]), "20240101Z", "my")
	if newer := directus.NewerThanCode(own, shipped["10.13.4"], []directus.Migration{{ID: "my"}}, append(tables["10.13.4"], "directus_custom"), "10.13.4"); newer != nil {
		t.Errorf("the project's own: %v", newer.Evidence())
	}
	if diff := cmp.Diff([]string{"20240101Z"}, directus.Orphans(own, shipped["10.13.4"], []directus.Migration{{ID: "my"}})); diff != "" {
		t.Error(diff)
	}
	// A version later than this program knows, and a restored table.
	if directus.NewerThanCode(append(own, "20290101A"), shipped["12.4.0"], nil, nil, "12.4.0") == nil {
		t.Error("a migration later than all known ones is a sign")
	}
	if directus.NewerThanCode(recorded["10.13.4"], shipped["10.13.4"], nil, append(tables["10.13.4"], "directus_policies"), "10.13.4") == nil {
		t.Error("a table of a later version is a sign")
	}
}
