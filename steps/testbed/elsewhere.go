package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// elsewhere names the test that a process was started for.
const elsewhere = "BUNNYHOP_TEST_ELSEWHERE"

// Elsewhere lets a test that changes its process's environment, as New does,
// run beside others: it runs once more in a process of its own, with the same
// binary, and passes if it passed there. In that process Elsewhere answers
// false, and the test goes on; in the first one it answers true, and the test
// returns. What surrounds a subtest runs in both.
//
//	if testbed.Elsewhere(t) {
//		return
//	}
func Elsewhere(t *testing.T) bool {
	t.Helper()
	if os.Getenv(elsewhere) == t.Name() {
		return false
	}
	t.Parallel()
	var parts []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	args := []string{"-test.v", "-test.run=" + strings.Join(parts, "/")}
	if deadline, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+time.Until(deadline).String())
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...) //nolint:gosec // this very binary
	// The cache is named, for this process may have made it the place of all.
	cmd.Env = append(os.Environ(), elsewhere+"="+t.Name(), cacheFolder+"="+Cache(t))
	output, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Fatalf("in a process of its own: %v\n%s", err, output)
	case !strings.Contains(string(output), fmt.Sprintf("--- PASS: %s (", t.Name())):
		t.Fatalf("it did not run in a process of its own:\n%s", output)
	case testing.Verbose():
		t.Logf("in a process of its own:\n%s", output)
	}
	return true
}
