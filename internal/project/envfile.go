package project

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

var plainValue = regexp.MustCompile(`^[A-Za-z0-9_./:@,+=*%^&?!~-]+$`)

// SetLine returns a dotenv file in which key has the value. When the key
// stands in the file, only the bytes of its (last, effective) value change;
// else the line is appended, below the comment if there is one. Everything
// else stays byte for byte, and new lines end as the file's lines do. The
// result was parsed again: the error says that dotenv could not hold the
// value, or that another value would have changed.
func SetLine(content []byte, key, value, comment string) ([]byte, error) {
	quoted, err := quoteValue(value)
	if err != nil {
		return nil, fmt.Errorf("setting %s: %w", key, err)
	}
	d := normalise(content)
	var out []byte
	all := d.assignments()
	last := -1
	for i, a := range all {
		if a.key == key {
			last = i
		}
	}
	if last >= 0 {
		a := all[last]
		if a.value == value {
			return bytes.Clone(content), nil
		}
		from, to := d.origin[a.from], d.origin[a.to]
		if d.text[a.from-1] == ':' { // "KEY:" is an assignment only with a space
			quoted = " " + quoted
		}
		out = append(append(bytes.Clone(content[:from]), quoted...), content[to:]...)
	} else {
		eol := "\n"
		if i := bytes.IndexByte(content, '\n'); i > 0 && content[i-1] == '\r' {
			eol = "\r\n"
		}
		out = bytes.Clone(content)
		if len(out) > 0 && out[len(out)-1] != '\n' && out[len(out)-1] != '\r' {
			out = append(out, eol...)
		}
		for line := range strings.Lines(comment) {
			out = append(out, "# "+strings.TrimRight(line, "\r\n")+eol...)
		}
		out = append(out, key+"="+quoted+eol...)
	}
	return out, onlyChanged(content, out, key, value)
}

// RemoveLine returns a dotenv file without the lines of key. It is the undo
// of a SetLine that appended, except for the comment.
func RemoveLine(content []byte, key string) ([]byte, error) {
	out := bytes.Clone(content)
	for {
		d := normalise(out)
		found := false
		for _, a := range d.assignments() {
			if a.key != key {
				continue
			}
			// A match may begin with blank lines and end with some; only the
			// key's own lines go.
			start := a.start + len(d.text[a.start:a.end]) - len(strings.TrimLeftFunc(d.text[a.start:a.end], isJSSpace))
			end := a.start + len(strings.TrimRightFunc(d.text[a.start:a.end], isJSSpace))
			if i := strings.IndexByte(d.text[end:], '\n'); i >= 0 {
				end += i + 1
			} else {
				end = len(d.text)
			}
			start = 1 + strings.LastIndexByte(d.text[:start], '\n')
			out = append(bytes.Clone(out[:d.origin[start]]), out[d.origin[end]:]...)
			found = true
			break
		}
		if !found {
			break
		}
	}
	before, after := asMap(parseDotenv(content)), asMap(parseDotenv(out))
	delete(before, key)
	if !sameVariables(before, after) {
		return nil, fmt.Errorf("removing %s would change other lines", key)
	}
	return out, nil
}

func onlyChanged(before, after []byte, key, value string) error {
	want := asMap(parseDotenv(before))
	want[key] = value
	if !sameVariables(want, asMap(parseDotenv(after))) {
		return fmt.Errorf("setting %s would change other lines; it has to be set by hand", key)
	}
	return nil
}

func asMap(vars []variable) map[string]string {
	m := make(map[string]string, len(vars))
	for _, v := range vars {
		m[v.key] = v.value
	}
	return m
}

func sameVariables(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || w != v {
			return false
		}
	}
	return true
}

// quoteValue renders a value so that dotenv reads exactly that value.
func quoteValue(value string) (string, error) {
	candidates := []string{"'" + value + "'", "`" + value + "`", `"` + value + `"`}
	if plainValue.MatchString(value) {
		candidates = append([]string{value}, candidates...)
	}
	if strings.ContainsAny(value, "\r\n") {
		escaped := strings.ReplaceAll(strings.ReplaceAll(value, "\r", `\r`), "\n", `\n`)
		candidates = append([]string{`"` + escaped + `"`}, candidates...)
	}
	for _, c := range candidates {
		vars := parseDotenv([]byte("K=" + c + "\nL=1\n"))
		if len(vars) == 2 && vars[0] == (variable{"K", value}) && vars[1] == (variable{"L", "1"}) &&
			checkDotenv("", []byte("K="+c+"\n")) == nil {
			return c, nil
		}
	}
	return "", fmt.Errorf("a dotenv file cannot hold this value")
}
