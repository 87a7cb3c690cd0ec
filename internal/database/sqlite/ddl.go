package sqlite

import (
	"slices"
	"strings"
)

// SQLite keeps a table's definition as the text that made it, and its pragmas
// do not tell CHECK constraints, collations, expressions of generated columns
// and deferred references. They are read from the text here, down to what is
// needed to tell two definitions apart.

// token is one word, sign, literal or quoted identifier.
type token struct {
	text string // normalized: identifiers unquoted and in lower case
	word bool   // a bare word, which may be a keyword
}

func (t token) is(keyword string) bool { return t.word && strings.EqualFold(t.text, keyword) }

// tokenize splits SQL, dropping white space and comments. Text it does not
// understand becomes single characters, which still compare well.
func tokenize(sql string) []token {
	var tokens []token
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
		case strings.HasPrefix(sql[i:], "--"):
			i += until(sql[i:], "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			i += 2 + until(sql[i+2:], "*/")
		case c == '\'':
			n := quoted(sql[i:], '\'')
			tokens = append(tokens, token{text: sql[i : i+n]})
			i += n
		case c == '"' || c == '`':
			n := quoted(sql[i:], c)
			inner := strings.ReplaceAll(sql[i+1:i+max(n-1, 1)], string([]byte{c, c}), string(c))
			tokens = append(tokens, token{text: strings.ToLower(inner)})
			i += n
		case c == '[':
			n := until(sql[i:], "]")
			tokens = append(tokens, token{text: strings.ToLower(strings.Trim(sql[i:i+n], "[]"))})
			i += n
		case wordByte(c):
			n := 1
			for i+n < len(sql) && wordByte(sql[i+n]) {
				n++
			}
			tokens = append(tokens, token{text: strings.ToLower(sql[i : i+n]), word: true})
			i += n
		default:
			tokens = append(tokens, token{text: string(c)})
			i++
		}
	}
	return tokens
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c >= 0x80 ||
		c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// until is the length of text up to and with end, or all of it.
func until(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + len(end)
	}
	return len(text)
}

// quoted is the length of the quoted text at the start, in which a doubled
// quote stands for itself.
func quoted(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(text)
}

// group is the number of tokens from an opening parenthesis to its partner.
func group(tokens []token) int {
	depth := 0
	for i, t := range tokens {
		switch t.text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(tokens)
}

func join(tokens []token) string {
	texts := make([]string, len(tokens))
	for i, t := range tokens {
		texts[i] = t.text
	}
	return strings.Join(texts, " ")
}

// extras lists what only the text of a CREATE TABLE tells, sorted.
func extras(sql string) []string {
	tokens := tokenize(sql)
	start := slices.IndexFunc(tokens, func(t token) bool { return t.text == "(" })
	if start < 0 {
		return nil
	}
	body := tokens[start : start+group(tokens[start:])]
	var found []string
	for _, definition := range definitions(body) {
		found = append(found, definitionExtras(definition)...)
	}
	options := tokens[start+len(body):]
	for i, t := range options {
		switch {
		case t.is("strict"):
			found = append(found, "STRICT")
		case t.is("rowid") && i > 0 && options[i-1].is("without"):
			found = append(found, "WITHOUT ROWID")
		}
	}
	slices.Sort(found)
	return found
}

// definitions splits the body of a CREATE TABLE, with its parentheses, at the
// commas that separate columns and constraints.
func definitions(body []token) [][]token {
	if len(body) < 2 {
		return nil
	}
	body = body[1 : len(body)-1]
	var parts [][]token
	start := 0
	for i := 0; i < len(body); i++ {
		switch body[i].text {
		case "(":
			i += group(body[i:]) - 1
		case ",":
			parts = append(parts, body[start:i])
			start = i + 1
		}
	}
	return append(parts, body[start:])
}

func definitionExtras(definition []token) []string {
	if len(definition) == 0 {
		return nil
	}
	column := definition[0].text
	var found []string
	for i := 1; i < len(definition); i++ {
		rest := definition[i:]
		opens := len(rest) > 1 && rest[1].text == "("
		switch t := rest[0]; {
		case t.text == "(":
			i += group(rest) - 1
		case t.is("check") && opens:
			n := group(rest[1:])
			found = append(found, "CHECK "+join(rest[1:1+n]))
			i += n
		case t.is("as") && opens:
			n := group(rest[1:])
			found = append(found, "COLUMN "+column+" AS "+join(rest[1:1+n]))
			i += n
		case t.is("collate") && len(rest) > 1:
			found = append(found, "COLUMN "+column+" COLLATE "+rest[1].text)
			i++
		case t.is("autoincrement"):
			found = append(found, "AUTOINCREMENT")
		case t.is("deferrable"):
			found = append(found, "DEFERRABLE "+join(definition))
		}
	}
	// A table's own CHECK may be the first word of its definition.
	if definition[0].is("check") && len(definition) > 1 && definition[1].text == "(" {
		found = append(found, "CHECK "+join(definition[1:1+group(definition[1:])]))
	}
	return found
}
