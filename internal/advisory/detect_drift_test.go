package advisory_test

import (
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/systemschema"
)

// drifted is a real 10.13.4 database, changed, with its system tables read.
func drifted(t *testing.T, changes ...string) advisory.Input {
	t.Helper()
	in := project(t, "10.13.4", "12.4.0", "10.13.4", quiet(), changes...)
	var path string
	if err := in.DB.SQL().QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(t.Context(), database.Config{Client: "sqlite3", Filename: path}, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if in.System, err = systemschema.Read(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if in.Recorded, err = directus.Recorded(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestDrift(t *testing.T) {
	t.Parallel()
	type found map[string]advisory.Outcome // of the rules that do not end with DoesNotApply
	for _, c := range []struct {
		name     string
		changes  []string
		want     found
		evidence string
	}{
		{name: "untouched", want: found{}},
		{
			name: "a column that a migration to come takes away", changes: []string{"ALTER TABLE directus_roles DROP COLUMN enforce_tfa"},
			want: found{"schema-drift": advisory.Applies}, evidence: "directus_roles, column enforce_tfa is missing",
		},
		{
			name: "a table", changes: []string{"DROP TABLE directus_translations"},
			want: found{"half-done-migration": advisory.Applies}, evidence: "table directus_translations is missing",
		},
		{
			name: "a migration that did nothing", changes: []string{"INSERT INTO directus_migrations VALUES ('20251103A', 'Add AI Settings', 0)"},
			want: found{"half-done-migration": advisory.Applies}, evidence: "migration 20251103A-add-ai-settings is recorded, but nothing that it makes is there",
		},
		{
			name: "an index that nothing needs", changes: []string{"DROP INDEX directus_users_email_unique"},
			want: found{"schema-differs": advisory.Applies}, evidence: "directus_users, index directus_users_email_unique is missing",
		},
		{
			name: "a migration of one's own", changes: []string{"DROP INDEX directus_users_email_unique", "INSERT INTO directus_migrations VALUES ('20230101Z', 'Mine', 0)"},
			want: found{"schema-differs": advisory.Applies}, evidence: "not migrations of Directus, so that they may have made the difference: 20230101Z",
		},
		{
			name: "a field of one's own", changes: []string{"ALTER TABLE directus_users ADD COLUMN shoe_size integer"},
			want: found{"schema-additions": advisory.Applies}, evidence: "directus_users, column shoe_size is there",
		},
		{
			name: "a later level", changes: []string{"DROP TABLE directus_translations", "INSERT INTO directus_migrations VALUES ('20991231A', 'Later', 0)"},
			want: found{"schema-drift": advisory.CannotTell}, evidence: "migration 20991231A is newer than the catalogue",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := drifted(t, c.changes...)
			evidence := ""
			for _, id := range []string{"half-done-migration", "schema-drift", "schema-differs", "schema-additions"} {
				a, err := advisory.AssessOne(t.Context(), id, in)
				if err != nil {
					t.Fatal(err)
				}
				checkWords(t, a)
				evidence += strings.Join(a.Evidence, "\n")
				want := c.want[id]
				if want == "" {
					want = advisory.DoesNotApply
				}
				if a.Outcome != want {
					t.Errorf("%s %s, want %s: %s", id, a.Outcome, want, a.Evidence)
				}
			}
			if !says(evidence, c.evidence) {
				t.Errorf("the evidence %q lacks %q", evidence, c.evidence)
			}
		})
	}
}

// Without a look at the system tables there is nothing to say about them.
func TestDriftWithoutALook(t *testing.T) {
	t.Parallel()
	for id := range check(t, project(t, "10.13.4", "12.4.0", "10.13.4", quiet(), "DROP TABLE directus_translations")) {
		if slices.Contains([]string{"half-done-migration", "schema-drift", "schema-differs", "schema-additions"}, id) {
			t.Errorf("found %s", id)
		}
	}
}
