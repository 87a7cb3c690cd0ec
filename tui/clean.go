package tui

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// tabWidth is what a tab in foreign text becomes.
const tabWidth = 4

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// clean takes everything out of foreign text (from a database, a process, a
// file) that could do more than stand there: control sequences, control
// characters, direction overrides. It is the one edge that such text passes
// on its way to the screen, and it goes through every string of v, however
// deep, without changing v itself.
func clean[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(cleanValue(reflect.ValueOf(&v).Elem()))
	return out.Interface().(T) //nolint:forcetypeassert // it was made as a T
}

func cleanValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		out := reflect.New(v.Type()).Elem()
		out.SetString(cleanText(v.String()))
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(cleanValue(v.Field(i)))
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(cleanValue(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for pairs := v.MapRange(); pairs.Next(); {
			out.SetMapIndex(cleanValue(pairs.Key()), cleanValue(pairs.Value()))
		}
		return out
	case reflect.Pointer:
		if v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(cleanValue(v.Elem()))
		return out
	case reflect.Interface:
		// Errors and the like keep their type; their text is cleaned where it
		// is read. Plain values (from JSON) are gone into.
		if v.IsNil() || v.NumMethod() > 0 {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(cleanValue(v.Elem()))
		return out
	default:
		return v
	}
}

// cleanText is clean for one string. Line breaks stay.
func cleanText(s string) string {
	if plain(s) {
		return s
	}
	s = ansi.Strip(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		// A carriage return writes over what stood there: the last text is
		// what a terminal would show.
		line = strings.TrimRight(line, "\r")
		if at := strings.LastIndexByte(line, '\r'); at >= 0 {
			line = line[at+1:]
		}
		lines[i] = strings.Map(harmless, expandTabs(line))
	}
	return strings.Join(lines, "\n")
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n') || c >= 0x7f {
			return false
		}
	}
	return true
}

// harmless drops what must not reach a terminal; strings.Map drops a rune
// that is mapped to a negative one.
func harmless(r rune) rune {
	switch {
	case r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return -1
	case r == zeroWidthJoiner || r == zeroWidthNonJoiner:
		return r // part of emoji, and of Persian and Indic words
	case unicode.Is(unicode.Cf, r):
		return -1 // takes no room, hides in names
	}
	return r
}

func expandTabs(line string) string {
	if !strings.ContainsRune(line, '\t') {
		return line
	}
	var b strings.Builder
	for part, rest := line, true; rest; {
		var before string
		before, part, rest = strings.Cut(part, "\t")
		b.WriteString(before)
		if rest {
			b.WriteString(strings.Repeat(" ", tabWidth-ansi.StringWidth(b.String())%tabWidth))
		}
	}
	return b.String()
}
