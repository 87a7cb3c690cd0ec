package introspect

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"bunnyhop/internal/schema/snapshot"
)

// What is here mirrors how JavaScript turns text into numbers and compares
// values, since Directus' snapshots follow from it.

const jsSpace = " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

var (
	jsDecimal = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)
	jsOther   = regexp.MustCompile(`^0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$`)
)

// jsNumber is Number(text), and whether it is one.
func jsNumber(text string) (float64, bool) {
	text = strings.Trim(text, jsSpace)
	switch {
	case text == "":
		return 0, true
	case text == "Infinity" || text == "+Infinity":
		return math.Inf(1), true
	case text == "-Infinity":
		return math.Inf(-1), true
	case jsDecimal.MatchString(text):
		n, _ := strconv.ParseFloat(text, 64) // out of range is infinite there too
		return n, true
	case jsOther.MatchString(text):
		n, err := strconv.ParseUint(text, 0, 64)
		return float64(n), err == nil
	}
	return 0, false
}

// finite is a number as JSON has it: the infinite ones are null.
func finite(n float64) any {
	if math.IsInf(n, 0) || math.IsNaN(n) {
		return nil
	}
	return n
}

// compareText compares by UTF-16 units, as < does.
func compareText(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			return cmp.Compare(unit(ra), unit(rb))
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}

// unit orders a character as its first UTF-16 unit is, then itself.
func unit(r rune) int64 {
	if r >= 0x10000 {
		return (0xd800+int64(r-0x10000)>>10)<<32 + int64(r)
	}
	return int64(r) << 32
}

// sortLists sorts the lists of an object by value, and those of the objects in
// it, but not of objects in lists: what Directus did up to 11.1.0
// (@directus/api 10.13.4, dist/utils/get-snapshot.js, with lodash's sortBy).
func sortLists(value any) any {
	switch value := value.(type) {
	case snapshot.Object:
		for key, inner := range value {
			value[key] = sortLists(inner)
		}
	case []any:
		slices.SortStableFunc(value, ascending)
	}
	return value
}

// ascending is lodash's compareAscending: null comes last, what cannot be
// compared stays where it is.
func ascending(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	a, b = primitive(a), primitive(b)
	as, aText := a.(string)
	bs, bText := b.(string)
	if aText && bText {
		return compareText(as, bs)
	}
	an, aOK := toNumber(a)
	bn, bOK := toNumber(b)
	if !aOK || !bOK {
		return 0
	}
	return cmp.Compare(an, bn)
}

func toNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case bool:
		if value {
			return 1, true
		}
		return 0, true
	case string:
		return jsNumber(value)
	}
	return 0, false
}

// primitive is what a value becomes when it is compared.
func primitive(value any) any {
	switch value := value.(type) {
	case []any:
		parts := make([]string, len(value))
		for i, inner := range value {
			parts[i] = asText(inner)
		}
		return strings.Join(parts, ",")
	case snapshot.Object:
		return "[object Object]"
	}
	return value
}

func asText(value any) string {
	switch value := primitive(value).(type) {
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	return ""
}
