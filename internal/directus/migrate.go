package directus

import (
	"context"
	"regexp"
	"strings"

	"bunnyhop/internal/progress"
)

// MigrateError is a migration run that ended without success. Part of the
// migration it names may have been done; which ones are recorded has to be
// read from the database.
type MigrateError struct {
	// First is the first error that Directus logged, which is the cause; later
	// ones only follow from it. Where it logged none, the end of the process.
	First string
	// Migration is the title of the migration that was being applied, "" if
	// none had begun or the log does not say (LOG_LEVEL above info).
	Migration string
	// File is the name of the migration's file, "" if no output names one. It
	// is known even for a file that cannot be loaded, which has no Migration.
	File string
	// Applied lists the titles that began before it, in order.
	Applied []string
	// Output holds the last lines.
	Output []string
	// Err is how the process ended.
	Err error
}

func (e *MigrateError) Error() string {
	first, _, _ := strings.Cut(e.First, "\n")
	name := `"` + e.Migration + `" `
	switch {
	case e.Migration == "" && e.File == "":
		name = ""
	case e.Migration == "":
		name = e.File + " "
	}
	return "the migration " + name + "failed: " + first
}

// Unwrap returns how the process ended.
func (e *MigrateError) Unwrap() error { return e.Err }

// MigrateLatest runs "database migrate:latest" once, and never again by
// itself: a second run after a failure can record work that was not done.
// onApply (optional) hears the title and the running number, from 1, of each
// migration as it begins. A nil error means that the process ended with 0;
// whether the ids are recorded is for the caller to read from the database.
// The end of ctx kills the migration where it stands, so a caller passes one
// that does not end with an interrupt. Any other failure is a *MigrateError.
func (c CLI) MigrateLatest(ctx context.Context, onApply func(title string, n int), reporter progress.Reporter) error {
	var applied []string
	log := cliLog{onMessage: func(text string) {
		if parts := applying.FindStringSubmatch(text); parts != nil {
			applied = append(applied, parts[1])
			if onApply != nil {
				onApply(parts[1], len(applied))
			}
		}
	}}
	err := c.run(ctx, func(line string) {
		log.line(line)
		reporter.Output(log.shown)
	}, "database", "migrate:latest")
	if err == nil {
		return nil
	}
	err = withOutput(err, log.tail)
	failed := &MigrateError{First: log.first(), File: log.file, Output: log.tail, Err: err}
	if failed.First == "" {
		failed.First = err.Error()
	}
	if n := len(applied); n > 0 {
		failed.Migration, failed.Applied = applied[n-1], applied[:n-1]
	}
	return failed
}

var applying = regexp.MustCompile(`^Applying (.+)\.\.\.$`)
