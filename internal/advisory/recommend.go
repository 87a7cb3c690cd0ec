package advisory

import (
	"context"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Release is a version that could be the target.
type Release struct {
	Version    string
	Deprecated bool
	// NotInstallable is set when it is known that it cannot be installed here.
	NotInstallable bool
	// Avoid says why it is never recommended, though it can be chosen: what is
	// known to be bad about it, or that it came out days ago.
	Avoid string
}

// Recommend picks the target: the newest release above in.From on which
// nothing that the project uses is lost. Prereleases, deprecated releases,
// those to avoid and those known not to be installable are passed over. It returns the version,
// "" when there is none, and the reason in a sentence. in.To is not looked at.
func Recommend(ctx context.Context, releases []Release, in Input) (version, reason string, err error) {
	in, in.To = in.cached(), in.From
	from, _, err := in.versions()
	if err != nil {
		return "", "", err
	}
	candidates := newest(releases, from)
	if len(candidates) == 0 {
		if passed := avoided(releases, from, nil, nil); passed != "" {
			return "", "there is no other newer release; " + passed, nil
		}
		return "", "there is no newer release that can be installed", nil
	}
	in.To = candidates[0].Original()
	lost, limit, err := losses(ctx, in, from, candidates[0])
	if err != nil {
		return "", "", err
	}
	if limit == nil {
		if passed := avoided(releases, from, candidates[0], nil); passed != "" {
			return in.To, "nothing this project uses is lost; " + passed, nil
		}
		return in.To, "the newest release; nothing this project uses is lost", nil
	}
	why := fmt.Sprintf("from %s on: %s", limit.Original(), lost)
	for _, candidate := range candidates {
		if candidate.LessThan(limit) {
			if passed := avoided(releases, from, candidate, limit); passed != "" {
				return candidate.Original(), "nothing this project uses is lost; " + passed + "; " + why, nil
			}
			return candidate.Original(), "the newest release on which nothing this project uses is lost; " + why, nil
		}
	}
	return "", "every newer release takes away something this project uses; " + why, nil
}

// newest lists the stable releases above from that can be taken, newest first.
func newest(releases []Release, from *semver.Version) []*semver.Version {
	var candidates []*semver.Version
	for _, r := range releases {
		v, err := semver.StrictNewVersion(r.Version)
		if err != nil || v.Prerelease() != "" || r.Deprecated || r.NotInstallable || r.Avoid != "" || !v.GreaterThan(from) {
			continue
		}
		candidates = append(candidates, v)
	}
	slices.SortFunc(candidates, func(a, b *semver.Version) int { return b.Compare(a) })
	return candidates
}

// avoided names the newest release that could be taken but is to be avoided,
// where it is above from and the release that is picked, and below the limit
// from which on something is lost.
func avoided(releases []Release, from, picked, limit *semver.Version) string {
	var newest *semver.Version
	why := ""
	for _, r := range releases {
		v, err := semver.StrictNewVersion(r.Version)
		if err != nil || v.Prerelease() != "" || r.Deprecated || r.NotInstallable || r.Avoid == "" || !v.GreaterThan(from) {
			continue
		}
		if (picked == nil || v.GreaterThan(picked)) && (limit == nil || v.LessThan(limit)) && (newest == nil || v.GreaterThan(newest)) {
			newest, why = v, r.Avoid
		}
	}
	if newest == nil {
		return ""
	}
	return newest.Original() + " is passed over: " + why
}

// losses finds the lowest version that takes something away, and what.
func losses(ctx context.Context, in Input, from, to *semver.Version) (string, *semver.Version, error) {
	var limit *semver.Version
	title := ""
	for _, rule := range rules {
		if !rule.LosesFunction || rule.Version == "" || !rule.crossed(from, to) {
			continue
		}
		a, err := rule.assess(ctx, in)
		if err != nil {
			return "", nil, err
		}
		// What cannot be told is not lost; the check will say it.
		if version := semver.MustParse(rule.Version); a.Outcome == Applies && (limit == nil || version.LessThan(limit)) {
			limit, title = version, rule.Title
		}
	}
	return title, limit, nil
}
