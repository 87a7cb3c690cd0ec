package sidebyside

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

// resetPeak begins to watch how much memory this process has; what is
// returned tells the most since then, in bytes.
func resetPeak(b *testing.B) (peak func() int64) {
	b.Helper()
	debug.FreeOSMemory()
	// Resets VmHWM to what is in use now (proc_pid_clear_refs(5)).
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
	return func() int64 {
		file, err := os.Open("/proc/self/status")
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close() //nolint:errcheck // only read from
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var kilobytes int64
			if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
				if _, err := fmt.Sscan(text, &kilobytes); err != nil {
					b.Fatal(err)
				}
				return kilobytes * 1024
			}
		}
		b.Fatal("/proc/self/status has no VmHWM")
		return 0
	}
}
