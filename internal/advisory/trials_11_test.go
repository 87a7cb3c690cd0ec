package advisory_test

import "bunnyhop/internal/advisory"

// What several trials need.
const (
	operationsSQL = `CREATE TABLE directus_flows (id, name, options); INSERT INTO directus_flows VALUES ('f', 'Nightly', '{}');
		CREATE TABLE directus_operations (id, name, key, type, options, flow, resolve, reject);`
	accessSQL = `CREATE TABLE directus_permissions (id, collection, action, fields, permissions, validation, presets, policy);
		CREATE TABLE directus_policies (id, name, admin_access); CREATE TABLE directus_roles (id, name, admin_access);`
	missingSQL = accessSQL + `CREATE TABLE directus_fields (id, collection, field, special, interface, options, readonly);
		CREATE TABLE directus_presets (id, collection, filter, layout_query, layout_options);
		CREATE TABLE directus_collections (collection, display_template, versioning);
		CREATE TABLE posts (id, title); INSERT INTO directus_fields VALUES (1, 'posts', 'comments', 'o2m', NULL, NULL, 0);`
)

// trials11 try the rules of rules_11.go.
var trials11 = []trial{
	{rule: "settings-gone", name: "set", want: advisory.Applies, from: "10.13.4", env: config{"CACHE_PERMISSIONS": "false", "KEY": "x"}, evidence: "CACHE_PERMISSIONS, since 11.1.0"},
	{rule: "settings-gone", name: "gone before", want: advisory.DoesNotApply, from: "11.1.0", env: config{"CACHE_PERMISSIONS": "false"}},

	{rule: "11.0-policies", name: "crossed", want: advisory.Applies, sql: "CREATE TABLE directus_roles (id); INSERT INTO directus_roles VALUES ('a')", evidence: "1 role turned"},
	{rule: "11.0-policies", name: "done already", want: advisory.DoesNotApply, sql: "CREATE TABLE directus_policies (id); CREATE TABLE directus_roles (id)"},

	{
		rule: "11.0-role-fields", name: "a permission and a panel", want: advisory.Applies,
		sql: accessSQL + `INSERT INTO directus_permissions (id, collection, action, permissions) VALUES (7, 'directus_users', 'read', '{"role":{"admin_access":{"_eq":false}}}');
			CREATE TABLE directus_panels (id, name, options); INSERT INTO directus_panels VALUES (1, 'Admins', '{"filter":{"admin_access":true}}')`,
		evidence: "permission 7 (read directus_users): permissions\npanel Admins",
	},
	{
		rule: "11.0-role-fields", name: "the role of permissions", want: advisory.Applies,
		sql: accessSQL + "INSERT INTO directus_permissions (id, collection, action, fields) VALUES (8, 'directus_permissions', 'read', 'id,role')", evidence: "permission 8",
	},
	{
		rule: "11.0-role-fields", name: "a field of the project's own", want: advisory.DoesNotApply,
		sql: accessSQL + "INSERT INTO directus_permissions (id, collection, action, fields) VALUES (9, 'networks', 'read', 'ip_access')",
	},

	{rule: "11.0-access-code", name: "getAllowedFields", want: advisory.Applies, files: extensionFiles("endpoint", "service.getAllowedFields('read')"), evidence: "getAllowedFields"},
	{rule: "11.0-access-code", name: "built", want: advisory.Applies, files: extensionFiles("module", "const e=t.accountability?.permissions"), evidence: "accountability?.permissions"},
	{rule: "11.0-access-code", name: "other rights", want: advisory.DoesNotApply, files: extensionFiles("endpoint", "accountability.admin")},
	{rule: "11.0-pre-register-check", name: "a module", want: advisory.Applies, files: extensionFiles("module", "export default {id:'m',preRegisterCheck(u,p){return p.some(x=>x)}}"), evidence: "preRegisterCheck"},
	{rule: "11.0-pre-register-check", name: "none", want: advisory.DoesNotApply, files: extensionFiles("module", "export default {id:'m'}")},

	{
		rule: "11.0-missing-fields", name: "a permission, a bookmark, a template", want: advisory.Applies,
		sql: missingSQL + `INSERT INTO directus_permissions (id, collection, action, fields) VALUES (1, 'posts', 'read', 'title,gone');
			INSERT INTO directus_presets (id, collection, layout_query) VALUES (2, 'posts', '{"tabular":{"fields":["title","old.name"]}}');
			INSERT INTO directus_collections VALUES ('posts', '{{ lost }} {{title}}', 0)`,
		evidence: "bookmark 2 names posts.old\npermission 1 (read) names posts.gone\nthe display template names posts.lost",
	},
	{
		rule: "11.0-missing-fields", name: "all there", want: advisory.DoesNotApply,
		sql: missingSQL + `INSERT INTO directus_permissions (id, collection, action, fields) VALUES (1, 'posts', 'read', 'title,comments'), (2, 'posts', 'update', '*'), (3, 'directus_users', 'read', 'whatever');
			INSERT INTO directus_presets (id, collection, layout_query) VALUES (2, 'posts', '{"tabular":{"fields":["comments.text","id"]}}')`,
	},

	{
		rule: "11.0-many-to-any", name: "one", want: advisory.CannotTell,
		sql:      "CREATE TABLE directus_relations (id, many_collection, many_field, one_allowed_collections); INSERT INTO directus_relations VALUES (1, 'pages_blocks', 'item', 'hero,quote')",
		evidence: "pages_blocks.item leads to any of hero, quote",
	},
	{rule: "11.0-many-to-any", name: "none", want: advisory.DoesNotApply, sql: "CREATE TABLE directus_relations (id, one_allowed_collections)"},

	{rule: "11.1-sendgrid", name: "yes", want: advisory.Applies, env: config{"EMAIL_TRANSPORT": "sendgrid"}},
	{rule: "11.1-sendgrid", name: "no", want: advisory.DoesNotApply, env: config{"EMAIL_TRANSPORT": "smtp"}},
	{
		rule: "11.1-comments", name: "comments", want: advisory.Applies,
		sql: "CREATE TABLE directus_activity (id, action); INSERT INTO directus_activity VALUES (1, 'comment'), (2, 'login')", evidence: "1 comment in",
	},
	{
		rule: "11.1-comments", name: "a permission", want: advisory.Applies,
		sql: accessSQL + "INSERT INTO directus_permissions (id, collection, action) VALUES (3, 'directus_activity', 'create')", evidence: "permission 3 (create directus_activity)",
	},
	{
		rule: "11.1-comments", name: "reading only", want: advisory.DoesNotApply,
		sql: accessSQL + "CREATE TABLE directus_activity (id, action); INSERT INTO directus_permissions (id, collection, action) VALUES (3, 'directus_activity', 'read')",
	},
	{rule: "11.1-comments-service", name: "used", want: advisory.Applies, files: extensionFiles("hook", "new ActivityService({ schema })")},
	{rule: "11.1-comments-service", name: "another", want: advisory.DoesNotApply, files: extensionFiles("hook", "new ItemsService('directus_activity')")},

	{rule: "11.4-node-files", name: "a Dockerfile", want: advisory.Applies, files: map[string]string{"Dockerfile": "FROM node:20-alpine AS build\nRUN npm ci\n"}, evidence: "Dockerfile: FROM node:20-alpine"},
	{rule: "11.4-node-files", name: "engines", want: advisory.Applies, files: map[string]string{"package.json": `{"engines":{"node":"^18.17"}}`}, evidence: `"node": "^18.17"`},
	{
		rule: "11.4-node-files", name: "new enough", want: advisory.DoesNotApply,
		files: map[string]string{"Dockerfile": "FROM node:22\n", "package.json": `{"engines":{"node":">=18"}}`},
	},

	{
		rule: "11.5-conditions", name: "the way of failure reads it", want: advisory.Applies,
		sql: operationsSQL + `INSERT INTO directus_operations (id, name, key, type, options, flow, reject, resolve) VALUES ('1', 'Is it new?', 'is_new', 'condition', '{}', 'f', '2', NULL),
			('2', 'Tell', 'tell', 'log', '{"message":"no"}', 'f', NULL, '3'), ('3', 'Mail', 'mail', 'mail', '{"body":"{{is_new[0].message}}"}', 'f', NULL, NULL)`,
		evidence: "operation Mail of the flow Nightly, behind the condition Is it new?",
	},
	{
		rule: "11.5-conditions", name: "nothing reads it", want: advisory.DoesNotApply,
		sql: operationsSQL + `INSERT INTO directus_operations (id, name, key, type, options, flow, reject) VALUES ('1', 'New?', 'is_new', 'condition', '{}', 'f', '2'),
			('2', 'Tell', 'tell', 'log', '{"message":"{{$trigger.key}}"}', 'f', NULL)`,
	},
	{rule: "11.6-graphql-ids", name: "seen", want: advisory.Applies, files: extensionFiles("module", "gql`query ($id: String!) { posts_by_id(id: $id) { id } }`")},
	{rule: "11.6-graphql-ids", name: "outside", want: advisory.CannotTell, look: "look whether programs"},
	{rule: "11.6-create-hooks", name: "an action", want: advisory.Applies, files: extensionFiles("hook", "export default ({ action }) => { action('posts.items.create', () => {}); action('items.create', ({ payload }) => {}) }")},
	{rule: "11.6-create-hooks", name: "built", want: advisory.CannotTell, files: extensionFiles("hook", `export default({action:e})=>{e("items.create",()=>{})}`), evidence: "items.create"},
	{rule: "11.6-create-hooks", name: "a filter", want: advisory.DoesNotApply, files: extensionFiles("hook", "filter('items.create', (payload) => payload)")},

	{rule: "11.9-sdk", name: "seen", want: advisory.Applies, files: extensionFiles("module", "await client.login(email, password)"), evidence: "client.login(email,"[6:]},
	{rule: "11.9-sdk", name: "a dependency", want: advisory.CannotTell, files: map[string]string{"package.json": `{"dependencies":{"@directus/sdk":"^17.0.0"}}`}, evidence: "package.json line 1"},
	{
		rule: "11.9-manual-flows", name: "one", want: advisory.CannotTell, evidence: "flow Publish",
		sql: "CREATE TABLE directus_flows (id, name, status, trigger); INSERT INTO directus_flows VALUES ('f', 'Publish', 'active', 'manual')",
	},
	{
		rule: "11.9-manual-flows", name: "off, or another trigger", want: advisory.DoesNotApply,
		sql: "CREATE TABLE directus_flows (id, name, status, trigger); INSERT INTO directus_flows VALUES ('f', 'Publish', 'inactive', 'manual'), ('g', 'Hook', 'active', 'webhook')",
	},
	{
		rule: "11.10-snapshots", name: "a table of its own", want: advisory.CannotTell, evidence: "table ledger",
		sql: "CREATE TABLE directus_collections (collection); CREATE TABLE posts (id); CREATE TABLE ledger (id); INSERT INTO directus_collections VALUES ('posts')",
	},
	{
		rule: "11.10-snapshots", name: "all registered", want: advisory.DoesNotApply,
		sql: "CREATE TABLE directus_collections (collection); CREATE TABLE posts (id); INSERT INTO directus_collections VALUES ('posts')",
	},
	{rule: "11.10-node-env", name: "used", want: advisory.Applies, files: extensionFiles("hook", "if (process.env.NODE_ENV !== 'production') log()")},
	{rule: "11.10-node-env", name: "in the Studio", want: advisory.DoesNotApply, files: extensionFiles("module", "process.env.NODE_ENV")},
	{
		rule: "11.10-typed-services", name: "TypeScript", want: advisory.Applies, evidence: "src/index.ts",
		files: map[string]string{"extensions/mine/package.json": manifest("mine", "hook"), "extensions/mine/src/index.ts": "const { ItemsService } = services;"},
	},
	{rule: "11.10-typed-services", name: "JavaScript", want: advisory.DoesNotApply, files: extensionFiles("hook", "const { ItemsService } = services;")},
	{rule: "11.11-versions", name: "some", want: advisory.Applies, sql: versionsSQL + "INSERT INTO directus_versions VALUES ('1', 'v2', 'posts'), ('2', 'v3', 'posts')", evidence: "posts: 2 versions"},
	{rule: "11.11-versions", name: "none", want: advisory.DoesNotApply, sql: versionsSQL},
	{rule: "11.12-versions", name: "some", want: advisory.Applies, sql: versionsSQL + "INSERT INTO directus_versions VALUES ('1', 'v2', 'posts')"},
	{rule: "11.12-versions", name: "none", want: advisory.DoesNotApply, sql: versionsSQL},

	{rule: "11.13-delete-hooks", name: "a filter", want: advisory.Applies, files: extensionFiles("hook", "filter('posts.items.delete', x); filter('items.delete', (keys) => keys)")},
	{rule: "11.13-delete-hooks", name: "built", want: advisory.CannotTell, files: extensionFiles("hook", `export default({filter:t})=>{t("items.delete",k=>k)}`)},
	{rule: "11.13-delete-hooks", name: "an action", want: advisory.DoesNotApply, files: extensionFiles("hook", "action('items.delete', () => {})")},
	{rule: "11.13-relational-types", name: "used", want: advisory.Applies, files: extensionFiles("interface", "import { RELATIONAL_TYPES } from '@directus/constants'")},
	{rule: "11.13-relational-types", name: "not used", want: advisory.DoesNotApply, files: extensionFiles("interface", "export default {}")},
	{rule: "11.13-snapshot-indexes", name: "an old one", want: advisory.Applies, files: map[string]string{"schema/snapshot.yaml": snapshotText("11.5.0")}, evidence: "schema/snapshot.yaml, written by 11.5.0"},
	{rule: "11.13-snapshot-indexes", name: "a new one", want: advisory.DoesNotApply, files: map[string]string{"snapshot.yaml": snapshotText("11.13.2") + "systemFields: []\n"}},
	{rule: "11.13-snapshot-indexes", name: "no folder", want: advisory.CannotTell, input: func(in *advisory.Input) { in.Root = "" }},

	{rule: "11.14-app-store", name: "used", want: advisory.Applies, files: extensionFiles("module", "appStore.sidebarOpen = true"), evidence: "sidebarOpen"},
	{rule: "11.14-app-store", name: "another full screen", want: advisory.DoesNotApply, files: extensionFiles("module", "player.fullScreen()")},
	{rule: "11.14-webhooks", name: "a row", want: advisory.Applies, sql: webhooksSQL + "INSERT INTO directus_webhooks VALUES (1, 'Rebuild', 'inactive')", evidence: "Rebuild"},
	{rule: "11.14-webhooks", name: "empty", want: advisory.DoesNotApply, sql: webhooksSQL},
	{rule: "11.14-webhook-permissions", name: "one", want: advisory.Applies, sql: accessSQL + "INSERT INTO directus_permissions (id, collection, action) VALUES (4, 'directus_webhooks', 'read')", evidence: "permission 4"},
	{rule: "11.14-webhook-permissions", name: "none", want: advisory.DoesNotApply, sql: accessSQL},
	{
		rule: "11.14-assets", name: "some fields", want: advisory.Applies, evidence: "permission 5 of Shop lacks id, filename_download, modified_on",
		sql: accessSQL + "INSERT INTO directus_policies VALUES ('p', 'Shop', 0); INSERT INTO directus_permissions (id, collection, action, fields, policy) VALUES (5, 'directus_files', 'read', 'title,type', 'p')",
	},
	{
		rule: "11.14-assets", name: "enough", want: advisory.DoesNotApply,
		sql: accessSQL + "INSERT INTO directus_permissions (id, collection, action, fields) VALUES (5, 'directus_files', 'read', 'id,filename_download,modified_on'), (6, 'directus_files', 'read', '*')",
	},
	{
		rule: "11.14-sso-ports", name: "no port", want: advisory.CannotTell, evidence: "AUTH_GOOGLE_REDIRECT_ALLOW_LIST: https://app.example.com/in",
		env: config{"AUTH_PROVIDERS": "google", "AUTH_GOOGLE_REDIRECT_ALLOW_LIST": "https://app.example.com/in,http://localhost:3000"},
	},
	{rule: "11.14-sso-ports", name: "no list", want: advisory.DoesNotApply, env: config{"AUTH_PROVIDERS": "google"}},
	{
		rule: "11.15-disabled-fields", name: "a relation", want: advisory.Applies, evidence: "posts.author",
		sql: missingSQL + "INSERT INTO directus_fields VALUES (2, 'posts', 'author', 'm2o', NULL, NULL, 1)",
	},
	{rule: "11.15-disabled-fields", name: "a text", want: advisory.DoesNotApply, sql: missingSQL + "INSERT INTO directus_fields VALUES (2, 'posts', 'title', NULL, NULL, NULL, 1)"},
	{
		rule: "11.16-draft", name: "another name", want: advisory.Applies, evidence: `named "My draft"`,
		sql: "CREATE TABLE directus_versions (id, key, name, collection, item); INSERT INTO directus_versions VALUES ('1', 'draft', 'My draft', 'posts', '7')",
	},
	{
		rule: "11.16-draft", name: "its own name", want: advisory.DoesNotApply,
		sql: "CREATE TABLE directus_versions (id, key, name, collection, item); INSERT INTO directus_versions VALUES ('1', 'draft', 'Draft', 'posts', '7'), ('2', 'v2', 'x', 'posts', '7')",
	},
	{
		rule: "11.16-visual-editor", name: "a website", want: advisory.CannotTell, evidence: "https://news.example.com",
		sql: `CREATE TABLE directus_settings (id, visual_editor_urls); INSERT INTO directus_settings VALUES (1, '[{"url":"https://news.example.com"}]')`,
	},
	{rule: "11.16-visual-editor", name: "none", want: advisory.DoesNotApply, sql: `CREATE TABLE directus_settings (id, visual_editor_urls); INSERT INTO directus_settings VALUES (1, NULL)`},
	{
		rule: "11.16-password-reset", name: "a user", want: advisory.Applies, evidence: "1 user with",
		sql: "CREATE TABLE directus_users (id, email, provider); INSERT INTO directus_users VALUES (1, 'a', 'google'), (2, 'b', 'default')",
	},
	{rule: "11.16-password-reset", name: "none", want: advisory.DoesNotApply, sql: "CREATE TABLE directus_users (id, email, provider)"},
	{rule: "11.17-imports", name: "not set", want: advisory.CannotTell},
	{rule: "11.17-imports", name: "set", want: advisory.DoesNotApply, env: config{"IMPORT_TIMEOUT": "3h", "IMPORT_MAX_CONCURRENCY": "20"}},
	{rule: "11.17-collab-types", name: "used", want: advisory.Applies, files: extensionFiles("module", "import type { X } from '@directus/types/collab'")},
	{rule: "11.17-collab-types", name: "not used", want: advisory.DoesNotApply, files: extensionFiles("module", "import type { X } from '@directus/types'")},
}
