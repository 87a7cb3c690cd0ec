package advisory

import (
	"context"
	"strings"
)

func detectMetadataList(_ context.Context, in Input) ([]string, bool, error) {
	if list := in.value("FILE_METADATA_ALLOW_LIST"); list != "" {
		return []string{"FILE_METADATA_ALLOW_LIST=" + list}, true, nil
	}
	return nil, false, nil
}

// browserDrivers are the kinds of providers that send people to another site.
func browserDriver(driver string) bool {
	return driver == "oauth2" || driver == "openid" || driver == "saml"
}

// detectProvidersWithout makes a detector of providers that lack a setting on
// which programs other than the Studio depend. Whether there are such programs
// cannot be told.
func detectProvidersWithout(suffix string) detector {
	return func(_ context.Context, in Input) ([]string, bool, error) {
		var evidence []string
		for provider := range strings.SplitSeq(in.value("AUTH_PROVIDERS"), ",") {
			prefix := "AUTH_" + strings.ToUpper(strings.TrimSpace(provider))
			if browserDriver(in.value(prefix+"_DRIVER")) && !in.isSet(prefix+suffix) {
				evidence = append(evidence, prefix+suffix+" is not set")
			}
		}
		if len(evidence) == 0 {
			return nil, false, nil
		}
		return bounded(evidence), false, errUntold
	}
}

func detectCookieSettings(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, part := range []string{"DOMAIN", "SECURE", "SAME_SITE"} {
		if refresh, session := "REFRESH_TOKEN_COOKIE_"+part, "SESSION_COOKIE_"+part; in.isSet(refresh) && !in.isSet(session) {
			evidence = append(evidence, refresh+"="+in.value(refresh)+", and "+session+" is not set")
		}
	}
	return found(evidence)
}
