package snapshot

import (
	"github.com/Masterminds/semver/v3"

	"bunnyhop/internal/fault"
)

// Features are the ways in which versions of Directus describe one data model
// differently. Where the version that began is not in the npm registry, it is
// the first one there that has it.
type Features struct {
	// ByID: fields and relations are in the order of their rows, not by name (10.9.2).
	ByID bool
	// Indexes: fields say is_indexed; lists keep their order, which were
	// sorted before (11.1.2).
	Indexes bool
	// TrackedOnly: what has no row of Directus' is left out (11.10.0).
	TrackedOnly bool
	// SystemFields: the indexes of Directus' own tables are listed (11.13.0).
	SystemFields bool
	// UnlimitedIsText: a varchar without a length is text, not string (11.0.0).
	UnlimitedIsText bool
}

// FeaturesOf tells them of an exact version.
func FeaturesOf(version string) (Features, error) {
	v, err := semver.StrictNewVersion(version)
	if err != nil {
		return Features{}, fault.Newf("%q is not an exact version of Directus", version).
			WithHint("the version is needed to read the data model as Directus means it")
	}
	since := func(first string) bool { return !v.LessThan(semver.MustParse(first)) }
	return Features{
		ByID: since("10.9.2"), Indexes: since("11.1.2"), TrackedOnly: since("11.10.0"),
		SystemFields: since("11.13.0"), UnlimitedIsText: since("11.0.0"),
	}, nil
}
