package advisory_test

import (
	"testing"

	"bunnyhop/internal/advisory"
)

// Each default that changes has a rule, which is asked when the change is
// crossed.
func TestChangedDefaultsHaveRules(t *testing.T) {
	t.Parallel()
	versions := map[string]string{}
	for _, rule := range advisory.Rules() {
		versions[rule.ID] = rule.Version
	}
	for _, change := range advisory.SettingRules() {
		key, version, id := change[0], change[1], change[2]
		asked, exists := versions[id]
		// The larger limit of 12.3 is looked at by the rule of 12.2.
		if !exists || asked != version && id != "12.2-asset-size" {
			t.Errorf("%s changes in %s, but the rule %q is of %q", key, version, id, asked)
		}
	}
}
