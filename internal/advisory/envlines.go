package advisory

import (
	"context"
	"path/filepath"
	"strings"
)

// EnvSuggestion is a line for the project's configuration that a crossed
// version asks for, or that keeps things as they were.
type EnvSuggestion struct {
	Key   string
	Value string
	// Comment is for the line above it in the file, without the "# ".
	Comment string
	// Version is the release that makes it needed; Reason says why.
	Version string
	Reason  string
	// Recommended is the decision that --yes takes.
	Recommended bool
	// Secret is set when Value must not be shown.
	Secret bool
}

// envRule is a suggestion with its condition. Like rules, they are a table.
type envRule struct {
	version string
	detect  func(ctx context.Context, in Input) ([]EnvSuggestion, error)
}

var envRules = []envRule{
	{"9.7.0", unless("CORS_ENABLED", EnvSuggestion{
		Key: "CORS_ENABLED", Value: "true", Comment: "on by default before 9.7",
		Reason: "browsers on other addresses could use the API until now", Recommended: true,
	})},
	{"9.7.0", unless("CORS_ORIGIN", EnvSuggestion{
		Key: "CORS_ORIGIN", Value: "true", Comment: "any origin by default before 9.7",
		Reason: "browsers on other addresses could use the API until now", Recommended: true,
	})},
	{"9.23.1", unless("EMAIL_FROM", EnvSuggestion{
		Key: "EMAIL_FROM", Value: "no-reply@directus.io", Comment: "the sender that was used by default before 9.23",
		Reason: "the default sender changes to no-reply@example.com; an address of your own is better",
	})},
	{"10.4.0", suggestRedis},
	{"10.10.0", suggestFolder("MIGRATIONS_PATH", "migrations", detectMigrationsFolder, "where the project's own migrations are; the default is ./migrations from 10.10 on")},
	{"10.10.0", suggestFolder("EMAIL_TEMPLATES_PATH", "templates", detectTemplatesFolder, "where the e-mail templates are; the default is ./templates from 10.10 on")},
	{"10.10.0", suggestCookieMode},
	{"11.1.1", suggestSendGridRelay},
	{"12.0.0", unless("IP_TRUST_PROXY", EnvSuggestion{
		Key: "IP_TRUST_PROXY", Value: "true", Comment: "on by default before 12; better the number or the addresses of your proxies",
		Reason: "the default changes to false: behind a proxy, address limits, rate limits and the activity log would see the proxy", Recommended: true,
	})},
	{"12.2.0", suggestImportSize},
	{"12.2.0", suggestAssetSize},
}

// EnvLines lists the lines that the jump from in.From to in.To asks for, in
// the order of the versions. Existing keys are suggested again only where
// their value has to change.
func EnvLines(ctx context.Context, in Input) ([]EnvSuggestion, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, err
	}
	var lines []EnvSuggestion
	for _, rule := range envRules {
		if !(Rule{Version: rule.version}).crossed(from, to) {
			continue
		}
		found, err := rule.detect(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, line := range found {
			line.Version = rule.version
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// unless suggests a line when its key is not set.
func unless(key string, line EnvSuggestion) func(context.Context, Input) ([]EnvSuggestion, error) {
	return func(_ context.Context, in Input) ([]EnvSuggestion, error) {
		if in.isSet(key) {
			return nil, nil
		}
		return []EnvSuggestion{line}, nil
	}
}

// suggestRedis carries the old settings over when they all lead to one server.
func suggestRedis(ctx context.Context, in Input) ([]EnvSuggestion, error) {
	_, hit, err := detectOldRedis(ctx, in)
	if err != nil || !hit || len(redisServers(in)) != 1 {
		return nil, err
	}
	const reason = "the separate settings for Redis are not read any more"
	for _, area := range []string{"CACHE", "RATE_LIMITER", "RATE_LIMITER_GLOBAL", "SYNCHRONIZATION", "MESSENGER"} {
		if url := in.value(area + "_REDIS"); url != "" {
			return []EnvSuggestion{{
				Key: "REDIS", Value: url, Secret: true, Recommended: true, Reason: reason,
				Comment: "in place of " + area + "_REDIS since 10.4",
			}}, nil
		}
		var lines []EnvSuggestion
		for _, part := range []string{"HOST", "PORT", "USERNAME", "PASSWORD", "DB"} {
			if value := in.value(area + "_REDIS_" + part); value != "" {
				lines = append(lines, EnvSuggestion{
					Key: "REDIS_" + part, Value: value, Secret: part == "PASSWORD", Recommended: true, Reason: reason,
					Comment: "in place of " + area + "_REDIS_" + part + " since 10.4",
				})
			}
		}
		if len(lines) > 0 {
			return lines, nil
		}
	}
	return nil, nil
}

// suggestFolder keeps files where they are by naming the folder.
func suggestFolder(key, name string, detect func(context.Context, Input) ([]string, bool, error), comment string) func(context.Context, Input) ([]EnvSuggestion, error) {
	return func(ctx context.Context, in Input) ([]EnvSuggestion, error) {
		evidence, hit, err := detect(ctx, in)
		if err != nil || !hit {
			return nil, err
		}
		extensions := in.value("EXTENSIONS_PATH")
		if extensions == "" {
			extensions = "./extensions"
		}
		path := filepath.Join(extensions, name)
		if !filepath.IsAbs(path) {
			path = "./" + path
		}
		return []EnvSuggestion{{
			Key: key, Value: path, Comment: comment, Recommended: true,
			Reason: "files in " + filepath.Dir(evidence[0]) + " would not be found any more",
		}}, nil
	}
}

func suggestCookieMode(_ context.Context, in Input) ([]EnvSuggestion, error) {
	var lines []EnvSuggestion
	for provider := range strings.SplitSeq(in.value("AUTH_PROVIDERS"), ",") {
		name := strings.ToUpper(strings.TrimSpace(provider))
		switch in.value("AUTH_" + name + "_DRIVER") {
		case "oauth2", "openid", "saml":
		default:
			continue
		}
		if key := "AUTH_" + name + "_MODE"; !in.isSet(key) {
			lines = append(lines, EnvSuggestion{
				Key: key, Value: "cookie", Comment: "how logins through this provider worked before 10.10",
				Reason: "logins get a session cookie from 10.10 on; applications other than the Studio may need the refresh token",
			})
		}
	}
	return lines, nil
}

func suggestSendGridRelay(ctx context.Context, in Input) ([]EnvSuggestion, error) {
	_, hit, err := detectSendGrid(ctx, in)
	if err != nil || !hit {
		return nil, err
	}
	const reason = "the SendGrid transport is gone; its SMTP relay does the same"
	lines := []EnvSuggestion{
		{Key: "EMAIL_TRANSPORT", Value: "smtp"},
		{Key: "EMAIL_SMTP_HOST", Value: "smtp.sendgrid.net"},
		{Key: "EMAIL_SMTP_PORT", Value: "587"},
		{Key: "EMAIL_SMTP_USER", Value: "apikey"},
		{Key: "EMAIL_SMTP_PASSWORD", Value: in.value("EMAIL_SENDGRID_API_KEY"), Secret: true},
	}
	for i := range lines {
		lines[i].Comment, lines[i].Reason, lines[i].Recommended = "SendGrid's SMTP relay, since 11.1.1", reason, true
	}
	return lines, nil
}
