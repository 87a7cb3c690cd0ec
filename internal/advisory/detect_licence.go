package advisory

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/directus"
)

func licensed(in Input) bool { return in.isSet("LICENSE_KEY") || in.isSet("LICENSE_TOKEN") }

// unlicensed makes a detector that is silent when a licence is configured;
// what that has to cover is then said by 12.0-licence-binding.
func unlicensed(in Input, uses []string, allowed int) ([]string, bool, error) {
	if licensed(in) || len(uses) <= allowed {
		return nil, false, nil
	}
	first := fmt.Sprintf("%d in use, %d allowed", len(uses), allowed)
	return append([]string{first}, bounded(uses)...), true, nil
}

func detectCollections(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.Collections, directus.CoreCollections)
}

func detectSeats(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.Seats, directus.CoreSeats)
}

func detectFlows(_ context.Context, in Input) ([]string, bool, error) {
	return unlicensed(in, in.Usage.ActiveFlows, directus.CoreFlows)
}

// detectSSO looks for users and for providers: with providers alone, nobody is
// over a limit, and their logins end without a time of grace
// (@directus/api 12.4.0, dist/license/utils/is-sso-bypass-allowed.js).
func detectSSO(_ context.Context, in Input) ([]string, bool, error) {
	if licensed(in) {
		return nil, false, nil
	}
	var evidence []string
	for _, provider := range ssoProviders(in) {
		evidence = append(evidence, "AUTH_PROVIDERS names "+provider)
	}
	evidence = append(evidence, bounded(in.Usage.SSOUsers)...)
	if len(evidence) > 0 && in.value("AUTH_DISABLE_DEFAULT") == "true" {
		evidence = append(evidence, "AUTH_DISABLE_DEFAULT=true is ignored: everybody may log in with a password again")
	}
	return evidence, len(evidence) > 0, nil
}

// ssoProviders lists the providers of AUTH_PROVIDERS that lead elsewhere, with
// their drivers.
func ssoProviders(in Input) []string {
	var names []string
	for name := range strings.SplitSeq(in.value("AUTH_PROVIDERS"), ",") {
		name = strings.TrimSpace(name)
		driver := in.value("AUTH_" + strings.ToUpper(name) + "_DRIVER")
		switch {
		case name == "" || driver == "local":
		case driver == "":
			names = append(names, name)
		default:
			names = append(names, name+" ("+driver+")")
		}
	}
	return names
}

func detectCustomLLM(_ context.Context, in Input) ([]string, bool, error) {
	return nil, in.Usage.CustomLLM && !licensed(in), nil
}

// detectCustomPermissions lists the rules that stop, by role or policy and
// collection. Rules of a policy with admin access are left out: who has it
// needs none.
func detectCustomPermissions(_ context.Context, in Input) ([]string, bool, error) {
	if licensed(in) {
		return nil, false, nil
	}
	lost := slices.DeleteFunc(slices.Clone(in.Usage.Denied), func(d directus.DeniedRule) bool { return d.Admin })
	if len(lost) == 0 {
		return nil, false, nil
	}
	return append([]string{fmt.Sprintf("%d in use, none allowed", len(lost))}, bounded(denied(lost))...), true, nil
}

// denied puts rules of the same owner and collection on one line. They are in
// that order already.
func denied(rules []directus.DeniedRule) []string {
	var lines []string
	for i, rule := range rules {
		what := rule.Action + " (" + rule.Why + ")"
		if i > 0 && rules[i-1].Owner == rule.Owner && rules[i-1].Collection == rule.Collection {
			lines[len(lines)-1] += ", " + what
			continue
		}
		owner := rule.Owner
		if held := slices.DeleteFunc(slices.Clone(rule.Holders), func(h string) bool { return h == "role "+rule.Owner }); len(held) > 0 {
			owner += " (" + strings.Join(bounded(held), ", ") + ")"
		}
		lines = append(lines, owner+" · "+rule.Collection+": "+what)
	}
	return lines
}

// detectGrace says when a project over the limits would be locked.
func detectGrace(ctx context.Context, in Input) ([]string, bool, error) {
	over := in.Usage.OverCore()
	if licensed(in) || len(over) == 0 || in.DB == nil {
		return nil, false, nil
	}
	now := in.now()
	grace, err := directus.ReadGrace(ctx, in.DB, now)
	if err != nil {
		return nil, false, err
	}
	words := map[string]string{
		"seats": "users with Studio access", "collections": "collections", "flows": "active flows", "sso_enabled": "users who log in through other services",
	}
	for i := range over {
		over[i] = words[over[i]]
	}
	evidence := []string{"over the limits: " + strings.Join(over, ", ")}
	if !grace.Given {
		return append(evidence, "no time of grace is given to a database that is not a day old: the project would be locked at its first start"), true, nil
	}
	return append(evidence, fmt.Sprintf("upgraded on %s, the project would be locked on %s",
		now.Format(time.DateOnly), grace.Ends.Format(time.DateOnly))), true, nil
}

// detectHistory looks whether there is activity that the Core tier does not
// show.
func detectHistory(ctx context.Context, in Input) ([]string, bool, error) {
	if licensed(in) || in.DB == nil {
		return nil, false, nil
	}
	oldest, err := directus.OldestActivity(ctx, in.DB)
	if err != nil || oldest.IsZero() || in.now().Sub(oldest) < directus.CoreHistory {
		return nil, false, err
	}
	return []string{"directus_activity goes back to " + oldest.Format(time.DateOnly)}, true, nil
}

// now is the moment of the check.
func (in Input) now() time.Time {
	if in.Now.IsZero() {
		return time.Now()
	}
	return in.Now
}

func detectTelemetry(_ context.Context, in Input) ([]string, bool, error) {
	if licensed(in) || in.value("TELEMETRY") != "false" {
		return nil, false, nil
	}
	return []string{"TELEMETRY=false"}, true, nil
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
		len(u.Collections), len(u.Seats), len(u.ActiveFlows), len(u.SSOUsers), len(u.Denied))}
	if u.CustomLLM {
		evidence = append(evidence, "in use: an AI provider of your own")
	}
	return evidence, true, nil
}
