package directus

import (
	"context"
	"encoding/json"
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
	log := migrationLog{onApply: onApply}
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
	if n := len(log.applied); n > 0 {
		failed.Migration, failed.Applied = log.applied[n-1], log.applied[:n-1]
	}
	return failed
}

// migrationLog reads both of Directus' log styles: pretty ("[12:00:00.000]
// ERROR: text", more lines indented) and raw (one JSON object a line), and
// what Node prints by itself.
type migrationLog struct {
	onApply func(string, int)
	applied []string
	logged  string // first logged error
	open    bool   // its text may go on on the next line
	crashed string // first line in the form of an error that nobody logged
	file    string // first file of a migration that an error names
	shown   string // the last line, for people
	tail    []string
}

var (
	prettyLine = regexp.MustCompile(`^\[\d\d:\d\d:\d\d(?:\.\d+)?\] ([A-Z]+): ?(.*)$`)
	applying   = regexp.MustCompile(`^Applying (.+)\.\.\.$`)
	crashLine  = regexp.MustCompile(`^(?:Uncaught )?[A-Za-z]*Error\b.*`)
)

// migrationPath finds the file of a migration in a stack trace.
var migrationPath = regexp.MustCompile(`migrations/([0-9A-Za-z]+-[^/:\s"'\\]+\.[cm]?[jt]s)\b`)

// pino's level of errors; fatal is 60.
const levelError = 50

func (l *migrationLog) line(line string) {
	l.shown = line
	if parts := migrationPath.FindStringSubmatch(line); parts != nil && l.file == "" {
		l.file = parts[1]
	}
	if level, message, ok := rawLog(line); ok {
		l.open = false
		l.shown = message
		l.message(level >= levelError, message)
	} else if parts := prettyLine.FindStringSubmatch(line); parts != nil {
		l.open = false
		isError := parts[1] == "ERROR" || parts[1] == "FATAL"
		l.open = isError && l.logged == ""
		l.message(isError, parts[2])
	} else if l.open {
		l.more(line)
	} else if l.crashed == "" && crashLine.MatchString(line) {
		l.crashed = line
	}
	l.tail = keepLast(l.tail, l.shown)
}

func (l *migrationLog) message(isError bool, text string) {
	if isError {
		if l.logged == "" {
			l.logged = text
		}
		return
	}
	if parts := applying.FindStringSubmatch(text); parts != nil {
		l.applied = append(l.applied, parts[1])
		if l.onApply != nil {
			l.onApply(parts[1], len(l.applied))
		}
	}
}

// more takes the lines that follow a pretty error: the rest of its text, then
// the error's fields, indented by four.
func (l *migrationLog) more(line string) {
	if field, ok := strings.CutPrefix(line, "    "); ok {
		l.open = l.logged == ""
		if message, ok := strings.CutPrefix(field, "msg: "); ok && l.logged == "" {
			l.logged = message
			l.open = false
		}
		return
	}
	if strings.TrimSpace(line) == "" {
		l.open = false
		return
	}
	l.logged = strings.TrimPrefix(l.logged+"\n"+line, "\n")
}

func (l *migrationLog) first() string {
	if l.logged != "" {
		return l.logged
	}
	return l.crashed
}

func rawLog(line string) (level int, message string, ok bool) {
	if !strings.HasPrefix(line, "{") {
		return 0, "", false
	}
	var entry struct {
		Level   *int            `json:"level"`
		Msg     json.RawMessage `json:"msg"`
		Message string          `json:"message"`
		Err     struct {
			Message string `json:"message"`
		} `json:"err"`
	}
	if json.Unmarshal([]byte(line), &entry) != nil || entry.Level == nil {
		return 0, "", false
	}
	if json.Unmarshal(entry.Msg, &message) != nil {
		message = string(entry.Msg)
	}
	for _, other := range []string{entry.Err.Message, entry.Message} {
		if message == "" {
			message = other
		}
	}
	return *entry.Level, message, true
}
