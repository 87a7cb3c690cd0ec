package advisory_test

import (
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
)

const (
	settings12SQL  = "CREATE TABLE directus_settings (id, custom_css, theme_light_overrides, theme_dark_overrides, storage_asset_presets, ai_translation_default_model); INSERT INTO directus_settings (id) VALUES (1);"
	migrationsSQL  = "CREATE TABLE directus_migrations (version, name, timestamp); INSERT INTO directus_migrations VALUES ('20201028A', 'x', '2025-01-01 00:00:00');"
	oldActivitySQL = "CREATE TABLE directus_activity (id, timestamp); INSERT INTO directus_activity VALUES (1, '2025-02-03 10:00:00'), (2, '2025-02-10 10:00:00');"
	htmlSQL        = "CREATE TABLE directus_fields (collection, field, interface, options); INSERT INTO directus_fields VALUES ('posts', 'body', 'input-rich-text-html', NULL); CREATE TABLE posts (id, body);"
)

func uses(change func(*directus.Usage)) func(*advisory.Input) {
	return func(in *advisory.Input) { change(&in.Usage) }
}

func at(day string, change func(*directus.Usage)) func(*advisory.Input) {
	return func(in *advisory.Input) {
		in.Now, _ = time.Parse(time.DateOnly, day)
		change(&in.Usage)
	}
}

func rules(admin bool) func(*directus.Usage) {
	return func(u *directus.Usage) {
		u.Denied = []directus.DeniedRule{
			{Owner: "Editor", Holders: []string{"role Editor", "role Writer"}, Collection: "posts", Action: "read", Why: "conditions", Admin: admin},
			{Owner: "Editor", Holders: []string{"role Editor", "role Writer"}, Collection: "posts", Action: "update", Why: "fields id, title", Admin: admin},
		}
	}
}

