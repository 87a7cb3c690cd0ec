// Command bunnyhop upgrades self-hosted Directus projects.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() { os.Exit(realMain()) }

func realMain() int {
	surviveBrokenPipe()
	limitMemory(usualMemory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return int(newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ()).run(ctx, os.Args[1:]))
}

// limitMemory has what is not used any more collected in time for a small
// server: by itself, Go lets the memory in use double first. It is no bound:
// what is in use may be more. GOMEMLIMIT sets another limit.
func limitMemory(most int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}

// usualMemory is enough for backups of 100,000 files; two data models of
// 20,000 fields would be collected over and over in it. Both in bytes.
const (
	usualMemory = 100 << 20
	modelMemory = 200 << 20
)

// surviveBrokenPipe keeps a reader of the output that goes away (`bunnyhop
// upgrade … | head`) from killing a run in its cutover; the failed write is
// noticed instead. The signal is not ignored: children would inherit that.
func surviveBrokenPipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// app is what every command works with: the terminal, the environment and the
// flags that all commands share.
type app struct {
	stdin  io.Reader
	output *output // standard output
	stderr io.Writer
	// terminal is set when both stdin and stdout are terminals.
	terminal bool
	environ  []string
	flags    globalFlags
	// long is the flow of a command whose --json output is one object a line;
	// empty for a command that prints one document.
	long string
	// rules are the acceptance rules of a promotion.
	rules acceptance
}

func newApp(stdin, stdout, stderr *os.File, environ []string) *app {
	return &app{
		stdin: stdin, output: &output{w: stdout}, stderr: &output{w: stderr},
		terminal: isTerminal(stdin) && isTerminal(stdout),
		environ:  environ,
	}
}
