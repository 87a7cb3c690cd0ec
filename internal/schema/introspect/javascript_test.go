package introspect

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/schema/snapshot"
)

// What Node 22 says of each.
func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"": 0, " 12 ": 12, "1.50": 1.5, ".5": 0.5, "5.": 5, "+1": 1, "-1e3": -1000, "0x1F": 31, "0b11": 3, "0o17": 15,
		"9007199254740993": 9007199254740992, "Infinity": math.Inf(1), "1e999": math.Inf(1), "\u00a07\ufeff": 7,
	} {
		if got, ok := jsNumber(text); !ok || got != want {
			t.Errorf("%q is %v, %v; not %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"a", "1 2", "1_000", "10,5", "--1", "0x", "+0x1", ".", "e5", "infinity", "NaN", "1n"} {
		if got, ok := jsNumber(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestCompareText(t *testing.T) {
	want := []string{"", "A", "Z", "a", "aa", "b", "é", "日", "🎉", "🎊", "\ue000", "\uffff"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compareText)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

// What lodash's sortBy, as Directus 10.13.4 uses it, makes of each.
func TestSortLists(t *testing.T) {
	tests := []struct{ list, want []any }{
		{[]any{"b", "a", "B"}, []any{"B", "a", "b"}},
		{[]any{10.0, 9.0, 1.5}, []any{1.5, 9.0, 10.0}},
		{[]any{"10", "9"}, []any{"10", "9"}},
		{[]any{nil, "a", nil, 0.0}, []any{"a", 0.0, nil, nil}},
		{[]any{[]any{2.0, 1.0}, []any{1.0, 9.0}}, []any{[]any{1.0, 9.0}, []any{2.0, 1.0}}},
		{[]any{snapshot.Object{"a": []any{2.0, 1.0}}, snapshot.Object{}}, []any{snapshot.Object{"a": []any{2.0, 1.0}}, snapshot.Object{}}},
		{[]any{true, false}, []any{false, true}},
	}
	for _, test := range tests {
		o := sortLists(snapshot.Object{"x": snapshot.Object{"y": test.list}})
		if diff := cmp.Diff(snapshot.Object{"x": snapshot.Object{"y": test.want}}, o); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestUnquoted(t *testing.T) {
	for text, want := range map[string]string{"'x'": "x", `"x"`: "x", " 'x' ": "x", "'it''s'": "it''s", "x": "x", "''": "", "'": "", `'x"`: `'x"`, " x": " x"} {
		if got := unquoted(&text); got == nil || *got != want {
			t.Errorf("%q is %v, not %q", text, got, want)
		}
	}
	for _, text := range []string{"null", "NULL", " Null "} {
		if got := unquoted(&text); got != nil {
			t.Errorf("%q is %q", text, *got)
		}
	}
}
