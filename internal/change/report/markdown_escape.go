package report

import (
	"regexp"
	"strings"
)

// code is a code span of one line, in which nothing has a meaning, a mention
// of a person neither.
func code(s string) string {
	bar := strings.Repeat("`", longestRun(s)+1)
	room := ""
	// A blank at both ends is taken away by a reader, and a backtick would
	// belong to the bar (CommonMark 0.31, 6.1).
	if s == "" || strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.HasPrefix(s, " ") && strings.HasSuffix(s, " ") {
		room = " "
	}
	return bar + room + s + room + bar
}

// longestRun is how many backticks stand together at most.
func longestRun(s string) int {
	longest, n := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

// plain is one line of text in which nothing has a meaning, wherever it
// stands.
func plain(s string) string {
	s = meanings.Replace(strings.TrimSpace(s))
	return block.ReplaceAllString(s, `$1$3\$2$4`)
}

// meanings takes every sign of an inline element its meaning, and what makes
// a link of bare text. A pipe is an entity since a backslash before it is not
// understood everywhere in a table.
var meanings = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"#", `\#`, "|", "&#124;", "~", `\~`, "$", `\$`, "://", `\://`, "www.", `www\.`, "WWW.", `WWW\.`,
	"@", "`@`", // else GitHub calls the person who is named so
)

// block matches what would begin a list, a heading or a rule at the start of
// a line.
var block = regexp.MustCompile(`^(\d{1,9})([.)])|^()([-+=])`)
