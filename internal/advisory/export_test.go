package advisory

import (
	"context"
	"fmt"
)

// AssessOne asks one rule, whether or not the jump crosses it.
func AssessOne(ctx context.Context, id string, in Input) (Assessment, error) {
	for _, rule := range rules {
		if rule.ID == id {
			return rule.assess(ctx, in.cached())
		}
	}
	return Assessment{}, fmt.Errorf("there is no rule %s", id)
}

// UnchangeableOnMySQL is what csv-unchangeable finds on a MySQL server.
func UnchangeableOnMySQL(ctx context.Context, in Input) ([]string, error) {
	evidence, _, err := unchangeableLists(ctx, in, true)
	return evidence, err
}

// SettingRules lists the rules of changed defaults with their releases, and the
// keys.
func SettingRules() (all [][3]string) {
	for _, change := range settingChanges() {
		if !change.Gone {
			all = append(all, [3]string{change.Key, change.Version, change.Rule})
		}
	}
	return all
}
