package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"bunnyhop/internal/change"
)

func TestNothingUnseenIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		for name, text := range map[string]string{"line": line(from), "sentence": sentence(from), "visible": visible(from)} {
			if !utf8.ValidString(text) {
				t.Fatalf("%s: %q", name, text)
			}
			for _, r := range text {
				if unseen(r) && (name != "visible" || r != '\n' && r != '\t') {
					t.Fatalf("%s has %q of %q", name, r, from)
				}
			}
		}
		if again := visible(visible(from)); again != visible(from) {
			t.Fatalf("%q is escaped twice", from)
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü…"},
		{"\xff\xff\xff\xff", 3, "\xff\xff\xff…"},
	} {
		if got := cut(test.text, test.n); got != test.want {
			t.Errorf("%q to %d: %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

func TestShortened(t *testing.T) {
	for _, test := range []struct {
		value string
		limit int
		text  string
		rest  int
	}{
		{"short\n", 10, "short", 0},
		{"0123456789", 10, "0123456789", 0},
		{"0123456789x", 10, "0123456789", 1},
		{"01234567\n9x", 10, "01234567", 3},
		{"0\n23456789x", 10, "0\n23456789", 1},
		{"012345678ä", 10, "012345678", 2},
	} {
		text, rest := shortened(test.value, test.limit)
		if text != test.text || rest != test.rest {
			t.Errorf("%q to %d: %q and %d more", test.value, test.limit, text, rest)
		}
	}
}

func TestValues(t *testing.T) {
	long := strings.Repeat("word ", 20)
	for _, test := range []struct {
		before, after string
		want          string
	}{
		{"", "", "nothing"},
		{"a", "b", "pair"},
		{"a", "", "pair"},
		{"", strings.Repeat("ä", short), "pair"},
		{"", long, "after"},
		{"a\nb", "", "before"},
		{"a", long, "lines"},
		{"a\nb", "c", "lines"},
	} {
		e := entry{before: test.before, after: test.after, limit: longest, around: around}
		got := "nothing"
		if v := e.Values(); v != nil {
			switch {
			case v.Pair != nil:
				got = "pair"
			case v.Lines != nil:
				got = "lines"
			case v.Gone:
				got = "before"
			default:
				got = "after"
			}
		}
		if got != test.want {
			t.Errorf("%.20q and %.20q are shown as %s, want %s", test.before, test.after, got, test.want)
		}
	}
}

// TestStates: what cannot be decided is not shown as decided, whatever the
// decisions say.
func TestStates(t *testing.T) {
	some := change.Decisions{"a": true, "b": false}
	for _, test := range []struct {
		c    change.Change
		d    change.Decisions
		want state
	}{
		{change.Change{ID: "a"}, some, accepted},
		{change.Change{ID: "b"}, some, rejected},
		{change.Change{ID: "c"}, some, open},
		{change.Change{ID: "c"}, change.Decisions{}, open},
		{change.Change{ID: "a"}, nil, state{}},
		{change.Change{ID: "b", Locked: "needed"}, some, locked},
		{change.Change{ID: "a", Blocked: "refused"}, some, blocked},
		{change.Change{ID: "a", Blocked: "refused"}, nil, blocked},
	} {
		if got := stateOf(&test.c, test.d); got != test.want {
			t.Errorf("%+v with %v is %q, want %q", test.c, test.d, got.Word, test.want.Word)
		}
	}
}
