package tui

import (
	"bunnyhop/internal/advisory"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// manyFindings is what the check finds in the sample project on the way from
// 10.13.4 to 12.4.0.
func manyFindings() steps.Gate {
	return steps.Gate{
		ID: "findings", Kind: steps.GateFindings, Title: "What changes between 10.13.4 and 12.4.0", Flag: "--override",
		Findings: []advisory.Finding{
			{
				ID: "12.0-custom-permissions", Severity: advisory.Blocker, Area: "licence", Version: "12.0.0",
				Title: "without a licence, custom permission rules stop at once, the time of grace included: what they allow is denied",
				Evidence: []string{
					"10 in use, none allowed",
					"Author · articles: create (fields title, slug, summary, body, section, cover, keywords, status; validation; presets), delete (no fields set; conditions), update (fields title, summary, body, keywords; conditions)",
					"Editor · articles: share (conditions)",
					"Editor · letters: update (fields approved, answer; conditions; validation)",
					"Partner feed · articles: read (fields id, title, summary, published_on, section; conditions)",
					"Public · articles: read (fields id, title, slug, summary, body, published_on, cover, section, author; conditions)",
					"Public · authors: read (fields id, name, slug, bio, portrait)",
					"Public · directus_files: read (conditions)",
					"Public · letters: create (fields article, name, body, stars; validation)",
				},
				Affects: "Projects without a licence in which a permission has conditions, only some fields, validation or presets.",
				Remedy:  "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or reduce these permissions to all fields without conditions",
				Source:  "@directus/api 39.2.0 of 12.4.0, dist/services/permissions.js, readByQuery; run on 12.4.0",
			},
			{
				ID: "12.0-seats", Severity: advisory.Blocker, Area: "licence", Version: "12.0.0",
				Title: "without a licence there may be 3 users with access to the Studio; with more the project is locked after 30 days",
				Evidence: []string{
					"4 in use, 3 allowed",
					"admin@example.com",
					"aiko@example.com",
					"mina@example.com",
					"yusuf@example.com",
				},
				Affects: "Projects without a licence and with more than 3 active users who have admin or app access.",
				Remedy:  "stay on 11.x, get a licence before upgrading (LICENSE_KEY), or take Studio access from users",
				Source:  "@directus/license 0.4.0, dist/index.mjs, CORE_LICENSE; docs.directus.io, breaking changes, version 12",
			},
			{
				ID: "11.0-policies", Severity: advisory.Warning, Area: "permissions", Version: "11.0.0",
				Title: "permissions move from roles to policies",
				Evidence: []string{
					"4 roles become policies",
				},
				Affects: "Everybody; programs that read or write roles and permissions through the API.",
				Remedy:  "nothing to do in the database: who may do what is compared before and after; programs that use admin_access, app_access, enforce_tfa or ip_access of roles, or permissions.role, have to be changed",
				Source:  "docs.directus.io, breaking changes, version 11; migration 20240806A-permissions-policies",
			},
			{
				ID: "11.1-comments", Severity: advisory.Warning, Area: "permissions", Version: "11.1.2",
				Title: "comments move to a collection of their own, with other keys",
				Evidence: []string{
					"1 comments in directus_activity",
				},
				Affects: "Projects with comments, or with permissions for them on directus_activity.",
				Remedy:  "give those who comment the permissions on directus_comments; programs have to expect UUIDs as keys",
				Source:  "docs.directus.io, breaking changes, version 11; migrations 20240909A-separate-comments, 20240924A-migrate-legacy-comments",
			},
			{
				ID: "11.11-versions", Severity: advisory.Warning, Area: "API", Version: "11.11.0",
				Title: "versions of items are answered differently: relations only when asked for, invalid data as an error",
				Evidence: []string{
					"articles: 1 versions",
				},
				Affects: "Programs that ask for versions of items (?version=), and people who work with them.",
				Remedy:  "try the requests for versions on a copy; on SQLite such a request blocks all others meanwhile",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "11.12-versions", Severity: advisory.Warning, Area: "API", Version: "11.12.0",
				Title: "a version that does not exist is refused, in place of answering the main one",
				Evidence: []string{
					"articles: 1 versions",
				},
				Affects: "Programs that ask for versions of items (?version=), and people who work with them.",
				Remedy:  "let programs ask only for versions that are there; who and when of a version is now that of its last change",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "12.0-grace", Severity: advisory.Warning, Area: "licence", Version: "12.0.0",
				Title: "the project is over the limits that hold without a licence, and would be locked when the time of grace ends",
				Evidence: []string{
					"over the limits: users with Studio access",
					"upgraded on 2026-11-21, the project would be locked on 2026-12-21",
				},
				Affects: "Projects without a licence and over the limits of seats, collections, flows or logins through other services.",
				Remedy:  "have the licence, or be within the limits, before that day; locked means no items, files, GraphQL or flows, and logins of admins only",
				Source:  "@directus/api 39.2.0 of 12.4.0, dist/license/utils/get-core-grace-expires-at.js; run on 12.4.0",
			},
			{
				ID: "12.0-history", Severity: advisory.Warning, Area: "licence", Version: "12.0.0",
				Title: "without a licence, activity and revisions older than 30 days are not shown",
				Evidence: []string{
					"directus_activity goes back to 2024-10-07",
				},
				Affects: "Projects without a licence that look back further.",
				Remedy:  "nothing is deleted: a licence shows it again; to look something up until then, read the backup",
				Source:  "@directus/api 39.2.0 of 12.4.0, dist/utils/get-history-filter-query.js; @directus/license 0.4.0",
			},
			{
				ID: "12.0-telemetry", Severity: advisory.Warning, Area: "licence", Version: "12.0.0",
				Title: "without a licence, TELEMETRY=false is ignored: figures of use are sent to Directus",
				Evidence: []string{
					"TELEMETRY=false",
				},
				Affects: "Projects without a licence that switched telemetry off.",
				Remedy:  "get a licence that allows it, or let the firewall decide",
				Source:  "@directus/api 39.2.0 of 12.4.0, dist/schedules/telemetry.js",
			},
			{
				ID: "12.0-trust-proxy", Severity: advisory.Warning, Area: "configuration", Version: "12.0.0",
				Title: "behind a proxy Directus will see the proxy's address in place of the visitor's",
				Evidence: []string{
					"role Partner feed is limited to 127.0.0.1,192.0.2.0/24",
				},
				Affects: "Projects behind a proxy: limits by address, rate limits, the activity log.",
				Remedy:  "set IP_TRUST_PROXY=true, or better the number or the addresses of your proxies",
				Source:  "docs.directus.io, breaking changes, version 12",
			},
			{
				ID: "12.0-versioned-collections", Severity: advisory.Warning, Area: "Studio", Version: "12.0.0",
				Title: "published items of collections with versions are edited as a draft first",
				Evidence: []string{
					"articles",
				},
				Affects: "People who edit in collections with versions.",
				Remedy:  "tell them: edit the draft, then publish; programs write version=published in place of version=main, which still works",
				Source:  "docs.directus.io, breaking changes, version 12",
			},
			{
				ID: "not-transactional", Severity: advisory.Note, Area: "database",
				Title: "migrations do not run in a transaction: one that fails leaves a database that is neither old nor new",
				Evidence: []string{
					"29 migrations will run, 0 of them the project's own",
					"5 of them drop or rewrite something",
				},
				Affects: "Every upgrade that migrates.",
				Remedy:  "nothing to do: the migrations run on a copy first, and only once on the project",
				Source:  "@directus/api, dist/database/migrations/run.js",
			},
			{
				ID: "node", Severity: advisory.Note, Area: "Node",
				Title: "the target needs another Node than the one in use",
				Evidence: []string{
					"Directus 12.4.0 was tested with Node 22",
					"no Node was found",
				},
				Affects: "Whatever starts the server.",
				Remedy:  "nothing to do for the upgrade: bunnyhop brings a Node that fits; the service has to be started with it too",
				Source:  "engines of the directus package, and native modules that belong to one major",
			},
			{
				ID: "extensions", Severity: advisory.Note, Area: "extensions",
				Title: "extensions in use",
				Evidence: []string{
					"directus-extension-reading-time · 1.0.0 · endpoint · local · made for ^10.0.0 || ^11.0.0 || ^12.0.0",
				},
				Affects: "Whoever uses what the extensions bring.",
				Remedy:  "the list of loaded extensions is compared before and after",
				Source:  "the project's extensions",
			},
			{
				ID: "11.0-many-to-any", Severity: advisory.Note, Area: "API", Uncertain: true, Version: "11.0.0",
				Title: "fields behind a many-to-any relation have to be asked for with their collection (item:posts.title)",
				Evidence: []string{
					"articles_blocks.item leads to any of block_text, block_quote, block_gallery",
				},
				Affects: "Programs that ask for fields of many-to-any relations.",
				Remedy:  "look whether programs ask for fields of these relations; if so, write fields=items.item:collection.field in place of fields=items.item.field",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "11.6-graphql-ids", Severity: advisory.Note, Area: "API", Uncertain: true, Version: "11.6.0",
				Title:   "GraphQL refuses keys in variables of the type String",
				Affects: "Programs that use GraphQL.",
				Remedy:  "look whether programs declare keys as String in GraphQL ($id: String); if so, declare them as ID",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "11.9-sdk", Severity: advisory.Note, Area: "API", Uncertain: true, Version: "11.9.0",
				Title:   "the SDK's login, refresh and logout take objects",
				Affects: "Programs that update @directus/sdk together with Directus.",
				Remedy:  "look whether programs that use the SDK call login, refresh or logout with single values; if so, write login({ email, password }) and refresh({ mode, refresh_token }), or keep the SDK as it is",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "11.9-manual-flows", Severity: advisory.Note, Area: "flows", Uncertain: true, Version: "11.9.0",
				Title: "flows with a manual trigger cannot be started without a login",
				Evidence: []string{
					"flow Approve letters",
				},
				Affects: "Programs that start such a flow without a token.",
				Remedy:  "look whether something starts these flows without a login; if so, give those flows a webhook as their trigger",
				Source:  "docs.directus.io, breaking changes, version 11",
			},
			{
				ID: "11.17-imports", Severity: advisory.Note, Area: "files", Uncertain: true, Version: "11.17.0",
				Title:   "imports end after an hour, and only 20 run at a time",
				Affects: "Those who import very large files, or many at a time.",
				Remedy:  "look whether imports take longer than an hour; if so, set IMPORT_TIMEOUT (for example 3h) and IMPORT_MAX_CONCURRENCY",
				Source:  "@directus/env of 11.16.1 compared with that of 11.17.4",
			},
			{
				ID: "12.0-licence-text", Severity: advisory.Note, Area: "licence", Version: "12.0.0",
				Title: "the licence of the code changes from BUSL-1.1 to MSCL-1.0-GPL",
				Evidence: []string{
					"from BUSL-1.1 to MSCL-1.0-GPL",
				},
				Affects: "Everybody who runs Directus.",
				Remedy:  "read the file license of the directus package, and decide",
				Source:  "docs.directus.io, breaking changes, version 12; license files of the directus packages 11.17.4 and 12.4.0",
			},
			{
				ID: "12.1-hash", Severity: advisory.Note, Area: "API", Uncertain: true, Version: "12.1.0",
				Title:   "/utils/hash/generate and /utils/hash/verify are gone",
				Affects: "Programs, flows and extensions that ask for them.",
				Remedy:  "look whether programs ask for /utils/hash; if so, do the same in an endpoint of your own, with argon2",
				Source:  "docs.directus.io, breaking changes, version 12; directus/directus pull request 27774",
			},
			{
				ID: "12.1-graphql-mutations", Severity: advisory.Note, Area: "API", Uncertain: true, Version: "12.1.0",
				Title:   "GraphQL refuses to log in, or to do other sensitive things, more than once in a request",
				Affects: "Programs that use GraphQL.",
				Remedy:  "look whether programs send several such mutations in one request; if so, send one a request, or set GRAPHQL_SINGLE_USE_MUTATIONS",
				Source:  "docs.directus.io, breaking changes, version 12; directus/directus pull request 27801",
			},
			{
				ID: "12.2-import-size", Severity: advisory.Note, Area: "configuration", Uncertain: true, Version: "12.2.0",
				Title:   "imports, and snapshots that are applied through the API, may have 50 MB",
				Affects: "Those who import or apply larger files.",
				Remedy:  "look whether files larger than 50 MB are imported; if so, set IMPORT_MAX_FILE_SIZE to more, for example 500mb",
				Source:  "@directus/env of 12.1.1 compared with that of 12.2.0; docs.directus.io, breaking changes, version 12",
			},
			{
				ID: "12.2-schema-force", Severity: advisory.Note, Area: "schema", Uncertain: true, Version: "12.2.0",
				Title:   "force of /schema/diff and /schema/apply is read otherwise: without a value it means true",
				Affects: "Scripts that ask for /schema/diff or /schema/apply, programs that call schemaDiff of the SDK.",
				Remedy:  "look whether scripts call /schema/diff or /schema/apply with force; if so, write force=true or force=false, and give schemaDiff its options",
				Source:  "docs.directus.io, breaking changes, version 12",
			},
			{
				ID: "12.4-flow-folders", Severity: advisory.Note, Area: "permissions", Version: "12.4.0",
				Title: "folders of flows lie among the folders of files: who may read all folders sees them, too",
				Evidence: []string{
					"permission 47 of Editor",
				},
				Affects: "Roles and policies that may read folders without a condition.",
				Remedy:  "nothing to do, unless their names are secret; a condition (type is files) is a custom rule, which needs a licence",
				Source:  "migrations 20260818A-add-flow-folders, 20260909A-add-flows-module; directus/directus pull request 28206",
			},
			{
				ID: "12.4-schema-diff", Severity: advisory.Note, Area: "schema", Uncertain: true, Version: "12.4.0",
				Title:   "schema differences name the whole meta where a part of it was added or removed",
				Affects: "Programs that read the answer of /schema/diff.",
				Remedy:  "look whether programs read the differences one by one; if so, let them expect an entry of the kind E with the path meta alone",
				Source:  "@directus/api 39.2.0 of 12.4.0, dist/utils/schema/get-snapshot-diff.js",
			},
		},
	}
}

// storageInspection is a project with storage locations of all kinds.
func storageInspection() facts.Inspection {
	seen := sampleInspection()
	seen.Storage = []facts.Storage{
		{Name: "local", Driver: "local", Root: "./uploads", Files: 5204, Bytes: 1_204_771_002, Rows: 5201, Extra: 8, Missing: 5, MissingNames: []string{"01f3a2.jpg", "02c4.png", "0a91.pdf"}},
		{Name: "media", Driver: "s3", Place: "s3://newsroom-media/2026 at minio.example:9000", Files: 812, Bytes: 311_204_771, Rows: 812},
		{Name: "archive", Driver: "s3", Place: "s3://newsroom-archive", Rows: 40, Fault: "the bucket answers 403 AccessDenied"},
		{Name: "old", Driver: "gcs", Rows: 77, External: true, Reason: "files of the driver gcs cannot be copied"},
	}
	return seen
}
