package evidence

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"bunnyhop/internal/change"
	"bunnyhop/internal/schema/compare"
)

// view is a look at one change.
type view struct {
	*model
	*asking
	change  compare.Change
	finding Finding
}

// number asks a question and returns its answer; one that could not be
// answered becomes evidence. It is not ok as long as there is no number.
func (v *view) number(label string, q question) (n int64, ok bool) {
	a, known := v.ask(q)
	if !known || v.failed(label, a.err) {
		return 0, false
	}
	return a.number, true
}

// failed tells an error in the evidence.
func (v *view) failed(label string, err error) bool {
	if err == nil {
		return false
	}
	text := "could not be counted: " + line(err)
	if errors.Is(err, ErrCannotTell) {
		text = ErrCannotTell.Error()
	}
	v.say(label, text)
	return true
}

// line is an error on one line of bounded length.
func line(err error) string {
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) > 200 {
		return string(text[:200]) + "…"
	}
	return string(text)
}

func (v *view) say(label, text string) {
	v.finding.Evidence = append(v.finding.Evidence, change.Evidence{Label: label, Value: text})
}

func (v *view) count(label string, n int64) { v.say(label, humanize.Comma(n)) }

// loss is a number of what accepting the change loses.
func (v *view) loss(label string, n int64) {
	v.finding.Evidence = append(v.finding.Evidence, change.Evidence{Label: label, Value: humanize.Comma(n), Loss: n > 0})
}

func (v *view) block(format string, args ...any) {
	if v.finding.Blocked == "" {
		v.finding.Blocked = fmt.Sprintf(format, args...)
	}
}

// lost settles the risk of what deletes n rows or values.
func (v *view) lost(n int64) {
	v.finding.Rows, v.finding.Risk = n, change.Caution
	if n > 0 {
		v.finding.Risk = change.Destructive
	}
}

// things is "1 row has" or "1,204 rows have".
func things(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}
