package release

import (
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
)

func TestKnownBadReleasesAreExactVersions(t *testing.T) {
	for version, why := range knownBad {
		if v, err := semver.StrictNewVersion(version); err != nil || v.Prerelease() != "" || why == "" {
			t.Errorf("%q (%q): %v", version, why, err)
		}
		if KnownBad(version) != why {
			t.Errorf("%s is not told", version)
		}
	}
	for _, version := range []string{"11.17.4", "12.4.0", "10.13.4", ""} {
		if why := KnownBad(version); why != "" {
			t.Errorf("%s: %s", version, why)
		}
	}
}

func TestYoung(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		date    time.Time
		minimum time.Duration
		want    bool
	}{
		"a day old":              {now.Add(-24 * time.Hour), MinimumAge, true},
		"a moment short of it":   {now.Add(-MinimumAge + time.Second), MinimumAge, true},
		"just old enough":        {now.Add(-MinimumAge), MinimumAge, false},
		"a clock that is behind": {now.Add(time.Hour), MinimumAge, true},
		"no date":                {time.Time{}, MinimumAge, false},
		"no minimum":             {now, 0, false},
	} {
		if got := (Release{Date: c.date}).Young(now, c.minimum); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
