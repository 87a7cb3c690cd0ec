// Package progress is how long work tells that it goes on. The engine's run
// is a Reporter; work that nobody watches gets Discard.
package progress

// Unit says what is being counted.
type Unit string

// The units in use. A screen renders Bytes with a rate in B/s.
const (
	Bytes    Unit = "bytes"
	Rows     Unit = "rows"
	Files    Unit = "files"
	Packages Unit = "packages"
	Tables   Unit = "tables"
	Steps    Unit = "steps"
	Seconds  Unit = "seconds"
)

// Reporter takes progress and output lines. Implementations are safe for use
// by several goroutines and never block for long.
type Reporter interface {
	// Progress says that done of total units are done on the thing named by
	// label. A total of 0 means that it is not known.
	Progress(label string, unit Unit, done, total int64)
	// Output is one line of output of a child process or of the work itself.
	Output(line string)
}

// Discard is a Reporter that drops everything.
var Discard Reporter = discard{}

type discard struct{}

func (discard) Progress(string, Unit, int64, int64) {}
func (discard) Output(string)                       {}
