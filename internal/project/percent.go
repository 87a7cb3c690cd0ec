package project

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// queryPair decodes one key=value as URLSearchParams does, which leaves a
// stray percent sign alone.
func queryPair(pair string) (key, value string) {
	decode := func(text string) string {
		text = strings.ReplaceAll(text, "+", " ")
		var b []byte
		for i := 0; i < len(text); i++ {
			if c, ok := escaped(text[i:]); ok {
				b = append(b, c)
				i += 2
			} else {
				b = append(b, text[i])
			}
		}
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	key, value, _ = strings.Cut(pair, "=")
	return decode(key), decode(value)
}

// escaped returns the byte that a %XX at the start of text stands for.
func escaped(text string) (byte, bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[1:3], 16, 8)
	return byte(n), err == nil
}

// decodeURI is JavaScript's: escapes of ; / ? : @ & = + $ , # stay.
func decodeURI(text string) (string, error) {
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		c, ok := escaped(text[i:])
		switch {
		case !ok:
			return "", errPercent
		case strings.IndexByte(";/?:@&=+$,#", c) >= 0:
			b = append(b, text[i:i+3]...)
		default:
			b = append(b, c)
		}
		i += 2
	}
	if !utf8.Valid(b) {
		return "", errPercent
	}
	return string(b), nil
}

// encodeURI is JavaScript's.
func encodeURI(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c < utf8.RuneSelf && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte(";,/?:@&=+$-_.!~*'()#", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
