package steps

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minSecretLine is the shortest line of a secret of several lines that is
// taken out where it stands alone, in bytes.
const minSecretLine = 8

// redactor takes secrets out of text. Secrets shorter than four bytes are
// left, for taking them out would only scatter them visibly.
func redactor(secrets []string) func(string) string {
	var all []string
	for _, s := range secrets {
		if len(s) >= 4 {
			all = append(all, forms(s)...)
		}
	}
	// A secret that is part of a longer one must not be taken out first.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range all {
		pairs = append(pairs, s, "[secret]")
	}
	return strings.NewReplacer(pairs...).Replace
}

// asNodeDoes turns an escaped query into what encodeURIComponent writes.
var asNodeDoes = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

// forms returns a secret in the ways in which it may stand in the output of a
// program: as it is, quoted, in JSON, in a URL, and line by line.
func forms(secret string) []string {
	all := []string{
		secret, inner(strconv.Quote(secret)), url.QueryEscape(secret), url.PathEscape(secret),
		strings.ReplaceAll(secret, `\`, `\\`),       // as console.log does
		asNodeDoes.Replace(url.QueryEscape(secret)), // as encodeURIComponent does
	}
	for _, html := range []bool{false, true} {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(html)
		if encoder.Encode(secret) != nil {
			continue
		}
		all = append(all, inner(strings.TrimSuffix(text.String(), "\n")))
		// JSON replaces bytes that are not UTF-8.
		var back string
		if json.Unmarshal(text.Bytes(), &back) == nil {
			all = append(all, back)
		}
	}
	if strings.ContainsAny(secret, "\r\n") {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= minSecretLine {
				all = append(all, line)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// ownWords are the keys of a journal line's data whose strings are the
// engine's own: names of steps, gates and records, and digests. A secret may
// look like one of them, and without them a journal cannot be read again.
var ownWords = map[string]bool{
	"run": true, "flow": true, "step": true, "key": true, "exact": true, "gate": true, "digest": true,
	"answer": true, "status": true, "start": true, "owner": true, "taken_over_from": true,
}

// encode marshals the data of a journal line and takes secrets out of its
// strings. It works on the decoded strings and not on the JSON text: there a
// secret such as 1234 would also match inside a number, and one with a quote
// would not match at all.
func encode(data any, redact func(string) string) (json.RawMessage, error) {
	raw, err := json.Marshal(data)
	if err != nil || redact == nil {
		return raw, err
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return json.Marshal(redactValue(value, redact))
	}
	for k, v := range fields {
		if !ownWords[k] {
			fields[k] = redactValue(v, redact)
		}
	}
	return json.Marshal(fields)
}

// redactJSON takes secrets out of the strings of a JSON text, and reports
// whether there were any. Without any, the text is returned as it was.
func redactJSON(raw json.RawMessage, redact func(string) string) (json.RawMessage, bool, error) {
	value, err := decode(raw)
	if err != nil {
		return nil, false, err
	}
	found := false
	value = redactValue(value, func(text string) string {
		clean := redact(text)
		found = found || clean != text
		return clean
	})
	if !found {
		return raw, false, nil
	}
	raw, err = json.Marshal(value)
	return raw, true, err
}

func decode(raw []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// redactValue changes strings and leaves keys, which are words of the program.
func redactValue(value any, redact func(string) string) any {
	switch v := value.(type) {
	case string:
		return redact(v)
	case []any:
		for i := range v {
			v[i] = redactValue(v[i], redact)
		}
	case map[string]any:
		for k := range v {
			v[k] = redactValue(v[k], redact)
		}
	}
	return value
}

// shown returns the gate as readers see it. What an answer has to name stays
// as it is.
func (g Gate) shown(redact func(string) string) Gate {
	each := func(texts ...*string) {
		for _, text := range texts {
			*text = redact(*text)
		}
	}
	each(&g.Title, &g.Text)
	g.Choices, g.Findings, g.Changes = slices.Clone(g.Choices), slices.Clone(g.Findings), slices.Clone(g.Changes)
	for i := range g.Choices {
		c := &g.Choices[i]
		each(&c.Title, &c.Detail, &c.Disabled)
	}
	for i := range g.Findings {
		f := &g.Findings[i]
		each(&f.Title, &f.Remedy)
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			each(&f.Evidence[j])
		}
	}
	for i := range g.Changes {
		c := &g.Changes[i]
		each(&c.Title, &c.Detail, &c.Before, &c.After, &c.Locked, &c.Undo)
	}
	return g
}

// shown returns the result as readers see it.
func (r Result) shown(redact func(string) string) Result {
	for _, text := range []*string{&r.Error, &r.State, &r.Hint, &r.UndoError} {
		*text = redact(*text)
	}
	r.Manual = redactAll(r.Manual, redact)
	raw, err := json.Marshal(r.Data)
	if err != nil {
		return r // it cannot be journaled either, and that is told
	}
	if clean, found, err := redactJSON(raw, redact); err == nil && found {
		r.Data = nil
		_ = json.Unmarshal(clean, &r.Data) // it was marshalled just now
	}
	return r
}

func redactAll(texts []string, redact func(string) string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = redact(texts[i])
	}
	return texts
}
