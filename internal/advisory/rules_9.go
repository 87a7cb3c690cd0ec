package advisory

// sourceEnv9 is where the defaults of settings of 9.x were compared.
const sourceEnv9 = "directus packages 9.0.1 to 9.26.0, dist/env.js"

// rules9 are the changes of 9.x. There is no official list of them; they were
// found by comparing the packages.
var rules9 = []Rule{
	{
		ID: "9.7-cors", Version: "9.7.0", Severity: Warning, Area: AreaConfiguration,
		Title:      "browsers on other addresses are not let in by default any more (CORS)",
		Affects:    "Web pages on another address than Directus that ask its API from the browser.",
		Unaffected: "CORS_ENABLED and CORS_ORIGIN are both set",
		Remedy:     "set CORS_ENABLED=true, and CORS_ORIGIN to the addresses of these pages",
		Source:     sourceEnv9,
		Detect:     detectCORSDefault,
	},
	{
		ID: "9.12-webhooks", Version: "9.12.0", Severity: Note, Area: AreaFlows,
		Title:      "webhooks are copied into flows, which are off",
		Affects:    "Projects with webhooks.",
		Unaffected: "there is no webhook, or they were copied already",
		Remedy:     "leave either the webhook or the flow on, not both, and delete what is there twice",
		Source:     "migration 20220429A-add-flows",
		Detect:     detectWebhookCopies,
	},
	{
		ID: "9.14-flow-trigger", Version: "9.14.0", Severity: Note, Area: AreaFlows,
		Title:      "the trigger of flows that was called hook is called event",
		Affects:    "Programs that make or read flows through the API.",
		Unaffected: "no flow has the trigger hook",
		Remedy:     "nothing to do in the database, which is rewritten; change programs that name the trigger",
		Source:     "migration 20220614A-rename-hook-trigger-to-event",
		Detect:     detectHookTriggers,
	},
	{
		ID: "9.23-email-from", Version: "9.23.1", Severity: Warning, Area: AreaConfiguration,
		Title:      "mails will come from no-reply@example.com, which many servers refuse",
		Affects:    "Everybody who gets mails: invitations, lost passwords, notifications, flows.",
		Unaffected: "EMAIL_FROM is set",
		Remedy:     "set EMAIL_FROM to an address of your own (it was no-reply@directus.io by default)",
		Source:     sourceEnv9,
		Detect:     unset(needs{"EMAIL_FROM", "the default changes from no-reply@directus.io to no-reply@example.com"}),
	},
	{
		ID: "9.23-import-deny-list", Version: "9.23.1", Severity: Note, Area: AreaFlows,
		Title:      "requests to 169.254.169.254 are refused by default",
		Affects:    "Projects that fetch from the metadata address of a cloud provider.",
		Unaffected: "IMPORT_IP_DENY_LIST is set, or no operation of a flow names the address",
		Remedy:     "set IMPORT_IP_DENY_LIST=0.0.0.0 if that is really wanted",
		Source:     sourceEnv9,
		Detect:     detectMetadataAddress,
	},
	{
		ID: "9.24-transformations", Version: "9.24.0", Severity: Note, Area: AreaConfiguration,
		Title:      "25 images are transformed at a time by default, in place of one",
		Affects:    "Servers with little memory.",
		Unaffected: "ASSETS_TRANSFORM_MAX_CONCURRENT is set",
		Remedy:     "set ASSETS_TRANSFORM_MAX_CONCURRENT to what the memory allows",
		Source:     sourceEnv9,
		Detect:     unset(needs{"ASSETS_TRANSFORM_MAX_CONCURRENT", "the default changes from 1 to 25"}),
	},
	{
		ID: "9.24-rate-limit", Version: "9.24.0", Severity: Note, Area: AreaConfiguration,
		Title:      "the rate limit lets twice as many requests through by default",
		Affects:    "Projects that limit how often a visitor may ask.",
		Unaffected: "RATE_LIMITER_ENABLED is not true, or RATE_LIMITER_POINTS is set",
		Remedy:     "set RATE_LIMITER_POINTS to the number of requests that is wanted",
		Source:     sourceEnv9,
		Detect:     detectRateLimitDefault,
	},
	{
		ID: "9.25-module-paths", Version: "9.25.0", Severity: Warning, Area: AreaExtensions,
		Title:      "code that imports from directus/dist finds nothing there any more",
		Affects:    "Extensions and scripts that use Directus' own modules by path.",
		Unaffected: "neither an extension nor a file of the project names directus/dist",
		Remedy:     "use what is passed to the extension in place of it (services, database, env), or the paths of @directus/api",
		Source:     "directus package 9.24.0 compared with @directus/api 9.25.0",
		Detect:     anyOf(inSources(`directus/dist(?:/[\w./-]*)?`), inFiles(`directus/dist/[\w./-]*`)),
	},
}
