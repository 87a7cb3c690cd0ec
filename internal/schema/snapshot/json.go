package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// decodeJSON reads one JSON document. The library checks it; then it is walked
// here, for what json.Unmarshal does not do: refuse a key that is given twice,
// since readers differ in which one they take, and keep one copy of each of
// the words that come again and again.
func decodeJSON(data []byte) (any, error) {
	if !json.Valid(data) {
		var raw json.RawMessage
		return nil, explain(data, json.Unmarshal(data, &raw))
	}
	w := &walker{data: data, words: interner{}}
	value, err := w.value(0)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(data[:w.at], []byte("\n")), err)
	}
	return value, nil
}

// explain adds the line, and says what a document that ends early is.
func explain(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	switch text := syntax.Error(); {
	case strings.Contains(text, "unexpected end"):
		return errors.New("it ends in the middle: it was cut off")
	case strings.Contains(text, "max depth"):
		return errTooDeep
	case strings.Contains(text, "after top-level value"):
		err = errors.New("something follows the end of the document")
	}
	at := min(int(syntax.Offset), len(data))
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:at], []byte("\n")), err)
}

// walker walks a document that is known to be valid.
type walker struct {
	data    []byte
	at      int
	words   interner
	counter counter
}

// next skips blanks and what separates values, and tells what comes.
func (w *walker) next() byte {
	for ; w.at < len(w.data); w.at++ {
		switch w.data[w.at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			continue
		}
		return w.data[w.at]
	}
	return 0
}

func (w *walker) value(depth int) (any, error) {
	first := w.next()
	if err := w.counter.add(depth); err != nil {
		return nil, err
	}
	switch first {
	case '{':
		return w.object(depth)
	case '[':
		return w.list(depth)
	case '"':
		return w.text()
	case 't':
		w.at += len("true")
		return true, nil
	case 'f':
		w.at += len("false")
		return false, nil
	case 'n':
		w.at += len("null")
		return nil, nil
	}
	return w.number()
}

func (w *walker) object(depth int) (any, error) {
	w.at++
	object := Object{}
	for w.next() != '}' {
		key, err := w.text()
		if err != nil {
			return nil, err
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("the key %q is given twice", cut(key))
		}
		if object[key], err = w.value(depth + 1); err != nil {
			return nil, err
		}
	}
	w.at++
	return object, nil
}

func (w *walker) list(depth int) (any, error) {
	w.at++
	list := []any{}
	for w.next() != ']' {
		value, err := w.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	w.at++
	return list, nil
}

// text reads a string; one with escapes is left to the library.
func (w *walker) text() (string, error) {
	start := w.at
	escaped := false
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at++
	if !escaped {
		return w.words.word(w.data[start+1 : w.at-1]), nil
	}
	var text string
	err := json.Unmarshal(w.data[start:w.at], &text)
	return text, err
}

// number reads a number as Directus has it, which is a float64.
func (w *walker) number() (any, error) {
	start := w.at
	for w.at < len(w.data) && strings.IndexByte("+-.eE0123456789", w.data[w.at]) >= 0 {
		w.at++
	}
	n, err := strconv.ParseFloat(string(w.data[start:w.at]), 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s is out of range", cut(string(w.data[start:w.at])))
	}
	return n, nil
}

func cut(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
