package advisory

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

// rules is the rule base. To add one, add an entry; the tests make sure that
// it is whole and that it is tried both ways.
var rules = []Rule{
	{
		ID: "downgrade", Severity: Blocker, NeverOverridable: true,
		Title:  "the target is not newer than what is installed",
		Remedy: "choose a later version; to go back, use rollback or downgrade, which put code and database back together",
		Source: "migrate:down cannot cross 11.0, and code alone must not go back",
		Detect: detectDowngrade,
	},
	{
		ID: "newer-database", Severity: Blocker, NeverOverridable: true,
		Title:  "the database is newer than the installed code",
		Remedy: "install the version that the database belongs to first, or restore the backup that belongs to the code",
		Source: "directus/directus issue 20508",
		Detect: detectNewer,
	},
	{
		ID: "migration-collision", Severity: Blocker, NeverOverridable: true,
		Title:  "two migrations use the same key, so that Directus would run none at all",
		Remedy: "rename the project's own file so that the part before its first dash is unique; keep the key of one that already ran",
		Source: "@directus/api, dist/database/migrations/run.js; directus/directus issues 14825, 15014",
		Detect: detectCollisions,
	},
	{
		ID: "migration-between", Severity: Warning,
		Title:  "the project's own migrations will run between those of Directus",
		Remedy: "make sure that they do not need a table or column that a later migration of Directus changes; the rehearsal runs them",
		Source: "@directus/api, dist/database/migrations/run.js; directus/directus issue 23085",
		Detect: detectBetween,
	},
	{
		ID: "not-transactional", Severity: Note,
		Title:  "migrations do not run in a transaction: one that fails leaves a database that is neither old nor new",
		Remedy: "nothing to do: the migrations run on a copy first, and only once on the project",
		Source: "@directus/api, dist/database/migrations/run.js",
		Detect: detectMigrations,
	},
	{
		ID: "external-storage", Severity: Warning,
		Title:  "stored files are kept elsewhere: external, not copied",
		Remedy: "see to it that the storage has a backup of its own",
		Source: "the project's STORAGE_ settings",
		Detect: detectExternalStorage,
	},
	{
		ID: "secret-missing", Severity: Warning,
		Title:  "SECRET is not set: everybody is logged out at each start",
		Remedy: "set SECRET to a random text of at least 32 characters",
		Source: "directus/directus pull request 22320",
		Detect: detectNoSecret,
	},
	{
		ID: "node", Severity: Note,
		Title:  "the target needs another Node than the one in use",
		Remedy: "nothing to do for the upgrade: bunnyhop brings a Node that fits; the service has to be started with it too",
		Source: "engines of the directus package, and native modules that belong to one major",
		Detect: detectNode,
	},
	{
		ID: "extensions", Severity: Note,
		Title:  "extensions in use",
		Remedy: "the list of loaded extensions is compared before and after",
		Source: "the project's extensions",
		Detect: detectExtensions,
	},
	{
		ID: "extension-risk", Severity: Warning,
		Title:  "extensions that may not work in the target",
		Remedy: "look for a newer release of each, or be ready to do without it",
		Source: "directus/directus issues 19250, 16640",
		Detect: detectRiskyExtensions,
	},
	{
		ID: "bad-foreign-keys", Severity: Blocker,
		Title:  "rows point to rows that do not exist, on which migrations of SQLite fail",
		Remedy: "correct or delete these rows",
		Source: "directus/directus issue 24262",
		Detect: detectBadForeignKeys,
	},
	{
		ID: "bad-shares", Severity: Blocker,
		Title:  "shares without a collection or an item stop a migration",
		Remedy: "delete these shares, or fill in what they share",
		Source: "migration 20230721A-require-shares-fields",
		Detect: detectBadShares,
	},
	{
		ID: "null-icons", Severity: Blocker,
		Title:  "empty icons stop a migration on SQLite",
		Remedy: "set the icon of these dashboards to 'dashboard' and of these roles to 'supervised_user_circle'",
		Source: "migration 20240817A-update-icon-fields-length; directus/directus issue 24262",
		Detect: detectNullIcons,
	},

	// database servers
	{
		ID: "server-too-old", Severity: Blocker, Vendors: onServers,
		Title:  "the database server is older than Directus supports",
		Remedy: "upgrade the server first, with a backup made by its own tools",
		Source: docsServers,
		Detect: detectOldServer,
	},
	{
		ID: "server-unsupported", Severity: Note, Vendors: onServers,
		Title:  "the vendor of the database server does not correct this release any more",
		Remedy: "plan its upgrade: Directus supports the releases that their vendors do",
		Source: docsServers,
		Detect: detectEndedServer,
	},
	{
		ID: "database-rights", Severity: Blocker, Vendors: onServers,
		Title:  "the project's database user may not do what the migrations do",
		Remedy: byAdministrator,
		Source: "directus/directus issue 3608",
		Detect: detectRights,
	},
	{
		ID: "scratch-database", Severity: Blocker, Vendors: onServers,
		Title:  "the project's database user may not make a scratch database, without which no backup is proved and no upgrade rehearsed",
		Remedy: byAdministrator + "; or name a user that has it as scratch_database in bunnyhop.yaml",
		Source: "the rights of the user on the server",
		Detect: detectScratchRights,
	},
	{
		ID: "time-limit-exceeded", Severity: Blocker, Vendors: onServers,
		Title:  "a migration would take longer than the server lets a statement take",
		Remedy: "lift the limit for the upgrade with the statements shown, or let Directus delete old activity and revisions first (ACTIVITY_RETENTION, REVISIONS_RETENTION, from 11.3 on)",
		Source: "directus/directus issues 26128, 26359, 24681, 17894",
		Detect: detectTimeoutExceeded,
	},
	{
		ID: "time-limit", Severity: Warning, Vendors: onServers,
		Title:  "the server limits how long a statement may take or wait, and a migration may come to that",
		Remedy: "lift the limit for the upgrade with the statements shown; the rehearsal on the copy shows how long the migrations take",
		Source: "directus/directus issues 26128, 26359, 24681, 17894",
		Detect: detectTimeout,
	},
	{
		ID: "other-sessions", Severity: Warning, Vendors: onServers,
		Title:  "others than the project's own server are connected to its database",
		Remedy: "stop other replicas and programs before the cutover: a second Directus would migrate or write at the same time; sessions of this project's server that come through a pooler or another network are listed too",
		Source: "directus/directus issue 23707",
		Detect: detectSessions,
	},
	{
		ID: "other-sessions-hidden", Severity: Note, Vendors: onMySQL,
		Title:  "sessions of other users on the database cannot be seen",
		Remedy: "make sure that no other replica or program uses the database, or have an administrator execute the statement at the end of the line",
		Source: "MySQL and MariaDB manuals, SHOW PROCESSLIST",
		Detect: detectHiddenSessions,
	},
	{
		ID: "charset-unknown", Severity: Blocker, Vendors: onMySQL,
		Title:  "with this DB_CHARSET no migration can make a table",
		Remedy: "set DB_CHARSET to the name of a character set, not of a collation: utf8mb4",
		Source: "knex 3.1, lib/dialects/mysql/schema/mysql-tablecompiler.js",
		Detect: detectUnknownCharset,
	},
	{
		ID: "charset-foreign-keys", Severity: Blocker, Vendors: onMySQL,
		Title:  "migrations would join columns of unlike collations, which the server refuses (errno 150)",
		Remedy: "read the statements shown, make a backup and prove it (bunnyhop backup), execute them while the server is stopped, then check again",
		Source: "directus/directus issues 6028, 5999, 10688, 20316, 23228, 23648, 24054, 25215",
		Detect: detectUnlikeKeys,
	},
	{
		ID: "charset-mixed", Severity: Warning, Vendors: onMySQL,
		Title:  "the tables of Directus differ in their collations, on which a later migration may fail",
		Remedy: "read the statements shown and execute them one day while the server is stopped, after a backup",
		Source: "directus/directus issues 6028, 5999, 10688, 20316; @directus/api 12.4.0, dist/database/index.js, validateDatabaseCharset",
		Detect: detectUnlikeTexts,
	},
	{
		ID: "zero-dates", Severity: Blocker, Vendors: onMySQL,
		Title:  "the server refuses a migration: Invalid default value for 'uploaded_on'",
		Remedy: "change the setting with the statement shown, and in the server's configuration if it is to stay",
		Source: "migration 20240716A-update-files-date-fields; directus/directus issues 23390, 23496, 23647",
		Detect: detectZeroDates,
	},
	{
		ID: "primary-key-required", Severity: Blocker, Vendors: onMySQL,
		Title:  "the server refuses a migration that takes a primary key away for a moment",
		Remedy: "change the setting for the upgrade with the statements shown, or choose 11.14.1 or later",
		Source: "migration 20240204A-marketplace; directus/directus issues 25201, 26324",
		Detect: detectPrimaryKeys,
	},
	{
		ID: "metric-panels", Severity: Blocker, Vendors: onMySQL,
		Title:  "a migration fails on panels of the kind metric in 11 and later",
		Remedy: "upgrade to 10.13.4 first, and from there to the target",
		Source: "migration 20231009B-update-panel-options; run on 10.13.4 and 11.17.4 with MariaDB 10.11",
		Detect: detectMetricPanels,
	},

	// 10.x
	{
		ID: "10.4-redis", Version: "10.4.0", Severity: Warning,
		Title:  "the separate settings for Redis are not read any more",
		Remedy: "set REDIS, or REDIS_HOST, REDIS_PORT, REDIS_USERNAME and REDIS_PASSWORD, in their place",
		Source: docs10,
		Detect: detectOldRedis,
	},
	{
		ID: "10.4-memcached", Version: "10.4.0", Severity: Blocker,
		Title:  "memcached is not supported any more",
		Remedy: "set CACHE_STORE and RATE_LIMITER_STORE to memory or redis",
		Source: docs10,
		Detect: detectMemcached,
	},
	{
		ID: "10.10-extension-folders", Version: "10.10.0", Severity: Warning,
		Title:  "extensions in folders by type are ignored without a word",
		Remedy: "move each up one level and give it a package.json with directus:extension",
		Source: docs10,
		Detect: detectTypedFolders,
	},
	{
		ID: "10.10-migrations-folder", Version: "10.10.0", Severity: Warning,
		Title:  "the project's own migrations are looked for in another folder",
		Remedy: "move the files to ./migrations, or set MIGRATIONS_PATH",
		Source: docs10,
		Detect: detectMigrationsFolder,
	},
	{
		ID: "10.10-templates-folder", Version: "10.10.0", Severity: Warning,
		Title:  "the project's e-mail templates are looked for in another folder",
		Remedy: "move the files to ./templates, or set EMAIL_TEMPLATES_PATH",
		Source: docs10,
		Detect: detectTemplatesFolder,
	},

	// 11.x
	{
		ID: "11.0-policies", Version: "11.0.0", Severity: Warning,
		Title:  "permissions move from roles to policies",
		Remedy: "nothing to do in the database: who may do what is compared before and after; programs and extensions that read admin_access, app_access or permissions.role have to be changed",
		Source: docs11 + "; migration 20240806A-permissions-policies",
		Detect: detectPolicies,
	},
	{
		ID: "11.1-sendgrid", Version: "11.1.1", Severity: Warning,
		Title:  "the SendGrid transport is gone: no mail would be sent",
		Remedy: "use SendGrid's SMTP relay: EMAIL_TRANSPORT=smtp, EMAIL_SMTP_HOST=smtp.sendgrid.net, EMAIL_SMTP_PORT=587, EMAIL_SMTP_USER=apikey, and the key as EMAIL_SMTP_PASSWORD",
		Source: docs11,
		Detect: detectSendGrid,
	},
	{
		ID: "11.7-mysql-5.7", Version: "11.7.0", Severity: Blocker, LosesFunction: true, Vendors: onMySQL,
		Title:  "MySQL 5.7 is not supported any more",
		Remedy: "move to MySQL 8 or MariaDB first, or choose a target before 11.7.0",
		Source: docs11,
		Detect: detectMySQL57,
	},
	{
		ID: "11.14-webhooks", Version: "11.14.1", Severity: Warning,
		Title:  "the table of webhooks is dropped, with its rows",
		Remedy: "check the flows that were made of them (since 10.11); the backup keeps the rows",
		Source: docs11 + "; migration 20251224A-remove-webhooks",
		Detect: detectWebhooks,
	},

	// 12.x
	{
		ID: "12.0-custom-permissions", Version: "12.0.0", Severity: Blocker, LosesFunction: true,
		Title:  "without a licence, custom permission rules stop at once: what they allow is denied",
		Remedy: "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or reduce these permissions to all fields without conditions",
		Source: "@directus/api 12.4.0, dist/services/permissions.js; run on 12.4.0",
		Detect: detectCustomPermissions,
	},
	{
		ID: "12.0-collections", Version: "12.0.0", Severity: Blocker, LosesFunction: true,
		Title:  "without a licence there may be 25 collections; with more the project is locked after 30 days, for admins too",
		Remedy: "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or give up collections",
		Source: "@directus/license, Core tier; " + docs12,
		Detect: detectCollections,
	},
	{
		ID: "12.0-seats", Version: "12.0.0", Severity: Blocker, LosesFunction: true,
		Title:  "without a licence there may be 3 users with access to the Studio; with more the project is locked after 30 days",
		Remedy: "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or take Studio access from users",
		Source: "@directus/license, Core tier; " + docs12,
		Detect: detectSeats,
	},
	{
		ID: "12.0-flows", Version: "12.0.0", Severity: Blocker, LosesFunction: true,
		Title:  "without a licence there may be 5 active flows; with more the project is locked after 30 days",
		Remedy: "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or switch flows off",
		Source: "@directus/license, Core tier; " + docs12,
		Detect: detectFlows,
	},
	{
		ID: "12.0-sso", Version: "12.0.0", Severity: Blocker, LosesFunction: true,
		Title:  "without a licence there is no login through other services",
		Remedy: "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or give these users a password and the provider 'default'",
		Source: "@directus/license, Core tier; " + docs12,
		Detect: detectSSO,
	},
	{
		ID: "12.0-custom-llm", Version: "12.0.0", Severity: Warning, LosesFunction: true,
		Title:  "without a licence there is no AI provider of your own",
		Remedy: "get a licence before upgrading (LICENSE_KEY), or remove the settings of the provider",
		Source: "@directus/license, Core tier",
		Detect: detectCustomLLM,
	},
	{
		ID: "12.0-licence-settings", Version: "12.0.0", Severity: Blocker,
		Title:  "with these licence settings Directus ends at once when it starts",
		Remedy: "set either LICENSE_KEY or LICENSE_TOKEN, and PUBLIC_URL to the full address",
		Source: "@directus/api 12.4.0, dist/license/manager.js",
		Detect: detectLicenceSettings,
	},
	{
		ID: "12.0-licence-binding", Version: "12.0.0", Severity: Warning,
		Title:  "the licence is bound to this project and its address, and has to cover what the project uses",
		Remedy: "let the server reach https://licensing.directus.com; deactivate the licence before the project is destroyed or moved; the rehearsal runs without it",
		Source: docs12 + ", licensing",
		Detect: detectLicenceBinding,
	},
	{
		ID: "12.0-trust-proxy", Version: "12.0.0", Severity: Warning,
		Title:  "behind a proxy Directus will see the proxy's address in place of the visitor's",
		Remedy: "set IP_TRUST_PROXY=true, or better the number or the addresses of your proxies",
		Source: docs12,
		Detect: detectTrustProxy,
	},
	{
		ID: "12.0-health", Version: "12.0.0", Severity: Warning,
		Title:  "/server/health needs a login: a probe on it will call the server sick",
		Remedy: "let probes ask /server/ping",
		Source: "run on 12.4.0",
		Detect: detectHealthProbes,
	},
	{
		ID: "12.0-short-secret", Version: "12.0.0", Severity: Note,
		Title:  "SECRET is shorter than 32 bytes, which Directus warns about",
		Remedy: "a longer one ends all logins once, and all links in mails",
		Source: "@directus/api 12.4.0, dist/app.js",
		Detect: detectShortSecret,
	},
}
