package advisory

import "slices"

// The sources of rules, by their short names.
const (
	docs12 = "docs.directus.io, breaking changes, version 12"
	docs11 = "docs.directus.io, breaking changes, version 11"
	docs10 = "docs.directus.io, breaking changes, version 10"

	docsServers = "directus/docs, self-hosted/docker-guide of 10.0 and self-hosting/requirements of 12"
)

// What several remedies say.
const (
	byAdministrator = "have an administrator of the database execute the statement at the end of each line, then check again"
)

// rules is the rule base, in the order in which findings are listed. To add
// one, add an entry to the list of its release; the tests make sure that it is
// whole and that it is tried both ways.
var rules = slices.Concat(rulesAny, rulesDrift, rulesServer, rules9, rules10, rules11, rules12)

// rulesAny hold for any jump, or for the migrations that are still to come.
var rulesAny = []Rule{
	{
		ID: "downgrade", Severity: Blocker, Area: AreaDatabase, NeverOverridable: true,
		Title:      "the target is older than what is installed",
		Affects:    "Everybody who chooses a target that is older.",
		Unaffected: "the target is not older than what is installed",
		Remedy:     "choose a later version; to go back, use rollback or downgrade, which put code and database back together",
		Source:     "migrate:down cannot cross 11.0, and code alone must not go back",
		Detect:     detectDowngrade,
	},
	{
		ID: "newer-database", Severity: Blocker, Area: AreaDatabase, NeverOverridable: true,
		Title:      "the database is newer than the installed code",
		Affects:    "Projects whose code was put back without their database.",
		Unaffected: "the database belongs to the installed code, or looks newer only by a half-done migration",
		Remedy:     "install the version that the database belongs to first, or restore the backup that belongs to the code",
		Source:     "directus/directus issue 20508",
		Detect:     detectNewer,
	},
	{
		ID: "migration-collision", Severity: Blocker, Area: AreaDatabase, NeverOverridable: true,
		Title:      "two migrations use the same key, so that Directus would run none at all",
		Affects:    "Projects with migrations of their own.",
		Unaffected: "no migration of the project has a key that Directus uses",
		Remedy:     "rename the project's own file so that the part before its first dash is unique; keep the key of one that already ran",
		Source:     "@directus/api, dist/database/migrations/run.js; directus/directus issues 14825, 15014",
		Detect:     detectCollisions,
	},
	{
		ID: "migration-between", Severity: Warning, Area: AreaDatabase,
		Title:      "the project's own migrations will run between those of Directus",
		Affects:    "Projects with migrations of their own that are still to run.",
		Unaffected: "no migration of the project is among those to come",
		Remedy:     "make sure that they do not need a table or column that a later migration of Directus changes; the rehearsal runs them",
		Source:     "@directus/api, dist/database/migrations/run.js; directus/directus issue 23085",
		Detect:     detectBetween,
	},
	{
		ID: "not-transactional", Severity: Note, Area: AreaDatabase,
		Title:      "migrations do not run in a transaction: one that fails leaves a database that is neither old nor new",
		Affects:    "Every upgrade that migrates.",
		Unaffected: "no migration is pending",
		Remedy:     "nothing to do: the migrations run on a copy first, and only once on the project",
		Source:     "@directus/api, dist/database/migrations/run.js",
		Detect:     detectMigrations,
	},
	{
		ID: "external-storage", Severity: Warning, Area: AreaFiles,
		Title:      "stored files are kept elsewhere: external, not copied",
		Affects:    "Projects that keep files in an object storage or another service.",
		Unaffected: "all storage locations are local folders",
		Remedy:     "see to it that the storage has a backup of its own",
		Source:     "the project's STORAGE_ settings",
		Detect:     detectExternalStorage,
	},
	{
		ID: "secret-missing", Severity: Warning, Area: AreaConfiguration,
		Title:      "SECRET is not set: everybody is logged out at each start",
		Affects:    "Everybody who logs in, and links in mails.",
		Unaffected: "SECRET is set",
		Remedy:     "set SECRET to a random text of at least 32 characters",
		Source:     "directus/directus pull request 22320",
		Detect:     detectNoSecret,
	},
	{
		ID: "settings-gone", Severity: Note, Area: AreaConfiguration,
		Title:      "settings that the target does not read any more",
		Affects:    "Projects that set them.",
		Unaffected: "no setting is set that the target does not read",
		Remedy:     "remove these lines",
		Source:     "@directus/env and dist/env.js of the releases from 9.0.1 to 12.4.0, compared",
		Detect:     detectGoneSettings,
	},
	{
		ID: "node", Severity: Note, Area: AreaNode,
		Title:      "the target needs another Node than the one in use",
		Affects:    "Whatever starts the server.",
		Unaffected: "the Node in use is one that the target was tested with",
		Remedy:     "nothing to do for the upgrade: bunnyhop brings a Node that fits; the service has to be started with it too",
		Source:     "engines of the directus package, and native modules that belong to one major",
		Detect:     detectNode,
	},
	{
		ID: "extensions", Severity: Note, Area: AreaExtensions,
		Title:      "extensions in use",
		Affects:    "Whoever uses what the extensions bring.",
		Unaffected: "the project has no extensions",
		Remedy:     "the list of loaded extensions is compared before and after",
		Source:     "the project's extensions",
		Detect:     detectExtensions,
	},
	{
		ID: "extension-risk", Severity: Warning, Area: AreaExtensions,
		Title:      "extensions that may not work in the target",
		Affects:    "Whoever uses what these extensions bring.",
		Unaffected: "no extension names another range of versions, and none is of a kind that the jump changes",
		Remedy:     "look for a newer release of each, or be ready to do without it",
		Source:     "directus/directus issues 19250, 16640",
		Detect:     detectRiskyExtensions,
	},
	{
		ID: "bad-foreign-keys", Severity: Blocker, Area: AreaDatabase,
		Title:      "rows point to rows that do not exist, on which migrations of SQLite fail",
		Affects:    "Projects on SQLite whose rows were deleted or imported without checks.",
		Unaffected: "the database is not SQLite, or all its references lead somewhere",
		Remedy:     "correct or delete these rows",
		Source:     "directus/directus issue 24262",
		Detect:     detectBadForeignKeys,
	},
	{
		ID: "bad-shares", Severity: Blocker, Area: AreaDatabase,
		Title:      "shares without a collection or an item stop a migration",
		Affects:    "Projects with shares that were made by programs.",
		Unaffected: "the migration has run already, or every share says what it shares",
		Remedy:     "delete these shares, or fill in what they share",
		Source:     "migration 20230721A-require-shares-fields",
		Detect:     detectBadShares,
	},
	{
		ID: "null-icons", Severity: Blocker, Area: AreaDatabase,
		Title:      "empty icons stop a migration on SQLite",
		Affects:    "Projects on SQLite with dashboards or roles that were made by programs.",
		Unaffected: "the database is not SQLite, the migration has run already, or every icon is set",
		Remedy:     "set the icon of these dashboards to 'dashboard' and of these roles to 'supervised_user_circle'",
		Source:     "migration 20240817A-update-icon-fields-length; directus/directus issue 24262",
		Detect:     detectNullIcons,
	},
	{
		ID: "null-translations", Severity: Blocker, Area: AreaDatabase,
		Title:      "translations without a text stop a migration",
		Affects:    "Projects with translated texts of the Studio, coming from before 10.2.",
		Unaffected: "the migration has run already, or every translation has a text",
		Remedy:     "give each a text in the settings, or remove the language from it",
		Source:     "migration 20230526A-migrate-translation-strings",
		Detect:     detectNullTranslations,
	},
	{
		ID: "lost-translations", Severity: Warning, Area: AreaDatabase,
		Title:      "translations without a key or without any language are dropped by a migration",
		Affects:    "Projects with translated texts of the Studio, coming from before 10.2.",
		Unaffected: "the migration has run already, or every translation has a key and a language",
		Remedy:     "complete those that are wanted in the settings; the backup keeps the others",
		Source:     "migration 20230526A-migrate-translation-strings",
		Detect:     detectLostTranslations,
	},
	{
		ID: "csv-orphans", Severity: Blocker, Area: AreaDatabase,
		Title:      "fields that are lists of values (CSV) and have no column stop a migration",
		Affects:    "Projects whose tables or columns were removed outside of Directus, coming from before 10.7.",
		Unaffected: "the migration has run already, or every such field has its column",
		Remedy:     "delete these rows of directus_fields, or add the columns",
		Source:     "migration 20231009A-update-csv-fields-to-text",
		Detect:     detectOrphanLists,
	},
	{
		ID: "csv-columns", Severity: Warning, Area: AreaDatabase,
		Title:      "a migration rewrites the project's own columns that are lists of values (CSV)",
		Affects:    "Projects with fields of this kind in large tables, coming from before 10.7.",
		Unaffected: "the migration has run already, or there is no such column",
		Remedy:     "leave time for it: the rehearsal shows how long it takes, and the tables are locked meanwhile",
		Source:     "migration 20231009A-update-csv-fields-to-text",
		Detect:     detectLists,
	},
	{
		ID: "long-migrations", Severity: Note, Area: AreaDatabase,
		Title:      "migrations go through large tables, which takes a while",
		Affects:    "Projects with many rows of activity or revisions.",
		Unaffected: "no pending migration goes through a table with more than 100 000 rows",
		Remedy:     "leave time for it: the rehearsal shows how long it takes; delete old activity and revisions first if that is too long",
		Source:     "@directus/api 12.4.0, dist/database/migrations",
		Detect:     detectLongMigrations,
	},
	{
		ID: "floating-version", Severity: Warning, Area: AreaServer,
		Title:      "the project's files do not name an exact version: another one may come by itself, and migrate the database at once",
		Affects:    "Projects that name latest, a range without an end, or an image without a full version.",
		Unaffected: "package.json, Compose files and Dockerfile name a version, or nothing of Directus at all",
		Remedy:     "name the exact version",
		Source:     "directus/directus issue 24995; docs.directus.io, self-hosting/deploying",
		Detect:     detectFloatingVersion,
	},
}