// trials12 try the rules of rules_12.go.
var trials12 = []trial{
	{
		rule: "12.0-custom-permissions", name: "by owner and collection", want: advisory.Applies, input: uses(rules(false)),
		evidence: "2 in use, none allowed\nEditor (role Writer) · posts: read (conditions), update (fields id, title)",
	},
	{rule: "12.0-custom-permissions", name: "of an admin", want: advisory.DoesNotApply, input: uses(rules(true))},
	{rule: "12.0-custom-permissions", name: "licensed", want: advisory.DoesNotApply, env: config{"LICENSE_KEY": "x"}, input: uses(rules(false))},
	{rule: "12.0-collections", name: "26", want: advisory.Applies, input: uses(func(u *directus.Usage) { u.Collections = list(26) }), evidence: "26 in use, 25 allowed"},
	{rule: "12.0-collections", name: "25", want: advisory.DoesNotApply, input: uses(func(u *directus.Usage) { u.Collections = list(25) })},
	{rule: "12.0-seats", name: "40", want: advisory.Applies, input: uses(func(u *directus.Usage) { u.Seats = list(40) }), evidence: "and 20 more"},
	{rule: "12.0-seats", name: "3", want: advisory.DoesNotApply, input: uses(func(u *directus.Usage) { u.Seats = list(3) })},
	{rule: "12.0-flows", name: "6", want: advisory.Applies, input: uses(func(u *directus.Usage) { u.ActiveFlows = list(6) }), evidence: "6 in use"},
	{rule: "12.0-flows", name: "5", want: advisory.DoesNotApply, input: uses(func(u *directus.Usage) { u.ActiveFlows = list(5) })},
	{
		rule: "12.0-sso", name: "providers", want: advisory.Applies,
		env:      config{"AUTH_PROVIDERS": "staff,keycloak", "AUTH_STAFF_DRIVER": "local", "AUTH_KEYCLOAK_DRIVER": "openid", "AUTH_DISABLE_DEFAULT": "true"},
		evidence: "AUTH_PROVIDERS names keycloak (openid)\nAUTH_DISABLE_DEFAULT=true is ignored",
	},
	{rule: "12.0-sso", name: "local ones only", want: advisory.DoesNotApply, env: config{"AUTH_PROVIDERS": "staff", "AUTH_STAFF_DRIVER": "local"}},
	{
		rule: "12.0-grace", name: "over", want: advisory.Applies, sql: migrationsSQL, input: at("2026-11-21", func(u *directus.Usage) { u.Seats = list(4) }),
		evidence: "over the limits: users with Studio access\nupgraded on 2026-11-21, the project would be locked on 2026-12-21",
	},
	{
		rule: "12.0-grace", name: "too young", want: advisory.Applies, sql: migrationsSQL, input: at("2025-01-01", func(u *directus.Usage) { u.ActiveFlows = list(6) }),
		evidence: "locked at its first start",
	},
	{rule: "12.0-grace", name: "within", want: advisory.DoesNotApply, sql: migrationsSQL, input: uses(rules(false))},
	{rule: "12.0-custom-llm", name: "one", want: advisory.Applies, input: uses(func(u *directus.Usage) { u.CustomLLM = true })},
	{rule: "12.0-custom-llm", name: "none", want: advisory.DoesNotApply},
	{rule: "12.0-ai-translations", name: "set up", want: advisory.Applies, sql: settings12SQL + "UPDATE directus_settings SET ai_translation_default_model = 'gpt-5'", evidence: "gpt-5"},
	{rule: "12.0-ai-translations", name: "not set up", want: advisory.DoesNotApply, sql: settings12SQL},
	{rule: "12.0-history", name: "some", want: advisory.Applies, sql: oldActivitySQL, evidence: "goes back to 2025-02-03"},
	{rule: "12.0-history", name: "young", want: advisory.DoesNotApply, sql: oldActivitySQL, input: at("2025-02-20", func(*directus.Usage) {})},
	{rule: "12.0-history", name: "licensed", want: advisory.DoesNotApply, sql: oldActivitySQL, env: config{"LICENSE_TOKEN": "x"}},
	{rule: "12.0-telemetry", name: "off", want: advisory.Applies, env: config{"TELEMETRY": "false"}},
	{rule: "12.0-telemetry", name: "on", want: advisory.DoesNotApply, env: config{"TELEMETRY": "true"}},
	{rule: "12.0-licence-settings", name: "both", want: advisory.Applies, env: config{"LICENSE_KEY": "x", "LICENSE_TOKEN": "y", "PUBLIC_URL": "/"}, evidence: "both set\nPUBLIC_URL is no full address"},
	{rule: "12.0-licence-settings", name: "whole", want: advisory.DoesNotApply, env: config{"LICENSE_KEY": "x", "PUBLIC_URL": "https://x.example.com"}},
	{rule: "12.0-licence-binding", name: "licensed", want: advisory.Applies, env: config{"LICENSE_KEY": "x"}, input: uses(rules(false)), evidence: "2 custom permission rules"},
	{rule: "12.0-licence-binding", name: "no licence", want: advisory.DoesNotApply},
	{rule: "12.0-schema-apply", name: "12.1", want: advisory.Applies, to: "12.1.1", env: config{"LICENSE_KEY": "x"}, input: uses(func(u *directus.Usage) { u.Collections = list(26) })},
	{rule: "12.0-schema-apply", name: "12.2", want: advisory.DoesNotApply, to: "12.2.0", env: config{"LICENSE_KEY": "x"}, input: uses(func(u *directus.Usage) { u.Collections = list(26) })},
	{rule: "12.0-licence-text", name: "crossed", want: advisory.Applies, evidence: "MSCL-1.0-GPL"},

	{rule: "12.0-trust-proxy", name: "https", want: advisory.Applies, input: func(in *advisory.Input) { in.DB = nil }, env: config{"PUBLIC_URL": "https://x.example.com"}, evidence: "PUBLIC_URL is https"},
	{rule: "12.0-trust-proxy", name: "a header of its own", want: advisory.DoesNotApply, env: config{"PUBLIC_URL": "https://x.example.com", "IP_CUSTOM_HEADER": "cf-connecting-ip"}},
	{rule: "12.0-health", name: "a probe", want: advisory.Applies, files: map[string]string{"compose.yaml": "a:\n  test: wget http://localhost:8055/server/health\n"}, evidence: "compose.yaml line 2"},
	{rule: "12.0-health", name: "ping", want: advisory.DoesNotApply, files: map[string]string{"compose.yaml": "test: wget http://localhost:8055/server/ping\n"}},
	{rule: "12.0-versioned-collections", name: "one", want: advisory.Applies, sql: missingSQL + "INSERT INTO directus_collections VALUES ('posts', NULL, 1)", evidence: "posts"},
	{rule: "12.0-versioned-collections", name: "none", want: advisory.DoesNotApply, sql: missingSQL + "INSERT INTO directus_collections VALUES ('posts', NULL, 0)"},
	{
		rule: "12.0-theme-settings", name: "both ways", want: advisory.Applies,
		sql:      settings12SQL + `UPDATE directus_settings SET custom_css = ':root { --theme--navigation--background: red; --theme--header--background:#fff }', theme_dark_overrides = '{"navigation":{"project":{"background":"#000"}}}'`,
		evidence: "the custom CSS names --theme--header--background\nthe custom CSS names --theme--navigation--background\ntheme_dark_overrides changes navigation.project",
	},
	{
		rule: "12.0-theme-settings", name: "what is still there", want: advisory.DoesNotApply,
		sql: settings12SQL + `UPDATE directus_settings SET custom_css = ':root { --theme--navigation--list--background: red; --theme--primary: red }', theme_light_overrides = '{"primary":"#f00","navigation":{"list":{}}}'`,
	},
	{rule: "12.0-theme-extensions", name: "a style", want: advisory.Applies, files: extensionFiles("module", ".x{background:var(--theme--header--background)}"), evidence: "--theme--header--background"},
	{rule: "12.0-theme-extensions", name: "a theme", want: advisory.Applies, files: extensionFiles("theme", "rules:{navigation:{background:'#000',project:{}}}"), evidence: "navigation:{background:"},
	{rule: "12.0-theme-extensions", name: "another theme", want: advisory.DoesNotApply, files: extensionFiles("theme", "rules:{primary:'#f00',shell:{background:'#000'},navigation:{list:{}}}")},
	{rule: "12.0-components", name: "used", want: advisory.Applies, files: extensionFiles("module", "<template #headline><v-breadcrumb /></template>"), evidence: "v-breadcrumb"},
	{rule: "12.0-components", name: "others", want: advisory.DoesNotApply, files: extensionFiles("module", "<v-button/>")},
	{rule: "12.0-short-secret", name: "short", want: advisory.Applies, env: config{"SECRET": "short"}, evidence: "5 bytes"},
	{rule: "12.0-short-secret", name: "none", want: advisory.DoesNotApply},

	{
		rule: "12.1-hash", name: "a flow", want: advisory.Applies, evidence: "operation Hash of the flow Nightly",
		sql: operationsSQL + `INSERT INTO directus_operations (id, name, type, flow, options) VALUES ('1', 'Hash', 'request', 'f', '{"url":"http://localhost/utils/hash/generate"}')`,
	},
	{rule: "12.1-hash", name: "outside", want: advisory.CannotTell},
	{rule: "12.1-graphql-mutations", name: "outside", want: advisory.CannotTell},
	{rule: "12.1-graphql-mutations", name: "set", want: advisory.DoesNotApply, env: config{"GRAPHQL_SINGLE_USE_MUTATIONS": "auth_login"}},
	{rule: "12.1-graphql-websockets", name: "both", want: advisory.Applies, env: config{"WEBSOCKETS_ENABLED": "true", "GRAPHQL_INTROSPECTION": "false"}},
	{rule: "12.1-graphql-websockets", name: "introspection is on", want: advisory.DoesNotApply, env: config{"WEBSOCKETS_ENABLED": "true"}},
	{rule: "12.1-websocket-origins", name: "no CORS", want: advisory.CannotTell, env: config{"WEBSOCKETS_ENABLED": "true", "CORS_ORIGIN": "true"}, evidence: "CORS_ENABLED is not true"},
	{rule: "12.1-websocket-origins", name: "a star", want: advisory.CannotTell, env: config{"WEBSOCKETS_ENABLED": "true", "CORS_ENABLED": "true", "CORS_ORIGIN": "*"}, evidence: "CORS_ORIGIN is *"},
	{rule: "12.1-websocket-origins", name: "any origin", want: advisory.DoesNotApply, env: config{"WEBSOCKETS_ENABLED": "true", "CORS_ENABLED": "true", "CORS_ORIGIN": "true"}},
	{rule: "12.1-storage-folders", name: "inside", want: advisory.Applies, env: config{"STORAGE_LOCAL_ROOT": "./extensions/uploads"}, evidence: "lies in EXTENSIONS_PATH"},
	{rule: "12.1-storage-folders", name: "beside", want: advisory.DoesNotApply, env: config{"STORAGE_LOCATIONS": "local,s3", "STORAGE_S3_DRIVER": "s3", "STORAGE_S3_ROOT": "extensions"}},
	{
		rule: "12.1-image", name: "compose", want: advisory.Applies, evidence: "docker-compose.yml line 4: command: sh -c \"npx directus bootstrap",
		files: map[string]string{"docker-compose.yml": "services:\n  cms:\n    image: directus/directus:11.17.4\n    command: sh -c \"npx directus bootstrap && npx directus start\"\n"},
	},
	{
		rule: "12.1-image", name: "Dockerfile", want: advisory.Applies, evidence: "Dockerfile line 5: RUN npm install x",
		files: map[string]string{"Dockerfile": "FROM node:22 AS build\nRUN npm ci\nFROM directus/directus:11.17.4\nUSER root\nRUN npm install x\n"},
	},
	{
		rule: "12.1-image", name: "in other images", want: advisory.DoesNotApply,
		files: map[string]string{
			"Dockerfile":         "FROM node:22 AS build\nRUN npm ci\nFROM directus/directus:11.17.4\nCOPY --from=build /x /directus/extensions/x\n",
			"docker-compose.yml": "services:\n  cms:\n    image: directus/directus:11.17.4\n  web:\n    image: node:22\n    command: npm start\n",
			"package.json":       `{"scripts":{"start":"npx directus start"}}`,
		},
	},

	{rule: "12.2-html-editor", name: "a div", want: advisory.Applies, sql: htmlSQL + "INSERT INTO posts VALUES (1, '<p>x</p><div class=\"y\">z</div>')", evidence: "posts.body holds"},
	{rule: "12.2-html-editor", name: "overrides", want: advisory.Applies, sql: htmlSQL + `UPDATE directus_fields SET options = '{"tinymceOverrides":{}}'`, evidence: "posts.body overrides TinyMCE"},
	{rule: "12.2-html-editor", name: "plain", want: advisory.DoesNotApply, sql: htmlSQL + "INSERT INTO posts VALUES (1, '<p>x</p>'), (2, NULL)"},
	{rule: "12.2-tinymce", name: "used", want: advisory.Applies, files: extensionFiles("interface", "window.tinymce.init({})")},
	{rule: "12.2-tinymce", name: "not used", want: advisory.DoesNotApply, files: extensionFiles("interface", "init({})")},
	{
		rule: "12.2-settings", name: "an editor", want: advisory.Applies, evidence: "permission 3 of Editor",
		sql: accessSQL + "INSERT INTO directus_policies VALUES ('p', 'Editor', 0); INSERT INTO directus_permissions (id, collection, action, fields, policy) VALUES (3, 'directus_settings', 'read', '*', 'p')",
	},
	{
		rule: "12.2-settings", name: "an admin, or some fields", want: advisory.DoesNotApply,
		sql: accessSQL + "INSERT INTO directus_policies VALUES ('p', 'Editor', 0), ('a', 'Admin', 1); INSERT INTO directus_permissions (id, collection, action, fields, policy) VALUES (3, 'directus_settings', 'read', 'id', 'p'), (4, 'directus_settings', 'read', '*', 'a')",
	},
	{rule: "12.2-import-size", name: "not set", want: advisory.CannotTell},
	{rule: "12.2-import-size", name: "set", want: advisory.DoesNotApply, env: config{"IMPORT_MAX_FILE_SIZE": "1gb"}},
	{
		rule: "12.2-asset-size", name: "4000 in 12.2", want: advisory.Applies, evidence: "poster is larger than 3000",
		sql: settings12SQL + `UPDATE directus_settings SET storage_asset_presets = '[{"key":"poster","width":4000,"height":null}]'`,
	},
	{
		rule: "12.2-asset-size", name: "4000 in 12.3", want: advisory.DoesNotApply, to: "12.3.0",
		sql: settings12SQL + `UPDATE directus_settings SET storage_asset_presets = '[{"key":"poster","width":4000,"height":null}]'`,
	},
	{rule: "12.2-schema-force", name: "outside", want: advisory.CannotTell},
	{rule: "12.2-schema-force", name: "a script", want: advisory.Applies, files: map[string]string{"package.json": `{"scripts":{"apply":"curl $URL/schema/apply?force"}}`}, evidence: "package.json line 1"},
	{rule: "12.2-deployments", name: "called", want: advisory.Applies, files: extensionFiles("hook", "projects.readByExternalId(id)")},
	{rule: "12.2-deployments", name: "not called", want: advisory.DoesNotApply},

	{rule: "12.3-s3", name: "a bucket", want: advisory.CannotTell, env: config{"STORAGE_LOCATIONS": "local,cloud", "STORAGE_CLOUD_DRIVER": "s3"}, evidence: "STORAGE_CLOUD_DRIVER=s3"},
	{rule: "12.3-s3", name: "local", want: advisory.DoesNotApply, env: config{"STORAGE_LOCATIONS": "local"}},
	{
		rule: "12.3-empty-operations", name: "all items", want: advisory.Applies, evidence: "operation Clear of the flow Nightly: delete posts\noperation Reset of the flow Nightly: update tags",
		sql: operationsSQL + `INSERT INTO directus_operations (id, name, type, flow, options) VALUES ('1', 'Clear', 'item-delete', 'f', '{"collection":"posts","key":[],"query":"{}"}'), ('2', 'Reset', 'item-update', 'f', '{"collection":"tags","payload":{"n":0}}')`,
	},
	{
		rule: "12.3-empty-operations", name: "some items", want: advisory.DoesNotApply,
		sql: operationsSQL + `INSERT INTO directus_operations (id, name, type, flow, options) VALUES ('1', 'Clear', 'item-delete', 'f', '{"collection":"posts","key":["{{$trigger.key}}"]}'),
			('2', 'Reset', 'item-update', 'f', '{"collection":"tags","query":"{\"filter\":{\"n\":{\"_gt\":1}}}","payload":{"n":0}}'), ('3', 'Batch', 'item-update', 'f', '{"collection":"tags","payload":[{"id":1}]}'),
			('4', 'Template', 'item-delete', 'f', '{"collection":"tags","query":"{{$last}}"}')`,
	},
	{
		rule: "12.4-flow-folders", name: "an editor", want: advisory.Applies, evidence: "permission 3 of Editor",
		sql: accessSQL + "INSERT INTO directus_policies VALUES ('p', 'Editor', 0); INSERT INTO directus_permissions (id, collection, action, fields, permissions, policy) VALUES (3, 'directus_folders', 'read', '*', '{}', 'p')",
	},
	{
		rule: "12.4-flow-folders", name: "with a condition", want: advisory.DoesNotApply,
		sql: accessSQL + `INSERT INTO directus_permissions (id, collection, action, fields, permissions, policy) VALUES (3, 'directus_folders', 'read', '*', '{"name":{"_eq":"x"}}', 'p')`,
	},
	{rule: "12.4-schema-diff", name: "outside", want: advisory.CannotTell},
}
