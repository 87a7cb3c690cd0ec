package advisory

import (
	"context"
	_ "embed"
	"encoding/json"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// settingChange is a setting that a release reads otherwise than the one
// before it: with another default, or not at all.
type settingChange struct {
	Version string `json:"version"`
	Key     string `json:"key"`
	// Was and Is are the defaults; empty means that there was no limit.
	Was string `json:"was"`
	Is  string `json:"is"`
	// Gone is set for a setting that is not read any more.
	Gone bool `json:"gone"`
	// Rule is the rule that tells whom a new default concerns.
	Rule string `json:"rule"`
}

// From the defaults in dist/env.js (up to 10.8) and @directus/env of the
// releases from 9.0.1 to 12.4.0, compared one by one. A default that only lets
// more through than before is left out.
//
//go:embed settings_changes.json
var settingChangesJSON []byte

var settingChanges = sync.OnceValue(func() []settingChange {
	var all []settingChange
	if err := json.Unmarshal(settingChangesJSON, &all); err != nil {
		panic("advisory: the embedded changes of settings are damaged: " + err.Error())
	}
	return all
})

func detectGoneSettings(_ context.Context, in Input) ([]string, bool, error) {
	from, to, err := in.versions()
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, change := range settingChanges() {
		version := semver.MustParse(change.Version)
		if change.Gone && in.isSet(change.Key) && from.LessThan(version) && !to.LessThan(version) {
			evidence = append(evidence, change.Key+", since "+change.Version)
		}
	}
	return found(evidence)
}
