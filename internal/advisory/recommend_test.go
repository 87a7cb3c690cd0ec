package advisory_test

import (
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
)

func releases(versions ...string) []advisory.Release {
	var all []advisory.Release
	for _, v := range versions {
		r := advisory.Release{Version: strings.TrimRight(v, "!x")}
		r.NotInstallable, r.Deprecated = strings.HasSuffix(v, "!"), strings.HasSuffix(v, "x")
		all = append(all, r)
	}
	return all
}

// TestRecommendAvoids: what is young or known to be bad is passed over, and
// said so where it would have been the one.
func TestRecommendAvoids(t *testing.T) {
	t.Parallel()
	avoid := func(why string, versions ...string) []advisory.Release {
		all := releases(versions...)
		for i := range all {
			all[i].Avoid = why
		}
		return all
	}
	for name, c := range map[string]struct {
		releases     []advisory.Release
		want, reason string
		not          string
	}{
		"a young one of 11": {append(avoid("it came out today", "11.18.0"), releases("12.4.0", "11.17.4")...), "11.17.4", "11.18.0 is passed over: it came out today; from 12.0.0 on", "the newest"},
		"a young one of 12": {append(avoid("it came out today", "12.4.1"), releases("12.4.0", "11.17.4")...), "11.17.4", "the newest release on which nothing", "passed over"},
		"only such":         {avoid("it came out today", "11.18.0", "11.17.9"), "", "no other newer release; 11.18.0 is passed over", ""},
		"an older one":      {append(avoid("it is bad", "11.6.0"), releases("11.17.4")...), "11.17.4", "the newest release", "passed over"},
	} {
		in := project(t, "10.13.4", "10.13.4", "10.13.4", quiet())
		got, reason, err := advisory.Recommend(t.Context(), c.releases, in)
		if err != nil || got != c.want || !strings.Contains(reason, c.reason) || c.not != "" && strings.Contains(reason, c.not) {
			t.Errorf("%s: %q (%s), %v; want %q (%s)", name, got, reason, err, c.want, c.reason)
		}
	}
}

func TestRecommend(t *testing.T) {
	t.Parallel()
	all := releases("12.4.1!", "9.0.0-rc.28", "12.4.0", "10.13.4", "12.5.0-rc.1", "11.17.4", "11.17.5x", "10.13.1", "12.0.2")
	plain := []string{"DELETE FROM directus_permissions WHERE fields <> '*' OR permissions <> '{}' OR validation <> '{}' OR presets <> '{}'", "UPDATE directus_users SET provider = 'default'"}
	for name, c := range map[string]struct {
		from, version string
		config        config
		sql           []string
		releases      []advisory.Release
		want, reason  string
	}{
		"custom permissions":           {"10.13.4", "10.13.4", quiet(), nil, all, "11.17.4", "from 12.0.0 on"},
		"nothing is lost":              {"10.13.4", "10.13.4", quiet(), plain, all, "12.4.0", "nothing this project uses is lost"},
		"a licence":                    {"10.13.4", "10.13.4", quiet("LICENSE_KEY", "x"), nil, all, "12.4.0", "nothing this project uses is lost"},
		"already on the last 11":       {"11.17.4", "11.17.4", quiet(), nil, all, "", "every newer release takes away"},
		"already on 12":                {"12.0.2", "12.4.0", quiet(), nil, all, "12.4.0", "nothing"},
		"nothing newer":                {"12.4.0", "12.4.0", quiet(), nil, all, "", "no newer release"},
		"no list":                      {"10.13.4", "10.13.4", quiet(), nil, nil, "", "no newer release"},
		"a remedy is at hand":          {"10.13.4", "10.13.4", quiet("EMAIL_TRANSPORT", "sendgrid"), plain, all, "12.4.0", "nothing"},
		"something that is no version": {"10.13.4", "10.13.4", quiet(), plain, append(releases("banana"), all...), "12.4.0", "nothing"},
	} {
		in := project(t, c.from, c.from, c.version, c.config, c.sql...)
		got, reason, err := advisory.Recommend(t.Context(), c.releases, in)
		if err != nil || got != c.want || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %q (%s), %v; want %q (%s)", name, got, reason, err, c.want, c.reason)
		}
	}
}
