package schemabench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"bunnyhop/internal/node"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps/testbed"
)

const syncVersion = "3.4.1"

// installSync installs directus-sync from the npm registry once into the cache
// of installed trees, and returns its program.
func installSync(b *testing.B, runtime *node.Runtime) string {
	b.Helper()
	dir := filepath.Join(testbed.Cache(b), "directus-sync-"+syncVersion)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		b.Fatal(err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		b.Fatal(err)
	}
	defer lock.Unlock()
	program, ready := filepath.Join(dir, "node_modules", "directus-sync", "bin", "index.js"), filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return program
	}
	npm := exec.Command(runtime.Node, runtime.NPM, "install", "--prefix", dir, "--no-audit", "--no-fund", "directus-sync@"+syncVersion) //nolint:noctx // ends by itself
	npm.Env = runtime.Environ(os.Environ())
	if out, err := npm.CombinedOutput(); err != nil {
		b.Fatalf("installing directus-sync: %v\n%s", err, out)
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	return program
}

// dump writes a snapshot as directus-sync pulls it: a file for each thing,
// under the folder "snapshot".
func dump(b *testing.B, s *snapshot.Snapshot) string {
	b.Helper()
	dir := b.TempDir()
	write := func(value any, names ...string) {
		path := filepath.Join(append([]string{dir, "snapshot"}, names...)...) + ".json"
		data, err := json.MarshalIndent(value, "", "  ")
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, append(data, '\n'), 0o644)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	info := s.Object()
	for _, list := range []string{"collections", "fields", "relations"} {
		delete(info, list)
	}
	write(info, "info")
	for _, c := range s.Collections {
		write(c.Object(), "collections", c.Collection)
	}
	for _, f := range s.Fields {
		write(f.Object(), "fields", f.Collection, f.Field)
	}
	for _, r := range s.Relations {
		write(r.Object(), "relations", r.Collection, r.Field)
	}
	return dir
}

// ended is a child process that did its work.
type ended struct {
	took   time.Duration
	memory float64 // the most that it had, in MB
	output string
}

// run measures a child from its start to its end. How much memory it had is
// asked while it runs: what the system tells afterwards (maxrss) begins with
// what the parent had.
func run(b *testing.B, cmd *exec.Cmd) (result ended) {
	b.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			result.took, result.output = time.Since(begin), output.String()
			if err != nil {
				b.Fatalf("%s: %v\n%s", cmd.Path, err, &output)
			}
			return result
		case <-time.After(20 * time.Millisecond):
			if memory, err := peak(cmd.Process.Pid); err == nil { // else it has just ended
				result.memory = memory
			}
		}
	}
}

// peak is the most memory that a process ever had, in MB.
func peak(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	_, err = fmt.Sscan(line, &kilobytes)
	return kilobytes / 1024, err
}

// diffSync runs directus-sync diff for the data model alone: what else it
// compares (flows, roles) is left out, and its extension in the server, which
// only that needs, with it. Its fetch, Node's own, waits 300 s for the answer
// and then fails; a very busy machine comes near to that.
func (t *target) diffSync(b *testing.B, program, dump string) ended {
	b.Helper()
	cmd := exec.Command(t.runtime.Node, program, "diff", "--no-collections", "--dump-path", dump) //nolint:noctx // ends by itself
	cmd.Dir = b.TempDir()
	cmd.Env = append(os.Environ(), "DIRECTUS_URL="+t.base, "DIRECTUS_TOKEN="+token, "NO_COLOR=1")
	result := run(b, cmd)
	if want := fmt.Sprintf("Found %d changes in fields", collections*columns/changed); !strings.Contains(result.output, want) {
		b.Fatalf("directus-sync does not say %q:\n%s", want, result.output)
	}
	return result
}
