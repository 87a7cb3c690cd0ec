// Package sidebyside benchmarks work of this program beside the plain tool
// that a person would use instead. Both run in turns, so that what else goes
// on on the machine hits both, and the middle one of all turns counts.
package sidebyside

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Work is one side: what to do, and what to undo after it, out of the clock.
type Work struct {
	Do   func() error
	Undo func() error // optional
}

// Compare runs ours and the plain tool in turns and reports
//
//	ratio      the time of ours for one of the plain tool, the middle of all turns
//	ours-s     seconds, the middle
//	plain-s    seconds, the middle
//	cpu-ratio  the same of processor time, which other load does not change: that
//	           of this process and of the programs run, not of database servers
//	peak-MB    the most memory that this process had while ours ran
//	before-MB  what it had of that already, from making the data
//
// Before each turn all that was written so far is on the disk. Where ours is
// on the disk at its end and the plain tool's output is not, settle has it
// written too, and "settled-ratio" is the ratio to the plain tool with that.
func Compare(b *testing.B, ours, plain Work, settle func() error) {
	b.Helper()
	var ratios, settled, oursTook, plainTook, cpu []float64
	var peak, before int64
	round := 0
	for b.Loop() {
		var a, p, written, cpuOurs, cpuPlain float64
		turns := []func(){
			func() {
				measure, used := resetPeak(b), processor(b)
				before = max(before, measure())
				a = run(b, ours)
				peak, cpuOurs = max(peak, measure()), processor(b)-used
				undo(b, ours)
			},
			func() {
				used := processor(b)
				p = run(b, plain)
				cpuPlain = processor(b) - used
				if settle != nil {
					written = p + run(b, Work{Do: settle})
				}
				undo(b, plain)
			},
		}
		// Neither is always the second to read.
		if round++; round%2 == 0 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			unix.Sync()
			turn()
		}
		ratios, oursTook, plainTook = append(ratios, a/p), append(oursTook, a), append(plainTook, p)
		settled, cpu = append(settled, a/written), append(cpu, cpuOurs/cpuPlain)
		b.Logf("round %d: ours %.2f s (processor %.2f s), plain %.2f s (processor %.2f s), settled %.2f s", round, a, cpuOurs, p, cpuPlain, written)
	}
	b.ReportMetric(middle(ratios), "ratio")
	if settle != nil {
		b.ReportMetric(middle(settled), "settled-ratio")
	}
	b.ReportMetric(middle(oursTook), "ours-s")
	b.ReportMetric(middle(plainTook), "plain-s")
	b.ReportMetric(middle(cpu), "cpu-ratio")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(float64(before)/1e6, "before-MB")
	b.ReportMetric(0, "ns/op") // of both, which nobody asks for
}

func run(b *testing.B, w Work) float64 {
	b.Helper()
	begun := time.Now()
	if err := w.Do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun).Seconds()
}

// processor is how many seconds this process and those that it has waited for
// had of the processors.
func processor(b *testing.B) float64 {
	b.Helper()
	var seconds float64
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var used unix.Rusage
		if err := unix.Getrusage(who, &used); err != nil {
			b.Fatal(err)
		}
		seconds += float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
	}
	return seconds
}

func undo(b *testing.B, w Work) {
	b.Helper()
	if w.Undo == nil {
		return
	}
	if err := w.Undo(); err != nil {
		b.Fatal(err)
	}
}

// middle is the median. An even number of turns is the fairer one: then each
// side went first as often as the other.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Size is how large the data shall be, from the environment.
func Size(b *testing.B, variable string, usual int) int {
	b.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 1 {
		b.Fatalf("%s=%q is not a size", variable, text)
	}
	return size
}

// Shell is work that a shell does. All programs named must be there.
func Shell(b *testing.B, environ []string, script string, programs ...string) func() error {
	b.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			b.Fatalf("the benchmark compares with %s, which is not installed: %v", program, err)
		}
	}
	return func() error {
		cmd := exec.Command("/bin/bash", "-euo", "pipefail", "-c", script) //nolint:gosec // written by the benchmark
		cmd.Env, cmd.Stderr = append(os.Environ(), environ...), os.Stderr
		return cmd.Run()
	}
}
