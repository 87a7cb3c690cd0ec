// Package release knows which Directus versions there are and whether one can
// be installed from the npm registry in use.
package release

import (
	"context"
	"errors"
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

// describe fills in what follows from the version.
func (r *Release) describe() {
	version, err := semver.StrictNewVersion(r.Version)
	if err != nil {
		return
	}
	r.KnownBad, r.Major, r.Prerelease = KnownBad(r.Version), int(version.Major()), version.Prerelease() != "" //nolint:gosec // a small number
}

// List returns all releases, newest version first. Where the registry cannot
// be asked, it is what the registry said last, or else what it said when this
// program was made; stale is when that was.
func List(ctx context.Context, client *registry.Client) (releases []Release, stale *time.Time, err error) {
	document, err := client.Package(ctx, Package)
	var down *registry.DownError
	if errors.As(err, &down) && ctx.Err() == nil {
		known := embedded()
		return slices.Clone(known.Releases), &known.Fetched, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, version := range versionsOf(document) {
		found := document.Versions[version.Original()]
		one := Release{
			Version: version.Original(), Date: document.Times[version.Original()], Node: found.Engines["node"], NPM: found.Engines["npm"],
			Deprecated: string(found.Deprecated), License: string(found.License),
		}
		one.describe()
		releases = append(releases, one)
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
