package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/sidebyside"
	"bunnyhop/steps/testbed"
)

// BenchmarkFirstFrame measures what a person waits for after `bunnyhop` and
// Enter: until the first frame stands on the terminal (ms, the median; the bar
// is 150), and until the home screen knows the project (home-ms). The registry
// answers from the cache.
func BenchmarkFirstFrame(b *testing.B) {
	p := testbed.Apart(b)
	program := install(b)
	var first, home []float64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), program)
		cmd.Dir, cmd.Env = p.Root, p.Environ()
		begin := time.Now()
		s := showTerminal(b, cmd, 100, 30)
		s.sees("Upgrade wizard for Directus")
		first = append(first, milliseconds(begin))
		s.sees("Leave")
		home = append(home, milliseconds(begin))
		s.types("q")
		if code := s.code(); code != 0 {
			b.Fatalf("exit code %d\n%s", code, s.text())
		}
	}
	b.ReportMetric(median(first), "ms")
	b.ReportMetric(slices.Max(first), "max-ms")
	b.ReportMetric(median(home), "home-ms")
	b.ReportMetric(0, "ns/op")
}

func milliseconds(begin time.Time) float64 { return float64(time.Since(begin).Microseconds()) / 1000 }

func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// A large project: a database of 1 GB and 2 GB of uploads, of which there are as
// many as uploadsVariable says.
const (
	uploadsVariable = "BUNNYHOP_BENCH_FILES"
	largeRows       = 250_000 // of about 4 kB
	uploadBytes     = 2_000_000_000
)

// BenchmarkBackupMemory backs a large project up and reports the peak memory
// (peak-MB as the kernel counted it for the program's own pages; maxrss-MB as
// it is told at the exit, which is never less than that of this process), that
// of a second backup, which knows the first (second-peak-MB), and how fast the
// first was, with the proof (MB/s) and without (backup-MB/s). Beside it stands
// what sqlite3's .backup, sha256sum and tar need for the same data
// (plain-MB/s), where there are such programs. Run it with -benchtime 1x; it
// writes 10 GB.
func BenchmarkBackupMemory(b *testing.B) {
	p := testbed.Apart(b)
	program := install(b)
	size := enlarge(b, p)
	backUp := func() watched {
		cmd := exec.CommandContext(b.Context(), program, "backup", "--yes", "--json", "--project", p.Root)
		cmd.Env = p.Environ()
		return watch(b, cmd)
	}
	for b.Loop() {
		run := backUp()
		b.ReportMetric(run.peak, "peak-MB")
		b.ReportMetric(run.maxrss, "maxrss-MB")
		b.ReportMetric(size/1e6/run.took.Seconds(), "MB/s")
		b.ReportMetric(size/1e6/run.steps["backup"].Seconds(), "backup-MB/s")
		b.ReportMetric(run.steps["prove"].Seconds(), "prove-s")
		b.ReportMetric(backUp().peak, "second-peak-MB")
		if err := os.RemoveAll(filepath.Join(p.Data, "bunnyhop")); err != nil {
			b.Fatal(err)
		}
	}
	if plain := plainTools(b, p); plain > 0 {
		b.ReportMetric(size/1e6/plain.Seconds(), "plain-MB/s")
	}
}

// enlarge makes a project large and returns how large its data is.
func enlarge(b *testing.B, p *testbed.Project) float64 {
	b.Helper()
	p.Exec("CREATE TABLE readings (id INTEGER PRIMARY KEY, body TEXT)", fmt.Sprintf(
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO readings SELECT i, hex(randomblob(2000)) FROM n`, largeRows))
	info, err := os.Stat(filepath.Join(p.Root, "data.db"))
	if err != nil {
		b.Fatal(err)
	}
	random := rand.NewChaCha8([32]byte{})
	uploads := sidebyside.Size(b, uploadsVariable, 4_000)
	content := make([]byte, uploadBytes/uploads)
	for i := range uploads {
		_, _ = random.Read(content)
		if err := os.WriteFile(filepath.Join(p.Root, "uploads", fmt.Sprintf("%08d.bin", i)), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return float64(info.Size() + uploadBytes)
}

// watched is a run of the program that was looked at meanwhile.
type watched struct {
	took         time.Duration
	peak, maxrss float64 // MB
	steps        map[string]time.Duration
}

// watch runs a long command with --json to its good end.
func watch(b *testing.B, cmd *exec.Cmd) watched {
	b.Helper()
	run := watched{steps: map[string]time.Duration{}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan float64)
	go func() { stopped <- highWater(cmd.Process.Pid, stop) }()
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var line struct {
			Type, Step string
			Elapsed    time.Duration `json:"elapsed_ns"`
		}
		last = lines.Text()
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			b.Fatal(err)
		}
		if line.Type == "step_done" {
			run.steps[line.Step] = line.Elapsed
		}
	}
	close(stop)
	run.peak = <-stopped
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, last)
	}
	run.took = time.Since(begin)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		run.maxrss = float64(usage.Maxrss) / 1000 // kB
	}
	return run
}

// highWater follows the most memory that a process had in use, in MB.
func highWater(pid int, stop <-chan struct{}) (peak float64) {
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range bytes.Lines(status) {
			if fields := strings.Fields(string(line)); len(fields) > 1 && fields[0] == "VmHWM:" {
				if kB, err := strconv.ParseFloat(fields[1], 64); err == nil {
					peak = kB / 1000
				}
			}
		}
		select {
		case <-stop:
			return peak
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// plainTools copies the same data with what a machine has, and returns how long
// that took; 0 where a tool is missing.
func plainTools(b *testing.B, p *testbed.Project) time.Duration {
	b.Helper()
	to := b.TempDir()
	begin := time.Now()
	for _, argv := range [][]string{
		{"sqlite3", filepath.Join(p.Root, "data.db"), ".backup " + filepath.Join(to, "data.db")},
		{"sha256sum", filepath.Join(to, "data.db")},
		{"tar", "-C", p.Root, "-cf", filepath.Join(to, "uploads.tar"), "uploads"},
		{"sha256sum", filepath.Join(to, "uploads.tar")},
	} {
		if _, err := exec.LookPath(argv[0]); err != nil {
			b.Logf("no baseline: %v", err)
			return 0
		}
		if out, err := exec.CommandContext(b.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", argv[0], err, out)
		}
	}
	return time.Since(begin)
}
