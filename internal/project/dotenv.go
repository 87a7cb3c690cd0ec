package project

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bunnyhop/internal/fault"
)

// dotenvLine is LINE of dotenv 16.4.5 and 17.2.3 (lib/main.js), the versions
// in Directus 10.13.4 and 11.17.4. JavaScript's \s and . differ from Go's, so
// they are spelled out, and the end-of-line assertion is a group of its own
// because Go's (?m)$ knows only \n.
var dotenvLine = func() *regexp.Regexp {
	const space = `[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`
	pattern := `\A S*(?:export S+)?([\w.-]+)(?:S*=S*?|:S+?)` +
		`(S*'(?:\\'|[^'])*'|S*"(?:\\"|[^"])*"|S*` + "`(?:\\\\`|[^`])*`" + `|[^#\r\n]+)?` +
		`S*(?:#[^\n\r\x{2028}\x{2029}]*)?([\n\x{2028}\x{2029}]|\z)`
	pattern = strings.ReplaceAll(pattern, " ", "")
	return regexp.MustCompile(strings.ReplaceAll(pattern, "S", space))
}()

// assignment is one KEY=value of a dotenv file. Positions are byte offsets
// in the normalised text; key and value are text[keyAt:…], text[from:to],
// where the value still has its quotes.
type assignment struct {
	key, value string
	start, end int // the whole match, without the line end
	from, to   int // the raw value, trimmed
	unclosed   bool
}

// dotenvText is a dotenv file after dotenv's line end normalisation.
type dotenvText struct {
	text string
	// origin[i] is the offset in the file of byte i of text; it has one more
	// element, for the end.
	origin []int
}

// normalise does what parse() of dotenv does before it looks at lines: bytes
// become a string (invalid UTF-8 becomes U+FFFD), CRLF and CR become LF.
func normalise(content []byte) dotenvText {
	var b strings.Builder
	origin := make([]int, 0, len(content)+1)
	put := func(s string, at int) {
		for range len(s) {
			origin = append(origin, at)
		}
		b.WriteString(s)
	}
	for i := 0; i < len(content); {
		switch c := content[i]; {
		case c == '\r':
			put("\n", i)
			if i++; i < len(content) && content[i] == '\n' {
				i++
			}
		case c < utf8.RuneSelf:
			put(string(rune(c)), i)
			i++
		default:
			size := validOrSkip(content[i:])
			if r, n := utf8.DecodeRune(content[i:]); r != utf8.RuneError || n > 1 {
				// Each byte keeps its own origin.
				for k := range n {
					origin = append(origin, i+k)
				}
				b.Write(content[i : i+n])
			} else {
				put("\uFFFD", i)
			}
			i += size
		}
	}
	origin = append(origin, len(content))
	return dotenvText{text: b.String(), origin: origin}
}

// validOrSkip returns how many bytes the character at the start of b takes; an
// invalid sequence counts up to its longest valid beginning, as the WHATWG
// decoder (and so Node) counts it.
func validOrSkip(b []byte) int {
	r, n := utf8.DecodeRune(b)
	if r != utf8.RuneError || n > 1 {
		return n
	}
	for k := min(3, len(b)); k > 1; k-- {
		if !utf8.FullRune(b[:k]) {
			return k
		}
	}
	return 1
}

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }

// isJSSpace is JavaScript's white space: \s and trim().
func isJSSpace(r rune) bool {
	return r == '\uFEFF' || isLineEnd(r) || (r != '\u0085' && unicode.IsSpace(r))
}

// assignments finds every assignment in order, as dotenv's loop over LINE
// does.
func (d dotenvText) assignments() []assignment {
	var found []assignment
	text := d.text
	for at := 0; at <= len(text); {
		m := dotenvLine.FindStringSubmatchIndex(text[at:])
		if m == nil {
			next := strings.IndexFunc(text[at:], isLineEnd)
			if next < 0 {
				break
			}
			_, size := utf8.DecodeRuneInString(text[at+next:])
			at += next + size
			continue
		}
		a := assignment{key: text[at+m[2] : at+m[3]], start: at, end: at + m[6]}
		// Without a value, the place for one is right after the separator.
		a.from = at + m[3] + strings.IndexAny(text[at+m[3]:], "=:") + 1
		a.to = a.from
		if m[4] >= 0 {
			raw := text[at+m[4] : at+m[5]]
			a.from = at + m[4] + len(raw) - len(strings.TrimLeftFunc(raw, isJSSpace))
			a.to = a.from + len(strings.TrimFunc(raw, isJSSpace))
		}
		raw := text[a.from:a.to]
		a.value = unquote(raw)
		a.unclosed = raw != "" && strings.ContainsRune("'\"`", rune(raw[0])) && strings.Count(raw, raw[:1]) == 1
		found = append(found, a)
		// The next search starts where the match ended. When that is in the
		// middle of a line, the next chance is the line after it.
		if at = a.end; at == a.start {
			break
		}
		if next := strings.IndexFunc(text[at:], isLineEnd); next >= 0 {
			_, size := utf8.DecodeRuneInString(text[at+next:])
			at += next + size
		} else {
			break
		}
	}
	return found
}

