package release_test

import (
	"testing"
	"time"

	"bunnyhop/internal/registry"
	"bunnyhop/internal/release"
)

// TestNeverAsked: a registry that was never asked and does not answer now
// leaves the list of when the program was made, and says of when it is.
func TestNeverAsked(t *testing.T) {
	config, err := registry.LoadConfig(t.TempDir(), []string{"npm_config_registry=http://127.0.0.1:9/"})
	if err != nil {
		t.Fatal(err)
	}
	all, stale, err := release.List(t.Context(), registry.New(config, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if stale == nil || stale.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the list is of %v", stale)
	}
	seen := map[string]release.Release{}
	for i, one := range all {
		if i > 0 && one.Major > all[i-1].Major {
			t.Errorf("%s comes after %s", one.Version, all[i-1].Version)
		}
		seen[one.Version] = one
	}
	if one := seen["11.17.4"]; one.Major != 11 || one.Node == "" || one.Date.IsZero() || one.Prerelease {
		t.Errorf("11.17.4 is %+v", one)
	}
	if seen["11.13.3"].KnownBad == "" || len(seen) < 70 {
		t.Errorf("%d releases; 11.13.3 is %+v", len(all), seen["11.13.3"])
	}
}
