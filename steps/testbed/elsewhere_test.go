package testbed_test

import (
	"os"
	"testing"

	"bunnyhop/steps/testbed"
)

// TestElsewhere: tests that set the same variable of the environment run side
// by side, each in a process of its own, and none of it is seen here.
func TestElsewhere(t *testing.T) {
	const variable, where = "BUNNYHOP_TEST_VARIABLE", "BUNNYHOP_TEST_CACHE_THERE"
	if os.Getenv(where) == "" { // the first process
		t.Setenv(where, testbed.Cache(t))
		t.Setenv("XDG_CACHE_HOME", testbed.Cache(t)) // as projects set it
	}
	for _, name := range []string{"first", "second (odd name)"} {
		t.Run(name, func(t *testing.T) {
			if testbed.Elsewhere(t) {
				if os.Getenv(variable) != "" {
					t.Error("it ran in this process")
				}
				return
			}
			if got := testbed.Cache(t); got != os.Getenv(where) {
				t.Errorf("the cache is at %s, there at %s", got, os.Getenv(where))
			}
			t.Setenv(variable, "set")
		})
	}
}
