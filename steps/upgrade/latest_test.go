package upgrade

import (
	"testing"

	"bunnyhop/internal/release"
)

// TestLatest takes the newest release, and one that its makers took back only
// where there is no other.
func TestLatest(t *testing.T) {
	withdrawn := release.Release{Version: "12.4.1", Deprecated: "broken"}
	good := release.Release{Version: "12.4.0"}
	older := release.Release{Version: "12.3.1"}
	for want, newer := range map[string][]release.Release{
		"12.4.0": {withdrawn, good, older},
		"12.3.1": {older},
		"12.4.1": {withdrawn},
	} {
		if got := newestOf(newer); got != want {
			t.Errorf("of %v it takes %s, want %s", newer, got, want)
		}
	}
}
