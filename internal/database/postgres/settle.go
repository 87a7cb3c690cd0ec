package postgres

import "strings"

// settle brings a definition, as the server writes it, into the form that it
// keeps after a dump and a restore. The server writes most things as they are
// read back, but not the cast of a whole array, into which a list of literals
// (status IN ('draft', 'published')) has been turned: read back, it becomes a
// cast of each element.
//
//	(ARRAY['a'::character varying, 'b'::character varying])::text[]
//	ARRAY[('a'::character varying)::text, ('b'::character varying)::text]
func settle(text string) string {
	const open = "(ARRAY["
	for from := 0; ; {
		start := indexOutside(text[from:], open)
		if start < 0 {
			return text
		}
		start += from
		from = start + 1
		inner, ok := bracketed(text[start+1+len("ARRAY"):])
		if !ok {
			continue
		}
		rest, ok := strings.CutPrefix(text[start+1+len("ARRAY")+len(inner):], ")::")
		if !ok {
			continue
		}
		element, after, ok := strings.Cut(rest, "[]")
		if !ok || !typeName(element) {
			continue
		}
		parts := split(inner[1 : len(inner)-1])
		for i, part := range parts {
			parts[i] = "(" + part + ")::" + element
		}
		text = text[:start] + "ARRAY[" + strings.Join(parts, ", ") + "]" + after
	}
}

// typeName reports whether a text is a type's name with its modifiers.
func typeName(text string) bool {
	return text != "" && !strings.ContainsAny(text, "'[]:") && !strings.Contains(text, " AND ") && !strings.Contains(text, " OR ")
}

// skip is the length of the quoted text or the single byte that text begins
// with.
func skip(text string) int {
	quote := text[0]
	if quote != '\'' && quote != '"' {
		return 1
	}
	for i := 1; i < len(text); i++ {
		if text[i] == quote {
			if i+1 < len(text) && text[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(text)
}

// indexOutside is the index of part outside of quotes, or -1.
func indexOutside(text, part string) int {
	for i := 0; i < len(text); i += skip(text[i:]) {
		if strings.HasPrefix(text[i:], part) {
			return i
		}
	}
	return -1
}

// bracketed is the part of text from its opening bracket to the closing one.
func bracketed(text string) (string, bool) {
	depth := 0
	for i := 0; i < len(text); i += skip(text[i:]) {
		switch text[i] {
		case '[', '(':
			depth++
		case ']', ')':
			if depth--; depth == 0 {
				return text[:i+1], true
			}
		}
	}
	return "", false
}

// split splits a list at its commas.
func split(list string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(list); i += skip(list[i:]) {
		switch list[i] {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(list[start:i]))
				start = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(list[start:]))
}
