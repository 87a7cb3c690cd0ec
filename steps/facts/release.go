package facts

import "time"

// Releases are the versions that can be chosen, newest first.
type Releases struct {
	Installed string `json:"installed"`
	// Stale is when the list was fetched, if the registry does not answer now.
	Stale *time.Time `json:"stale,omitempty"`
	// MinimumAgeDays is how many days a release has to be out to be taken
	// without a question.
	MinimumAgeDays int `json:"minimum_age_days"`
	// Recommended is "" where none is; Reason says why in either case.
	Recommended string    `json:"recommended,omitempty"`
	Reason      string    `json:"reason"`
	Rows        []Release `json:"releases"`
}

// Release is one version that can be chosen.
type Release struct {
	Version string    `json:"version"`
	Date    time.Time `json:"date,omitzero"`
	// Node lists the majors on which the version was tested, preferred first;
	// Engine and NPM are the ranges that its package declares.
	Node   []int  `json:"node_majors"`
	Engine string `json:"engine,omitempty"`
	NPM    string `json:"npm,omitempty"`
	// Migrations is how many would run.
	Migrations int  `json:"migrations"`
	Young      bool `json:"young,omitempty"`
	// KnownBad, Deprecated and Missing say what is known to be bad about it,
	// what its makers say, and why it cannot be installed.
	KnownBad   string `json:"known_bad,omitempty"`
	Deprecated string `json:"deprecated,omitempty"`
	Missing    string `json:"missing,omitempty"`
}

// Of finds a version.
func (r Releases) Of(version string) (Release, bool) {
	for _, one := range r.Rows {
		if one.Version == version {
			return one, true
		}
	}
	return Release{}, false
}
