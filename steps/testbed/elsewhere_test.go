package testbed_test

import (
	"os"
	"testing"

	"bunnyhop/steps/testbed"
)

// TestElsewhere: tests that set the same variable of the environment run side
// by side, each in a process of its own, and none of it is seen here.
func TestElsewhere(t *testing.T) {
	const variable = "BUNNYHOP_TEST_VARIABLE"
	for _, name := range []string{"first", "second (odd name)"} {
		t.Run(name, func(t *testing.T) {
			if testbed.Elsewhere(t) {
				if os.Getenv(variable) != "" {
					t.Error("it ran in this process")
				}
				return
			}
			t.Setenv(variable, "set")
		})
	}
}
