package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// prereleaseIn finds the versions with a prerelease that a range names.
var prereleaseIn = regexp.MustCompile(`(\d+)\.(\d+)\.(\d+)-[0-9A-Za-z]`)

// ParseRange turns an npm range into a test. npm's rule for prereleases is
// kept: one only satisfies a range that names a prerelease of the same
// major.minor.patch (node-semver 7, classes/range.js testSet).
func ParseRange(wanted string) (func(*semver.Version) bool, error) {
	text := strings.TrimSpace(wanted)
	if text == "" {
		text = "*"
	}
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return nil, fmt.Errorf("reading the version range %q: %w", wanted, err)
	}
	var named [][]string
	for _, found := range prereleaseIn.FindAllStringSubmatch(text, -1) {
		named = append(named, found[1:])
	}
	return func(v *semver.Version) bool {
		if v.Prerelease() != "" {
			triple := []string{fmt.Sprint(v.Major()), fmt.Sprint(v.Minor()), fmt.Sprint(v.Patch())}
			if !slices.ContainsFunc(named, func(n []string) bool { return slices.Equal(n, triple) }) {
				return false
			}
		}
		return constraint.Check(v)
	}, nil
}
