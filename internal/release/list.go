// Package release knows which Directus versions there are and whether one can
// be installed from the npm registry in use.
package release

import (
	"context"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/registry"
)

// Package is Directus' name in the npm registry.
const Package = "directus"

// Release is one Directus version.
type Release struct {
	Version string `json:"version"`
	// Date is when the version came into the registry; a mirror gives the
	// time at which it first fetched it. Zero when the registry does not say.
	Date time.Time `json:"date,omitzero"`
	// Node is the range of Node versions that the package declares, or "".
	// It has no upper bound; node.Majors knows what was tested.
	Node string `json:"node,omitempty"`
	// NPM is the range of npm versions that the package declares, or "".
	NPM        string `json:"npm,omitempty"`
	Deprecated string `json:"deprecated,omitempty"`
	// KnownBad says why the version is not to be taken, or "".
	KnownBad   string `json:"known_bad,omitempty"`
	Major      int    `json:"major"`
	Prerelease bool   `json:"prerelease,omitempty"`
	License    string `json:"license,omitempty"`
}

// List returns all releases, newest version first. Where the registry cannot
// be asked, it is what the registry said last, and stale is when that was.
func List(ctx context.Context, client *registry.Client) (releases []Release, stale *time.Time, err error) {
	document, err := client.Package(ctx, Package)
	if err != nil {
		return nil, nil, err
	}
	for _, version := range versionsOf(document) {
		found := document.Versions[version.Original()]
		releases = append(releases, Release{
			Version:    version.Original(),
			Date:       document.Times[version.Original()],
			Node:       found.Engines["node"],
			NPM:        found.Engines["npm"],
			KnownBad:   KnownBad(version.Original()),
			Deprecated: string(found.Deprecated),
			Major:      int(version.Major()), //nolint:gosec // a small number
			Prerelease: version.Prerelease() != "",
			License:    string(found.License),
		})
	}
	if document.Stale {
		stale = &document.Fetched
	}
	return releases, stale, nil
}

// versionsOf returns a document's versions, newest first. One that is not a
// semantic version cannot be compared, nor published today, and is left out.
func versionsOf(document *registry.Package) []*semver.Version {
	var versions []*semver.Version
	for name := range document.Versions {
		if version, err := semver.StrictNewVersion(name); err == nil {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, func(a, b *semver.Version) int { return b.Compare(a) })
	return versions
}
