package advisory_test

import "bunnyhop/internal/advisory"

const (
	versionsSQL  = "CREATE TABLE directus_versions (id, key, collection);"
	webhooksSQL  = "CREATE TABLE directus_webhooks (id, name, status);"
	relationsSQL = "CREATE TABLE directus_relations (id, many_collection, many_field, one_collection);"
	filesOnSQL   = `CREATE TABLE directus_fields (id, collection, field, special); CREATE TABLE directus_permissions (id, collection, action, fields, permissions);
		CREATE TABLE directus_presets (id, collection, filter, layout_query); CREATE TABLE directus_panels (id, name, options);` + flowsSQL
)

// snapshotText is what directus schema snapshot begins with.
func snapshotText(version string) string {
	return "version: 1\ndirectus: " + version + "\nvendor: sqlite\ncollections:\n  - collection: posts\n"
}

// trials10 try the rules of rules_10.go.
var trials10 = []trial{
	{rule: "10.0-licence-text", name: "crossed", want: advisory.Applies, evidence: "BUSL-1.1"},

	{rule: "10.2-server-info", name: "nothing seen", want: advisory.CannotTell, look: "monitoring"},
	{
		rule: "10.2-server-info", name: "seen", want: advisory.CannotTell,
		files: map[string]string{"docker-compose.yml": "x:\n  test: wget http://localhost:8055/server/info\n"}, evidence: "docker-compose.yml line 2",
	},

	{
		rule: "10.4-exceptions", name: "as it is written", want: advisory.Applies,
		files:    extensionFiles("endpoint", "export default (router, { services, exceptions }) => { throw new exceptions.ForbiddenException(); }"),
		evidence: "extension mine, dist/index.js",
	},
	{
		rule: "10.4-exceptions", name: "made small", want: advisory.Applies,
		files: extensionFiles("hook", "export default(a,{services:b,exceptions:c})=>{const{InvalidPayloadException:d}=c}"), evidence: ",exceptions:",
	},
	{rule: "10.4-exceptions", name: "only the word", want: advisory.DoesNotApply, files: extensionFiles("hook", "// log exceptions, then go on\nexport default () => {};")},
	{rule: "10.4-exceptions", name: "an extension of the Studio", want: advisory.DoesNotApply, files: extensionFiles("panel", "const { exceptions } = x;")},

	{rule: "10.6-run-script", name: "the setting", want: advisory.Applies, env: config{"FLOWS_EXEC_ALLOWED_MODULES": "axios,lodash"}, evidence: "=axios,lodash"},
	{
		rule: "10.6-run-script", name: "a script", want: advisory.Applies, sql: flowsSQL +
			`INSERT INTO directus_operations VALUES ('o', 'Count', 'exec', 'f', NULL, '{"code":"const _ = require(\"lodash\");"}')`,
		evidence: "operation Count of the flow Night",
	},
	{
		rule: "10.6-run-script", name: "a script without modules", want: advisory.DoesNotApply, sql: flowsSQL +
			`INSERT INTO directus_operations VALUES ('o', 'Count', 'exec', 'f', NULL, '{"code":"module.exports = async (data) => data; // required, important"}'),
			('p', 'Say', 'log', 'f', NULL, '{"message":"require(x)"}')`,
	},

	{rule: "10.6-sdk-refresh", name: "unknown", want: advisory.CannotTell, look: "refresh"},
	{
		rule: "10.6-sdk-refresh", name: "the project has the SDK", want: advisory.CannotTell,
		files: map[string]string{"package.json": `{"dependencies":{"@directus/sdk":"^10.0.0"}}`}, evidence: `"@directus/sdk":"^10.0.0"`,
	},
	{rule: "10.6-sdk-refresh", name: "a call", want: advisory.Applies, files: extensionFiles("module", "import { asSearch } from '@directus/sdk';"), evidence: "asSearch"},

	{rule: "10.7-extensions-endpoint", name: "unknown", want: advisory.CannotTell, look: "/extensions/interfaces"},
	{rule: "10.7-extensions-endpoint", name: "asked for", want: advisory.Applies, files: extensionFiles("module", "api.get('/extensions/hooks')"), evidence: "/extensions/hooks"},
	{
		rule: "10.7-extensions-endpoint", name: "only a folder", want: advisory.CannotTell,
		files: map[string]string{"docker-compose.yml": "x:\n  volumes: ['./extensions/hooks:/directus/extensions/hooks']\n"},
	},

	{rule: "10.8-graphql-versions", name: "versions", want: advisory.CannotTell, sql: versionsSQL + "INSERT INTO directus_versions VALUES (1, 'a', 'posts')", evidence: "1 content version"},
	{rule: "10.8-graphql-versions", name: "none", want: advisory.DoesNotApply, sql: versionsSQL},
	{rule: "10.8-graphql-versions", name: "no table", want: advisory.DoesNotApply},

	{rule: "10.9-exif-names", name: "set", want: advisory.Applies, env: config{"FILE_METADATA_ALLOW_LIST": "ifd0.Make,exif.ISO"}, evidence: "exif.ISO"},
	{rule: "10.9-exif-names", name: "unset", want: advisory.DoesNotApply},

	{rule: "10.9-config-async", name: "async", want: advisory.Applies, files: map[string]string{"config.js": "module.exports = async () => ({ KEY: await x() });"}, evidence: "async, await"},
	{rule: "10.9-config-async", name: "at once", want: advisory.DoesNotApply, files: map[string]string{"config.cjs": "// not async any more\nmodule.exports = { PORT: 8055 };"}},
	{rule: "10.9-config-async", name: "dotenv", want: advisory.DoesNotApply, files: map[string]string{".env": "NOTE='async await'"}},
	{rule: "10.9-config-async", name: "unreadable", want: advisory.CannotTell, input: func(in *advisory.Input) { in.ConfigFile = "/nowhere/config.js" }, look: "/nowhere/config.js"},

	{rule: "10.9-sdk-entry-points", name: "unknown", want: advisory.CannotTell, look: "@directus/sdk/rest"},
	{rule: "10.9-sdk-entry-points", name: "used", want: advisory.Applies, files: extensionFiles("module", "import { rest } from '@directus/sdk/rest';"), evidence: "@directus/sdk/rest"},

	{rule: "10.9-snapshot-order", name: "an old one", want: advisory.Applies, files: map[string]string{"schema/snapshot.yaml": snapshotText("10.4.3")}, evidence: "schema/snapshot.yaml, written by 10.4.3"},
	{rule: "10.9-snapshot-order", name: "JSON", want: advisory.Applies, files: map[string]string{"snapshot.json": `{"version":1,"directus":"9.23.1","collections":[]}`}, evidence: "snapshot.json, written by 9.23.1"},
	{rule: "10.9-snapshot-order", name: "a new one", want: advisory.DoesNotApply, files: map[string]string{"snapshot.yaml": snapshotText("10.10.0"), "package.json": `{"version":"1.0.0","dependencies":{"directus":"10.4.3"}}`}},
	{rule: "10.9-snapshot-order", name: "no folder", want: advisory.CannotTell, input: func(in *advisory.Input) { in.Root = "" }},

	{
		rule: "10.10-session-mode", name: "no mode", want: advisory.CannotTell,
		env: config{"AUTH_PROVIDERS": "google, ldap", "AUTH_GOOGLE_DRIVER": "openid", "AUTH_LDAP_DRIVER": "ldap"}, evidence: "AUTH_GOOGLE_MODE is not set", look: "/auth/login/",
	},
	{rule: "10.10-session-mode", name: "a mode", want: advisory.DoesNotApply, env: config{"AUTH_PROVIDERS": "google", "AUTH_GOOGLE_DRIVER": "openid", "AUTH_GOOGLE_MODE": "session"}},
	{rule: "10.10-session-mode", name: "no provider", want: advisory.DoesNotApply},
	{rule: "10.10-redirect-allow-list", name: "no list", want: advisory.CannotTell, env: config{"AUTH_PROVIDERS": "okta", "AUTH_OKTA_DRIVER": "saml"}, evidence: "AUTH_OKTA_REDIRECT_ALLOW_LIST"},
	{
		rule: "10.10-redirect-allow-list", name: "a list", want: advisory.DoesNotApply,
		env: config{"AUTH_PROVIDERS": "okta", "AUTH_OKTA_DRIVER": "saml", "AUTH_OKTA_REDIRECT_ALLOW_LIST": "https://a.example"},
	},
	{rule: "10.10-session-cookie", name: "secure", want: advisory.Applies, env: config{"REFRESH_TOKEN_COOKIE_SECURE": "true"}, evidence: "SESSION_COOKIE_SECURE is not set"},
	{rule: "10.10-session-cookie", name: "both", want: advisory.DoesNotApply, env: config{"REFRESH_TOKEN_COOKIE_SECURE": "true", "SESSION_COOKIE_SECURE": "true"}},

	{rule: "10.10-app-token", name: "the header", want: advisory.Applies, files: extensionFiles("module", "const t = api.defaults.headers.common['Authorization'];"), evidence: "headers.common['Authorization"},
	{rule: "10.10-app-token", name: "a login", want: advisory.Applies, files: extensionFiles("endpoint", "new AuthenticationService({ schema })"), evidence: "AuthenticationService"},
	{rule: "10.10-app-token", name: "a header of its own", want: advisory.DoesNotApply, files: extensionFiles("module", "fetch(u, { headers: { Authorization: 'x' } })")},

	{rule: "10.10-versions-raw", name: "versions", want: advisory.CannotTell, sql: versionsSQL + "INSERT INTO directus_versions VALUES (1, 'a', 'posts')"},
	{rule: "10.10-versions-raw", name: "none", want: advisory.DoesNotApply, sql: versionsSQL},
	{
		rule: "10.10-mail-operation", name: "followed", want: advisory.Applies, sql: flowsSQL +
			"INSERT INTO directus_operations VALUES ('o', 'Tell', 'mail', 'f', 'p', '{}'), ('p', 'Note', 'log', 'f', NULL, '{}')",
		evidence: "operation Tell of the flow Night",
	},
	{
		rule: "10.10-mail-operation", name: "last", want: advisory.DoesNotApply, sql: flowsSQL +
			"INSERT INTO directus_operations VALUES ('o', 'Note', 'log', 'f', 'p', '{}'), ('p', 'Tell', 'mail', 'f', NULL, '{}')",
	},

	{rule: "10.11-webhooks", name: "on", want: advisory.Applies, sql: webhooksSQL + "INSERT INTO directus_webhooks VALUES (1, 'Rebuild', 'active')", evidence: "webhook Rebuild"},
	{rule: "10.11-webhooks", name: "off", want: advisory.DoesNotApply, sql: webhooksSQL + "INSERT INTO directus_webhooks VALUES (1, 'Rebuild', 'inactive')"},
	{rule: "10.11-webhooks", name: "done", want: advisory.DoesNotApply, sql: "CREATE TABLE directus_webhooks (id, name, status, migrated_flow); INSERT INTO directus_webhooks VALUES (1, 'x', 'active', 'f')"},
	{rule: "10.11-global-rate-limit-store", name: "set", want: advisory.Applies, env: config{"RATE_LIMITER_GLOBAL_STORE": "redis"}, evidence: "is set"},
	{rule: "10.11-global-rate-limit-store", name: "unset", want: advisory.DoesNotApply},

	{
		rule: "10.12-nested-writes", name: "a relation", want: advisory.Applies, sql: relationsSQL +
			"INSERT INTO directus_relations VALUES (1, 'notes', 'about', 'directus_fields')", evidence: "notes.about leads to directus_fields",
	},
	{
		rule: "10.12-nested-writes", name: "others", want: advisory.DoesNotApply, sql: relationsSQL +
			"INSERT INTO directus_relations VALUES (1, 'posts', 'author', 'directus_users'), (2, 'directus_fields', 'collection', 'directus_collections')",
	},

	{
		rule: "10.13-uploaded-on", name: "a permission", want: advisory.Applies, sql: filesOnSQL +
			"INSERT INTO directus_permissions VALUES (7, 'directus_files', 'read', 'id,uploaded_on', NULL)", evidence: "permission 7 (read directus_files): fields",
	},
	{
		rule: "10.13-uploaded-on", name: "a preset", want: advisory.Applies, sql: filesOnSQL +
			`INSERT INTO directus_presets VALUES (3, 'directus_files', NULL, '{"cards":{"sort":["-uploaded_on"]}}')`, evidence: "preset 3 (directus_files): layout_query",
	},
	{
		rule: "10.13-uploaded-on", name: "a field of the project's own", want: advisory.DoesNotApply, sql: filesOnSQL +
			`INSERT INTO directus_fields VALUES (1, 'films', 'uploaded_on', NULL); INSERT INTO directus_permissions VALUES (7, 'films', 'read', 'id,uploaded_on', NULL)`,
	},
	{rule: "10.13-uploaded-on", name: "nothing", want: advisory.DoesNotApply, sql: filesOnSQL + "INSERT INTO directus_permissions VALUES (7, 'directus_files', 'read', '*', NULL)"},
}
