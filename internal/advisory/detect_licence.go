package advisory

import (
	"context"
	"fmt"
	"net/url"
)

// What a project without a licence may use (@directus/license of 12.4.0,
// CORE_LICENSE).
const (
	coreCollections = 25
	coreSeats       = 3
	coreFlows       = 5
)

func licensed(in Input) bool { return in.isSet("LICENSE_KEY") || in.isSet("LICENSE_TOKEN") }

// unlicensed makes a detector that is silent when a licence is configured;
// what that has to cover is then said by 12.0-licence-binding.
func unlicensed(in Input, uses []string, allowed int) ([]string, bool, error) {
	if licensed(in) || len(uses) <= allowed {
		return nil, false, nil
	}
	return counted(uses, allowed), true, nil
}

func counted(uses []string, allowed int) []string {
	first := fmt.Sprintf("%d in use", len(uses))
	if allowed > 0 {
		first += fmt.Sprintf(", %d allowed", allowed)
	}
	return append([]string{first}, uses...)
}

func detectCustomPermissions(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.CustomPermissions, 0)
}

func detectCollections(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.Collections, coreCollections)
}

func detectSeats(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.Seats, coreSeats)
}

func detectFlows(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.ActiveFlows, coreFlows)
}

func detectSSO(_ context.Context, in Input) ([]string, bool, error) {
	if licensed(in) {
		return nil, false, nil
	}
	evidence := in.Usage.SSOUsers
	if providers := in.value("AUTH_PROVIDERS"); providers != "" {
		evidence = append([]string{"AUTH_PROVIDERS=" + providers}, evidence...)
	}
	return evidence, len(evidence) > 0, nil
}

func detectCustomLLM(_ context.Context, in Input) ([]string, bool, error) {
	return nil, in.Usage.CustomLLM && !licensed(in), nil
}

func detectLicenceSettings(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	if in.isSet("LICENSE_KEY") && in.isSet("LICENSE_TOKEN") {
		evidence = append(evidence, "LICENSE_KEY and LICENSE_TOKEN are both set")
	}
	if licensed(in) && !absoluteURL(in.value("PUBLIC_URL")) {
		evidence = append(evidence, "PUBLIC_URL is no full address")
	}
	return evidence, len(evidence) > 0, nil
}

func absoluteURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func detectLicenceBinding(_ context.Context, in Input) ([]string, bool, error) {
	if !licensed(in) {
		return nil, false, nil
	}
	u := in.Usage
	evidence := []string{fmt.Sprintf("in use: %d collections, %d users with Studio access, %d active flows, %d users who log in through other services, %d custom permission rules",
		len(u.Collections), len(u.Seats), len(u.ActiveFlows), len(u.SSOUsers), len(u.CustomPermissions))}
	if u.CustomLLM {
		evidence = append(evidence, "in use: an AI provider of your own")
	}
	return evidence, true, nil
}
