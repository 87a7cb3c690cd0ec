package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// install makes the program as the README says, into a folder of the test's
// own, and returns its path. Unlike the test binary that other tests take for
// the program, it starts as fast, and is as large, as a person has it.
func install(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	cmd := exec.CommandContext(tb.Context(), "go", "install", "./cmd/bunnyhop")
	cmd.Dir, cmd.Env = checkout, append(os.Environ(), "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("installing: %v\n%s", err, out)
	}
	return filepath.Join(dir, "bunnyhop")
}

// checkout is the module's root, from this package's folder.
const checkout = "../.."

// execute runs the program without a terminal and returns what it printed.
func execute(tb testing.TB, cmd *exec.Cmd) (stdout, stderr string, code int) {
	tb.Helper()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	code = cmd.ProcessState.ExitCode()
	tb.Logf("bunnyhop %s: exit code %d after %.1f s", strings.Join(cmd.Args[1:], " "), code, time.Since(begin).Seconds())
	return out.String(), errs.String(), code
}
