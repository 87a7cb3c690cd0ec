package mysql

import (
	"regexp"
	"strings"
)

// qualifier finds a schema's name in front of the name of something that is in
// it, in a text that a person wrote. A table may have its schema's name, so
// that blog.title is a column; only the names in the schema tell.
type qualifier struct {
	pattern *regexp.Regexp
	names   map[string]bool // in lower case; empty lets every name through
}

var plainName = regexp.MustCompile(`^[0-9A-Za-z_$]+$`)

func qualified(schema string) *qualifier {
	plain := ""
	if plainName.MatchString(schema) {
		plain = `|\b` + regexp.QuoteMeta(schema)
	}
	return &qualifier{
		pattern: regexp.MustCompile("(?:" + regexp.QuoteMeta(quote(schema)) + plain + ")\\s*\\.\\s*(`(?:[^`]|``)*`|[0-9A-Za-z_$\\x{80}-\\x{10ffff}]+)"),
		names:   map[string]bool{},
	}
}

func (q *qualifier) add(name string) { q.names[strings.ToLower(name)] = true }

// replace puts another text in place of the schema's name and its dot.
func (q *qualifier) replace(text, other string) string {
	return q.pattern.ReplaceAllStringFunc(text, func(match string) string {
		name := q.pattern.FindStringSubmatch(match)[1]
		if len(q.names) > 0 && !q.names[strings.ToLower(unquote(name))] {
			return match
		}
		return other + name
	})
}
