package systemschema_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/systemschema"
)

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	c := systemschema.Embedded()
	var ids []string
	for _, m := range directus.Catalogue() {
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff(ids, c.Migrations); diff != "" {
		t.Errorf("the two catalogues have other migrations; make this one again with cmd/mkcatalogue:\n%s", diff)
	}
	if !slices.Contains(c.Migrations, c.Since) {
		t.Errorf("it begins with %q", c.Since)
	}
	for _, vendor := range []database.Vendor{database.SQLite, database.Postgres, database.MySQL} {
		histories := c.Histories[vendor]
		for _, table := range directus.SystemTables() {
			if len(histories[table]) == 0 {
				t.Errorf("%s: nothing about %s", vendor, table)
			}
		}
		for table := range histories {
			if !directus.SystemTable(table) {
				t.Errorf("%s: %s is no table of Directus", vendor, table)
			}
		}
	}
	if info, err := os.Stat("catalogue.json.zst"); err != nil || info.Size() > 150_000 {
		t.Errorf("its file: %v, %v", info, err)
	}
}

func TestCatalogueSurvivesPacking(t *testing.T) {
	t.Parallel()
	c := systemschema.Embedded()
	packed, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := systemschema.Decode(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, again); diff != "" {
		t.Error(diff)
	}
	other := *c
	other.Format++
	if packed, err = other.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := systemschema.Decode(packed); err == nil {
		t.Error("another format was read")
	}
	if _, err := systemschema.Decode(packed[:len(packed)/2]); err == nil {
		t.Error("half a catalogue was read")
	}
}

// Where a later migration ran before an earlier one, either state is right.
func TestMigrationsOutOfOrder(t *testing.T) {
	t.Parallel()
	c := &systemschema.Catalogue{
		Format: systemschema.Format, Directus: []string{"1.0.0"}, Migrations: []string{"20200101A", "20200102A", "20200103A"}, Since: "20200101A",
		Histories: map[database.Vendor]map[string]map[string][]systemschema.Change{database.SQLite: {"directus_users": {
			systemschema.Table: {{Level: 0, Accepted: []string{"exists"}}},
			"column a":         {{Level: 1, Accepted: []string{"a1"}}, {Level: 2, Accepted: []string{"a2"}}, {Level: 3, Accepted: []string{"a3"}}},
			"column b":         {{Level: 2, Accepted: []string{"b"}}},
		}}},
	}
	for _, have := range []struct {
		a, b     string
		recorded []string
		want     int
	}{
		{a: "a1", recorded: []string{"20200101A"}},
		{a: "a2", recorded: []string{"20200101A"}, want: 1},
		{a: "a2", b: "b", recorded: []string{"20200101A", "20200102A"}},
		{a: "a2", recorded: []string{"20200101A", "20200102A"}, want: 1},
		{a: "a3", recorded: []string{"20200101A", "20200103A"}},
		{a: "a2", recorded: []string{"20200101A", "20200103A"}},
		{a: "a9", recorded: []string{"20200101A", "20200103A"}, want: 1},
		{a: "a3", b: "b", recorded: []string{"20200101A", "20200103A"}, want: 1},
		{a: "a3", b: "b", recorded: []string{"20200101A", "20200102A", "20200103A"}},
	} {
		objects := systemschema.Objects{systemschema.Table: "exists", "column a": have.a}
		if have.b != "" {
			objects["column b"] = have.b
		}
		report := c.Compare(database.SQLite, systemschema.Tables{"directus_users": objects}, have.recorded, nil)
		if len(report.Differences) != have.want {
			t.Errorf("%+v: %v", have, report)
		}
	}
}
