package directus

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// CLI is Directus' command line, run with a chosen Node.
type CLI struct {
	Node string // path of the Node binary
	Tree string // the folder whose node_modules holds Directus
	// Dir is the working folder: Directus looks for .env and package.json
	// here, and relative paths in its configuration start here.
	Dir string
	// Environ is the whole environment of the child. Values of Directus' own
	// configuration file win over it.
	Environ []string
	// Redact takes secrets out of a line of output. Optional.
	Redact func(string) string
}

var (
	versionLine = regexp.MustCompile(`^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$`)
	escapes     = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]")
)

// Path is the program that the CLI runs, for showing it to a person.
func (c CLI) Path() string { return filepath.Join(c.Tree, "node_modules", "directus", "cli.js") }

// Version runs the CLI and returns the version that it prints, which proves
// that the code loads under this Node.
func (c CLI) Version(ctx context.Context) (string, error) {
	version := ""
	var log cliLog
	err := c.run(ctx, func(line string) {
		if text := strings.TrimSpace(line); version == "" && versionLine.MatchString(text) {
			version = text
		}
		log.line(line)
	}, "--version")
	if err != nil {
		return "", fault.Wrap(log.explain(withOutput(err, log.tail)), "Directus does not start with this Node",
			"check that the code was installed for this very Node version")
	}
	if version == "" {
		return "", fault.New("Directus did not say its version", "look at the output: "+strings.Join(log.tail, " / "))
	}
	return version, nil
}

// Run runs one command of the CLI to its end and reports its output. The error
// of one that fails begins with what Directus said of it.
func (c CLI) Run(ctx context.Context, reporter progress.Reporter, args ...string) error {
	var log cliLog
	err := c.run(ctx, func(line string) {
		log.line(line)
		reporter.Output(log.shown)
	}, args...)
	if err == nil {
		return nil
	}
	return log.explain(fmt.Errorf("running directus %s: %w", strings.Join(args, " "), withOutput(err, log.tail)))
}

// Start starts the server and returns while it boots; the end of ctx ends it.
// each hears the messages of its output.
func (c CLI) Start(ctx context.Context, each func(line string)) (*process.Child, error) {
	return process.Start(ctx, c.spec(func(line string) {
		if _, message, ok := rawLog(line); ok {
			line = message
		}
		each(line)
	}, "start"))
}

func (c CLI) run(ctx context.Context, each func(line string), args ...string) error {
	return process.Run(ctx, c.spec(each, args...))
}

func (c CLI) spec(each func(line string), args ...string) process.Spec {
	return process.Spec{
		Path: c.Node,
		Args: append([]string{c.Path()}, args...),
		Dir:  c.Dir,
		Env:  c.Environ,
		Line: func(line string) {
			line = escapes.ReplaceAllString(line, "")
			if isUpdateBox(line) {
				return
			}
			if c.Redact != nil {
				line = c.Redact(line)
			}
			each(line)
		},
	}
}

// isUpdateBox reports whether a line belongs to the "update available" box
// that the CLI prints before its work (@directus/update-check). It advertises
// the newest version to somebody who is just installing another on purpose.
func isUpdateBox(line string) bool { return strings.ContainsAny(line, "│╭╰") }

// keepLast keeps the last 40 lines that say something.
func keepLast(tail []string, line string) []string {
	if strings.TrimSpace(line) == "" {
		return tail
	}
	if tail = append(tail, line); len(tail) > 40 {
		tail = tail[1:]
	}
	return tail
}

// withOutput replaces the output that the process package kept, which was not
// redacted, by the redacted one.
func withOutput(err error, tail []string) error {
	var exit *process.ExitError
	if errors.As(err, &exit) {
		exit.Last = tail
	}
	return err
}
