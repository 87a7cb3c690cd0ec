package directus

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// cliLog reads both of Directus' log styles: pretty ("[12:00:00.000]
// ERROR: text", more lines indented) and raw (one JSON object a line), and
// what Node prints by itself.
type cliLog struct {
	onMessage func(string) // (optional) hears what is logged and no error
	logged    string       // first logged error
	last      string       // last logged error, its first line
	open      bool         // its text may go on on the next line
	crashed   string       // first error that nobody logged, its lines joined
	crashing  bool         // its text may go on on the next line
	file      string       // first file of a migration that an error names
	shown     string       // the last line, for people
	tail      []string
}

var (
	prettyLine = regexp.MustCompile(`^\[\d\d:\d\d:\d\d(?:\.\d+)?\] ([A-Z]+): ?(.*)$`)
	crashLine  = regexp.MustCompile(`^(?:Uncaught )?[A-Za-z]*Error\b.*`)
)

// migrationPath finds the file of a migration in a stack trace.
var migrationPath = regexp.MustCompile(`migrations/([0-9A-Za-z]+-[^/:\s"'\\]+\.[cm]?[jt]s)\b`)

// pino's level of errors; fatal is 60.
const levelError = 50

func (l *cliLog) line(line string) {
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
		l.crashed, l.crashing = line, true
	} else if l.crashing {
		l.crash(line)
	}
	l.tail = keepLast(l.tail, l.shown)
}

// longCrash is how long an error's text gets, in bytes, before no more lines
// are taken into it.
const longCrash = 300

// crash takes the lines of an error's text up to its stack trace or fields.
func (l *cliLog) crash(line string) {
	if text := strings.TrimSpace(line); text == "" || text != line || strings.HasPrefix(text, "{") || len(l.crashed) > longCrash {
		l.crashing = false
		return
	}
	l.crashed += " " + line
}

func (l *cliLog) message(isError bool, text string) {
	if isError {
		if l.logged == "" {
			l.logged = text
		}
		l.last = text
		return
	}
	if l.onMessage != nil {
		l.onMessage(text)
	}
}

// more takes the lines that follow a pretty error: the rest of its text, then
// the error's fields, indented by four.
func (l *cliLog) more(line string) {
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

// cause is what a command says that failed: what it was doing, if it logged
// that first, and what went wrong.
func (l *cliLog) cause() string {
	first, _, _ := strings.Cut(l.first(), "\n")
	if last, _, _ := strings.Cut(l.last, "\n"); last != "" && !strings.Contains(first, last) {
		return first + ": " + last
	}
	return first
}

// explain puts the cause, if there is one, before the error of a command that
// failed.
func (l *cliLog) explain(err error) error {
	if cause := l.cause(); cause != "" {
		return fmt.Errorf("%s (%w)", cause, err)
	}
	return err
}

func (l *cliLog) first() string {
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
