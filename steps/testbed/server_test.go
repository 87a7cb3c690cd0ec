package testbed

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/sample"
)

// TestSampleOnServer compares the sample on a server with the SQLite one, and
// starts a real Directus on it.
func TestSampleOnServer(t *testing.T) {
	original := &Project{Root: filepath.Join(t.TempDir(), "newsroom"), tb: t}
	if err := sample.Unpack(original.Root); err != nil {
		t.Fatal(err)
	}
	tables, answers := count(original, database.SQLite), map[string][][]string{}
	for _, query := range sameOnAll {
		answers[query] = original.Rows(query)
	}
	for _, vendor := range Vendors[1:] {
		t.Run(string(vendor), func(t *testing.T) {
			p := On(t, vendor)
			if diff := cmp.Diff(tables, count(p, vendor)); diff != "" {
				t.Errorf("rows of each table (-SQLite +%s):\n%s", vendor, diff)
			}
			for _, query := range sameOnAll {
				if diff := cmp.Diff(answers[query], p.Rows(query)); diff != "" {
					t.Errorf("%s (-SQLite +%s):\n%s", query, vendor, diff)
				}
			}
			for _, query := range madeOn {
				if diff := cmp.Diff([][]string{{"2024-10-07"}}, p.Rows(query)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", query, diff)
				}
			}
			p.Exec("UPDATE articles SET summary = 'Third look 🎉' WHERE id = 1")
			p.Serve()
			if version, err := p.Version(); err != nil || version != sample.Version {
				t.Errorf("the server says it is %q (%v)", version, err)
			}
			if err := p.Writer().Create("letters", map[string]any{"name": "Ngọc 🙂", "body": "A new letter", "article": 1}); err != nil {
				t.Error(err)
			}
			if got := p.Rows("SELECT id, name FROM letters WHERE body = 'A new letter'"); len(got) != 1 || !slices.Equal(got[0], []string{"121", "Ngọc 🙂"}) {
				t.Errorf("the new letter is stored as %q", got)
			}
		})
	}
}

// count lists the tables with their numbers of rows.
func count(p *Project, vendor database.Vendor) map[string]string {
	names := "SELECT table_name FROM information_schema.tables WHERE table_schema = "
	switch vendor {
	case database.Postgres:
		names += "'public'"
	case database.MySQL:
		names += "database()"
	default:
		names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
	}
	counts := map[string]string{}
	for _, row := range p.Rows(names) {
		counts[row[0]] = p.Rows("SELECT count(*) FROM " + row[0])[0][0]
	}
	return counts
}

// sameOnAll has the same answer on every vendor.
var sameOnAll = []string{
	"SELECT collection FROM directus_collections ORDER BY 1",
	"SELECT collection, field, interface, options, sort FROM directus_fields ORDER BY 1, 2",
	"SELECT many_collection, many_field, one_collection, one_field, junction_field FROM directus_relations ORDER BY id",
	"SELECT version, name FROM directus_migrations ORDER BY 1",
	"SELECT id, filename_disk, title, filesize, width FROM directus_files ORDER BY 1",
	"SELECT id, name, flow, resolve FROM directus_operations ORDER BY 1",
	"SELECT id, status, title, slug, summary, body, keywords, views, author, cover FROM articles ORDER BY 1",
	"SELECT id, name, slug, bio, speaks FROM authors ORDER BY 1",
	"SELECT id, article, name, body, stars, answer FROM letters ORDER BY 1",
	"SELECT id, name, parent FROM sections ORDER BY 1",
	"SELECT id, name, colour FROM tags ORDER BY 1",
	"SELECT id, articles_id, languages_code, title, summary FROM articles_translations ORDER BY 1",
	"SELECT id, articles_id, item, collection, sort FROM articles_blocks ORDER BY 1",
	"SELECT id, number, state, deadline, copies, lead FROM editions ORDER BY 1",
}

// madeOn asks for the days on which rows were made: a server with another
// clock than Directus would have given some a day that Directus 12 finds too
// young.
var madeOn = []string{
	"SELECT DISTINCT CAST(CAST(timestamp AS date) AS char(10)) FROM directus_migrations",
	"SELECT DISTINCT CAST(CAST(timestamp AS date) AS char(10)) FROM directus_activity",
	"SELECT DISTINCT CAST(CAST(last_access AS date) AS char(10)) FROM directus_users WHERE last_access IS NOT NULL",
	"SELECT DISTINCT CAST(CAST(uploaded_on AS date) AS char(10)) FROM directus_files",
	"SELECT DISTINCT CAST(CAST(date_created AS date) AS char(10)) FROM directus_flows",
	"SELECT DISTINCT CAST(CAST(date_created AS date) AS char(10)) FROM articles",
}
