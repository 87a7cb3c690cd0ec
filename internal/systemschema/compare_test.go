package systemschema_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
	"bunnyhop/internal/systemschema"
)

// compare compares a fixture, changed by statements, with the catalogue, when
// Directus is to be upgraded to 12.4.0.
func compare(t *testing.T, version string, statements ...string) systemschema.Report {
	t.Helper()
	changed := fixture.Open(t, version).Exec(t, statements...)
	var path string
	if err := changed.SQL().QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(t.Context(), database.Config{Client: "sqlite3", Filename: path}, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	recorded, err := directus.Recorded(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := systemschema.Read(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	var pending []string
	for _, m := range directus.Pending(directus.Catalogue(), nil, recorded) {
		pending = append(pending, m.ID)
	}
	return systemschema.Embedded().Compare(database.SQLite, tables, recorded, pending)
}

func text(report systemschema.Report) []string {
	var lines []string
	for _, d := range report.Differences {
		lines = append(lines, d.String())
	}
	return lines
}

func TestRealDatabasesDoNotDiffer(t *testing.T) {
	t.Parallel()
	for _, version := range fixture.Versions() {
		if report := compare(t, version); len(report.Differences) > 0 || report.Unknown != "" || report.Others != nil || report.Undone != nil {
			t.Errorf("%s: %+v\n%s", version, report, strings.Join(text(report), "\n"))
		}
	}
}

func TestChangesByHandAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		sql           string
		want          []string
		undone        []string
	}{
		{
			name: "a field of one's own", version: "12.4.0", sql: "ALTER TABLE directus_users ADD COLUMN shoe_size integer",
			want: []string{"directus_users, column shoe_size is there, though no migration that ran makes it"},
		},
		{
			name: "an index of one's own", version: "12.4.0", sql: "CREATE INDEX mine ON directus_files (title)",
			want: []string{"directus_files, index mine is there, though no migration that ran makes it"},
		},
		{
			name: "a column that is gone", version: "12.4.0", sql: "ALTER TABLE directus_users DROP COLUMN last_page",
			want: []string{"directus_users, column last_page is missing"},
		},
		{
			name: "an index that is gone", version: "12.4.0", sql: "DROP INDEX directus_users_email_unique",
			want: []string{"directus_users, index directus_users_email_unique is missing"},
		},
		{
			name: "a table that is gone", version: "11.17.4", sql: "DROP TABLE directus_access",
			want: []string{"table directus_access is missing, which came with 20240806A-permissions-policies"},
		},
		{
			name: "a column that is in the way", version: "10.13.4", sql: "ALTER TABLE directus_users ADD COLUMN text_direction text",
			want: []string{"directus_users, column text_direction is there, though no migration that ran makes it; it is in the way of 20250718A-add-direction"},
		},
		{
			name: "a table that is in the way", version: "10.13.4", sql: "CREATE TABLE directus_policies (id integer)",
			want: []string{"table directus_policies is there, though no migration that ran makes it; it is in the way of 20240806A-permissions-policies"},
		},
		{
			name: "a migration that was recorded only", version: "10.13.4", sql: "INSERT INTO directus_migrations VALUES ('20260204A', 'Add Deployment', 0)",
			want: []string{
				"table directus_deployment_projects is missing, which came with 20260204A-add-deployment; it is changed by 20260211A-add-deployment-webhooks",
				"table directus_deployment_runs is missing, which came with 20260204A-add-deployment; it is changed by 20260211A-add-deployment-webhooks",
				"table directus_deployments is missing, which came with 20260204A-add-deployment; it is changed by 20260211A-add-deployment-webhooks",
			},
			undone: []string{"20260204A"},
		},
		{name: "a table of one's own", version: "12.4.0", sql: "CREATE TABLE directus_mine (id integer)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report := compare(t, c.version, c.sql)
			if diff := cmp.Diff(c.want, text(report)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.undone, report.Undone); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnotherDefinitionIsTold(t *testing.T) {
	t.Parallel()
	report := compare(t, "10.13.4", `ALTER TABLE directus_roles RENAME COLUMN icon TO old`, `ALTER TABLE directus_roles ADD COLUMN icon text`)
	want := []string{
		`directus_roles, column icon is "text" instead of "varchar(30) not null default"; it is changed by 20240817A-update-icon-fields-length`,
		"directus_roles, column old is there, though no migration that ran makes it",
	}
	if diff := cmp.Diff(want, text(report)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	if report := compare(t, "12.4.0", "INSERT INTO directus_migrations VALUES ('20991231A', 'Later', 0)", "DROP TABLE directus_flows"); report.Unknown == "" || report.Differences != nil {
		t.Errorf("a level that is not known: %+v", report)
	}
	if report := compare(t, "10.13.4", "DELETE FROM directus_migrations WHERE version > '2021'", "DROP TABLE directus_flows"); report.Unknown == "" || report.Differences != nil {
		t.Errorf("a level before the first: %+v", report)
	}
	report := compare(t, "12.4.0", "INSERT INTO directus_migrations VALUES ('20230101Z', 'My own', 0)", "INSERT INTO directus_migrations VALUES ('mine', 'My own', 0)")
	if report.Unknown != "" || report.Differences != nil || !slices.Equal(report.Others, []string{"20230101Z", "mine"}) {
		t.Errorf("migrations of the project's own: %+v", report)
	}
	if report := systemschema.Embedded().Compare(database.Oracle, nil, nil, nil); report.Unknown == "" {
		t.Errorf("another vendor: %+v", report)
	}
}