// unquote is what dotenv does to a trimmed value:
// replace(/^(['"`])([\s\S]*)\1$/mg, '$2'), then \n and \r of a double-quoted
// one. With the m flag, every line of the value may begin a quoted part.
func unquote(value string) string {
	if value == "" {
		return ""
	}
	double := value[0] == '"'
	var out strings.Builder
	for at := 0; at < len(value); {
		if end := quotedEnd(value[at:]); end > 0 {
			out.WriteString(value[at+1 : at+end-1])
			at += end
			if at == len(value) {
				break
			}
		}
		next := strings.IndexFunc(value[at:], isLineEnd)
		if next < 0 {
			out.WriteString(value[at:])
			break
		}
		_, size := utf8.DecodeRuneInString(value[at+next:])
		out.WriteString(value[at : at+next+size])
		at += next + size
	}
	value = out.String()
	if double {
		value = strings.ReplaceAll(value, `\n`, "\n")
		value = strings.ReplaceAll(value, `\r`, "\r")
	}
	return value
}

// quotedEnd returns the end of the longest quoted text at the start of s that
// ends with a line, or 0.
func quotedEnd(s string) int {
	if s == "" || !strings.ContainsRune("'\"`", rune(s[0])) {
		return 0
	}
	for i := len(s) - 1; i > 0; i-- {
		if s[i] != s[0] {
			continue
		}
		r, _ := utf8.DecodeRuneInString(s[i+1:])
		if i+1 == len(s) || isLineEnd(r) {
			return i + 1
		}
	}
	return 0
}

// variable is one key with its value, in the order of a file.
type variable struct{ key, value string }

// parseDotenv reads a dotenv file as dotenv's parse() does, without the
// refusals of checkDotenv. A key that stands twice has its last value.
func parseDotenv(content []byte) []variable {
	var vars []variable
	at := map[string]int{}
	for _, a := range normalise(content).assignments() {
		if a.key == "__proto__" { // an assignment to it vanishes in JavaScript
			continue
		}
		if i, ok := at[a.key]; ok {
			vars[i].value = a.value
			continue
		}
		at[a.key] = len(vars)
		vars = append(vars, variable{a.key, a.value})
	}
	return vars
}

// checkDotenv refuses what dotenv would swallow but what no whole file
// holds: NUL bytes, a line that assigns nothing, a quote that never ends.
func checkDotenv(name string, content []byte) error {
	const hint = "compare the file with a copy that is known to be good; nothing goes on with a cut configuration"
	if i := bytes.IndexByte(content, 0); i >= 0 {
		line := 1 + bytes.Count(content[:i], []byte("\n"))
		return fault.New(fmt.Sprintf("%s is damaged: line %d holds NUL bytes", name, line), hint)
	}
	d := normalise(content)
	all := d.assignments()
	line := func(at int) int { return 1 + strings.Count(d.text[:at], "\n") }
	last := 0
	for _, a := range append(slices.Clip(all), assignment{start: len(d.text), end: len(d.text)}) {
		for at := last; at < a.start; {
			end := a.start
			if i := strings.IndexByte(d.text[at:a.start], '\n'); i >= 0 {
				end = at + i
			}
			if rest := strings.TrimFunc(d.text[at:end], isJSSpace); rest != "" && rest[0] != '#' {
				return fault.New(fmt.Sprintf("%s is damaged: line %d has no \"=\"", name, line(at)), hint)
			}
			at = end + 1
		}
		if a.unclosed {
			return fault.New(fmt.Sprintf("%s is damaged: the quote opened on line %d (%s) is never closed",
				name, line(a.from), a.key), hint)
		}
		last = a.end
	}
	return nil
}
