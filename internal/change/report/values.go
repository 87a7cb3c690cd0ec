package report

import (
	"strings"
	"unicode/utf8"

	"bunnyhop/internal/change"
	"bunnyhop/internal/change/textdiff"
)

const (
	// around is how many lines that are the same stand around a difference;
	// aroundMany where there are many changes.
	around, aroundMany = 3, 1
	many               = 2000
	// short is how long values are that stand beside their names.
	short = 80
	// longest and shortest bound how many bytes of a value are shown. It is
	// longest unless all values together are more than budget.
	longest, shortest = 64 << 10, 1 << 10
	budget            = 16 << 20
)

// valueLimit is how many bytes of each value are shown.
func valueLimit(changes []change.Change) int {
	for limit := longest; ; limit /= 2 {
		sum := 0
		for i := range changes {
			sum += min(len(changes[i].Before), limit) + min(len(changes[i].After), limit)
		}
		if sum <= budget || limit <= shortest {
			return limit
		}
	}
}

// values are the two sides of a change, in one of three shapes.
type values struct {
	// Pair is set for two short values; a side that is not there is nil.
	Pair *textdiff.Row
	// Lines compares two long values.
	Lines []diffLine
	// Text is the only value that there is; Gone: it is what was before.
	Text string
	Gone bool
	// Rest says how much is not shown.
	Rest string
}

// diffLine is a row of a difference, or stands for rows that are left out.
type diffLine struct {
	textdiff.Row
	Skipped string
}

// Values compares the two sides. It is made when it is written and not kept.
func (e *entry) Values() *values {
	before, restBefore := shortened(e.before, e.limit)
	after, restAfter := shortened(e.after, e.limit)
	v := &values{}
	if rest := restBefore + restAfter; rest > 0 {
		v.Rest = size(rest) + " more are not shown here"
	}
	switch oneLine := !strings.Contains(before+after, "\n"); {
	case before == "" && after == "":
		return nil
	case oneLine && max(utf8.RuneCountInString(before), utf8.RuneCountInString(after)) <= short:
		row, _ := textdiff.Words(before, after)
		if before == "" {
			row.Before = nil
		}
		if after == "" {
			row.After = nil
		}
		v.Pair = &row
	case before == "":
		v.Text = after
	case after == "":
		v.Text, v.Gone = before, true
	default:
		v.Lines = diffLines(before, after, e.around)
	}
	return v
}

func diffLines(before, after string, around int) []diffLine {
	rows := textdiff.Lines(before, after)
	var lines []diffLine
	for i := 0; i < len(rows); i++ {
		if n := textdiff.Equal(rows, i, around); n > 0 {
			lines = append(lines, diffLine{Skipped: plural(n, "equal line", "equal lines")})
			i += n - 1
			continue
		}
		lines = append(lines, diffLine{Row: rows[i]})
	}
	return lines
}

// shortened cuts a value that is too long, at a line's end where there is one,
// and says how many bytes are left out.
func shortened(value string, limit int) (text string, rest int) {
	value = strings.TrimRight(value, "\n")
	if len(value) <= limit {
		return visible(value), 0
	}
	at := limit
	for at > 0 && !utf8.RuneStart(value[at]) {
		at--
	}
	if end := strings.LastIndexByte(value[:at], '\n'); end > limit/2 {
		at = end
	}
	return visible(value[:at]), len(value) - at
}

// preview is a change in its two values, where both are short.
func preview(c *change.Change) [2]string {
	const long = 24
	if c.Model == nil || c.Model.Action != "update" || c.Before == c.After || len(c.Before) > long || len(c.After) > long || strings.Contains(c.Before+c.After, "\n") {
		return [2]string{}
	}
	sides := [2]string{line(c.Before), line(c.After)}
	for i, side := range sides {
		if side == "" {
			sides[i] = missing
		}
	}
	return sides
}

// missing stands for a side that is not there.
const missing = "–"
