package advisory_test

import "bunnyhop/internal/advisory"

const (
	listsSQL    = "CREATE TABLE directus_fields (id, collection, field, special); CREATE TABLE posts (id, tags);"
	settingsSQL = "CREATE TABLE directus_settings (id, translation_strings);"
	revisions   = "CREATE TABLE directus_revisions (id); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
)

// trialsAny try the rules of rules.go.
var trialsAny = []trial{
	{
		rule: "null-translations", name: "null", want: advisory.Applies, from: "10.0.0", sql: settingsSQL +
			`INSERT INTO directus_settings VALUES (1, '[{"key":"hello","translations":{"en-US":"Hello","de-DE":null}}]')`, evidence: "hello in de-DE",
	},
	{
		rule: "null-translations", name: "whole", want: advisory.DoesNotApply, from: "10.0.0", sql: settingsSQL +
			`INSERT INTO directus_settings VALUES (1, '[{"key":"hello","translations":{"en-US":""}}]')`,
	},
	{rule: "null-translations", name: "none", want: advisory.DoesNotApply, from: "10.0.0", sql: settingsSQL + `INSERT INTO directus_settings VALUES (1, NULL)`},
	{rule: "null-translations", name: "not JSON", want: advisory.CannotTell, from: "10.0.0", sql: settingsSQL + `INSERT INTO directus_settings VALUES (1, '{')`, look: "translation_strings"},
	{
		rule: "null-translations", name: "already done", want: advisory.DoesNotApply, from: "10.13.4", sql: settingsSQL +
			`INSERT INTO directus_settings VALUES (1, '[{"key":"hello","translations":{"de-DE":null}}]')`,
	},
	{
		rule: "lost-translations", name: "no language, no key", want: advisory.Applies, from: "10.0.0", sql: settingsSQL +
			`INSERT INTO directus_settings VALUES (1, '[{"key":"hello"},{"translations":{"de-DE":"x"}}]')`, evidence: "hello\none without a key, in 1 languages",
	},
	{
		rule: "lost-translations", name: "whole", want: advisory.DoesNotApply, from: "10.0.0", sql: settingsSQL +
			`INSERT INTO directus_settings VALUES (1, '[{"key":"hello","translations":{}}]')`,
	},

	{
		rule: "csv-orphans", name: "no column, no table", want: advisory.Applies, from: "10.0.0", sql: listsSQL +
			"INSERT INTO directus_fields VALUES (1, 'posts', 'labels', 'cast-csv'), (2, 'gone', 'tags', 'cast-csv'), (3, 'posts', 'tags', 'cast-csv')", evidence: "gone.tags\nposts.labels",
	},
	{rule: "csv-orphans", name: "a column", want: advisory.DoesNotApply, from: "10.0.0", sql: listsSQL + "INSERT INTO directus_fields VALUES (3, 'posts', 'tags', 'cast-csv')"},
	{rule: "csv-orphans", name: "already done", want: advisory.DoesNotApply, from: "10.13.4", sql: listsSQL + "INSERT INTO directus_fields VALUES (2, 'gone', 'tags', 'cast-csv')"},
	{rule: "csv-columns", name: "one", want: advisory.Applies, from: "10.0.0", sql: listsSQL + "INSERT INTO directus_fields VALUES (3, 'posts', 'tags', 'cast-csv')", evidence: "posts.tags"},
	{rule: "csv-columns", name: "another kind", want: advisory.DoesNotApply, from: "10.0.0", sql: listsSQL + "INSERT INTO directus_fields VALUES (3, 'posts', 'tags', 'cast-json')"},

	{
		rule: "long-migrations", name: "many revisions", want: advisory.Applies, from: "10.13.4", to: "11.17.4",
		sql: revisions + "100001) INSERT INTO directus_revisions SELECT i FROM n", evidence: "20251028A makes an index: directus_revisions, about 100001 rows",
	},
	{
		rule: "long-migrations", name: "few", want: advisory.DoesNotApply, from: "10.13.4", to: "11.17.4",
		sql: revisions + "100) INSERT INTO directus_revisions SELECT i FROM n",
	},
	{
		rule: "long-migrations", name: "none to come", want: advisory.DoesNotApply, from: "11.17.3", to: "11.17.4",
		sql: revisions + "100001) INSERT INTO directus_revisions SELECT i FROM n",
	},

	{rule: "floating-version", name: "latest", want: advisory.Applies, files: map[string]string{"package.json": `{"dependencies":{"directus":"latest"}}`}, evidence: `directus "latest"`},
	{rule: "floating-version", name: "no end", want: advisory.Applies, files: map[string]string{"package.json": `{"dependencies":{"directus":">=10"}}`}, evidence: `directus ">=10"`},
	{rule: "floating-version", name: "an image", want: advisory.Applies, files: map[string]string{"compose.yaml": "services:\n  d:\n    image: directus/directus:11\n"}, evidence: "compose.yaml: image: directus/directus:11"},
	{rule: "floating-version", name: "an image without a tag", want: advisory.Applies, files: map[string]string{"Dockerfile": "FROM directus/directus\nUSER node\n"}, evidence: "Dockerfile: FROM directus/directus"},
	{
		rule: "floating-version", name: "exact", want: advisory.DoesNotApply, files: map[string]string{
			"package.json": `{"dependencies":{"directus":"^10.13.4"}}`, "Dockerfile": "FROM directus/directus:11.17.4\n",
			"compose.yaml": "services:\n  a:\n    image: 'ghcr.io/directus/directus:12.4.0-dhi'\n  b:\n    image: directus/directus:${VERSION}\n  c:\n    image: directus/directus-proxy:latest\n",
		},
	},
	{rule: "floating-version", name: "nothing", want: advisory.DoesNotApply},
}
