package advisory_test

import "bunnyhop/internal/advisory"

// trials9 try the rules of rules_9.go.
var trials9 = []trial{
	{rule: "9.7-cors", name: "neither is set", want: advisory.Applies, evidence: "CORS_ENABLED is not set"},
	{rule: "9.7-cors", name: "one is set", want: advisory.Applies, env: config{"CORS_ENABLED": "true"}, evidence: "CORS_ORIGIN is not set"},
	{rule: "9.7-cors", name: "both are set", want: advisory.DoesNotApply, env: config{"CORS_ENABLED": "true", "CORS_ORIGIN": "true"}},
	{rule: "9.7-cors", name: "it is off", want: advisory.DoesNotApply, env: config{"CORS_ENABLED": "false"}},
	{
		rule: "9.12-webhooks", name: "one", want: advisory.Applies, from: "9.11.0", to: "9.26.0",
		sql: "CREATE TABLE directus_webhooks (id, name); INSERT INTO directus_webhooks VALUES (1, 'Rebuild')", evidence: "webhook Rebuild",
	},
	{rule: "9.12-webhooks", name: "none", want: advisory.DoesNotApply, from: "9.11.0", to: "9.26.0", sql: "CREATE TABLE directus_webhooks (id, name)"},
	{
		rule: "9.14-flow-trigger", name: "hook", want: advisory.Applies, from: "9.12.2", to: "9.26.0",
		sql: "CREATE TABLE directus_flows (id, name, \"trigger\"); INSERT INTO directus_flows VALUES (1, 'Mail', 'hook'), (2, 'Timer', 'schedule')", evidence: "flow Mail",
	},
	{
		rule: "9.14-flow-trigger", name: "others", want: advisory.DoesNotApply, from: "9.12.2", to: "9.26.0",
		sql: "CREATE TABLE directus_flows (id, name, \"trigger\"); INSERT INTO directus_flows VALUES (2, 'Timer', 'schedule')",
	},
	{rule: "9.23-email-from", name: "unset", want: advisory.Applies, evidence: "EMAIL_FROM is not set"},
	{rule: "9.23-email-from", name: "set", want: advisory.DoesNotApply, env: config{"EMAIL_FROM": "me@example.org"}},
	{
		rule: "9.23-import-deny-list", name: "an operation", want: advisory.Applies, sql: flowsSQL +
			`INSERT INTO directus_operations VALUES ('o', 'Ask', 'request', 'f', NULL, '{"url":"http://169.254.169.254/latest"}')`,
		evidence: "operation Ask of the flow Night: options",
	},
	{rule: "9.23-import-deny-list", name: "no operation", want: advisory.DoesNotApply, sql: flowsSQL},
	{
		rule: "9.23-import-deny-list", name: "the list is set", want: advisory.DoesNotApply, env: config{"IMPORT_IP_DENY_LIST": "0.0.0.0"}, sql: flowsSQL +
			`INSERT INTO directus_operations VALUES ('o', 'Ask', 'request', 'f', NULL, '{"url":"http://169.254.169.254/latest"}')`,
	},
	{rule: "9.24-transformations", name: "unset", want: advisory.Applies, evidence: "from 1 to 25"},
	{rule: "9.24-transformations", name: "set", want: advisory.DoesNotApply, env: config{"ASSETS_TRANSFORM_MAX_CONCURRENT": "2"}},
	{rule: "9.24-rate-limit", name: "on", want: advisory.Applies, env: config{"RATE_LIMITER_ENABLED": "true"}, evidence: "from 25 to 50"},
	{rule: "9.24-rate-limit", name: "on, with points", want: advisory.DoesNotApply, env: config{"RATE_LIMITER_ENABLED": "true", "RATE_LIMITER_POINTS": "25"}},
	{rule: "9.24-rate-limit", name: "off", want: advisory.DoesNotApply},
	{
		rule: "9.25-module-paths", name: "an extension", want: advisory.Applies, files: extensionFiles("hook", "import x from 'directus/dist/services/mail';"),
		evidence: "extension mine, dist/index.js: directus/dist/services/mail",
	},
	{
		rule: "9.25-module-paths", name: "a script", want: advisory.Applies,
		files: map[string]string{"package.json": `{"scripts":{"x":"node node_modules/directus/dist/cli/run.js"}}`}, evidence: "package.json line 1",
	},
	{rule: "9.25-module-paths", name: "neither", want: advisory.DoesNotApply, files: extensionFiles("hook", "export default () => {};")},
}

// flowsSQL makes the tables of flows with one flow.
const flowsSQL = `CREATE TABLE directus_flows (id, name, options); INSERT INTO directus_flows VALUES ('f', 'Night', '{}');
	CREATE TABLE directus_operations (id, name, type, flow, resolve, options);`
