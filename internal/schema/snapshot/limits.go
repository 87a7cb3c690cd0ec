package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// What a snapshot may be at most. A project with 20,000 fields has some 25 MB
// and 1.5 million values, 12 deep; Directus itself takes no file above 50 MB
// unless it is told to.
const (
	MaxBytes  = 128 << 20
	maxDepth  = 100
	maxValues = 2 << 20
	// maxYAMLParts bounds lines and commas: the parser builds the whole
	// document before anything can be counted.
	maxYAMLParts = 2 << 20
)

var errTooDeep = fmt.Errorf("it is nested more than %d deep", maxDepth)

var errTooMany = fmt.Errorf("it has more than %d million values", maxValues>>20)

// prepare checks the bytes and takes a byte order mark off.
func prepare(data []byte) ([]byte, error) {
	if len(data) > MaxBytes {
		return nil, tooLarge(int64(len(data)))
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return nil, errors.New("it is in UTF-16; save it as UTF-8")
		}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("it is not valid UTF-8 (byte %d)", invalidAt(data))
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	return data, nil
}

func tooLarge(size int64) error {
	return fmt.Errorf("it has %d MB; %d MB is the most that is read", size>>20, MaxBytes>>20)
}

func invalidAt(data []byte) int {
	at := 0
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		data, at = data[size:], at+size
	}
	return at
}

// counter bounds what a document may make of a little text.
type counter struct{ values int }

func (c *counter) add(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	if c.values++; c.values > maxValues {
		return errTooMany
	}
	return nil
}

// interner keeps one copy of each short text: there are few, used very often.
type interner map[string]string

func (i interner) word(text []byte) string {
	const short = 40
	if len(text) > short {
		return string(text)
	}
	if known, ok := i[string(text)]; ok {
		return known
	}
	word := string(text)
	i[word] = word
	return word
}
