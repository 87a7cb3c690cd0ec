package advisory

import (
	"context"
	"regexp"
)

func detectCORSDefault(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, key := range []string{"CORS_ENABLED", "CORS_ORIGIN"} {
		if !in.isSet(key) {
			evidence = append(evidence, key+" is not set: its default changes from true to false")
		}
	}
	if in.value("CORS_ENABLED") == "false" {
		return nil, false, nil
	}
	return found(evidence)
}

func detectWebhookCopies(ctx context.Context, in Input) ([]string, bool, error) {
	if !in.pending("20220429A") {
		return nil, false, nil
	}
	return in.rowsWhere(ctx, "directus_webhooks", func(row) bool { return true }, func(r row) string { return "webhook " + r.name() })
}

func detectHookTriggers(ctx context.Context, in Input) ([]string, bool, error) {
	if !in.pending("20220614A") {
		return nil, false, nil
	}
	return in.rowsWhere(ctx, "directus_flows", func(r row) bool { return r.text("trigger") == "hook" }, func(r row) string { return "flow " + r.name() })
}

var metadataAddress = regexp.MustCompile(`169\.254\.169\.254`)

func detectMetadataAddress(ctx context.Context, in Input) ([]string, bool, error) {
	if in.isSet("IMPORT_IP_DENY_LIST") {
		return nil, false, nil
	}
	return in.mentions(ctx, metadataAddress, inOperations)
}

func detectRateLimitDefault(_ context.Context, in Input) ([]string, bool, error) {
	if in.value("RATE_LIMITER_ENABLED") != "true" || in.isSet("RATE_LIMITER_POINTS") {
		return nil, false, nil
	}
	return []string{"RATE_LIMITER_POINTS is not set: its default changes from 25 to 50"}, true, nil
}
