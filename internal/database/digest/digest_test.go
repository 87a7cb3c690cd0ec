package digest

import (
	"bytes"
	"database/sql/driver"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sum(t rapid.TB, columns []string, rows ...[]driver.Value) string {
	t.Helper()
	r := New(columns)
	for _, row := range rows {
		if err := r.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	if r.Count() != int64(len(rows)) {
		t.Errorf("%d rows counted, want %d", r.Count(), len(rows))
	}
	return r.Sum()
}

// TestStored pins the encoding: fingerprints are kept in manifests.
func TestStored(t *testing.T) {
	got := sum(t, []string{"a", "b", "c", "d", "e"}, []driver.Value{nil, int64(-1), 1.5, "text", []byte{0, 1}}, []driver.Value{nil, nil, nil, nil, nil})
	// Computed apart from this package, from its documentation.
	const want = "d136f1465e59c0d1ed8faae48a9b8be15f0c6938320fd21b49873de7c5ae51df"
	if got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// TestLongRows holds that the way a row takes through the buffer does not
// show: rows that differ in one byte, anywhere around the buffer's size,
// have different digests, and equal rows equal ones.
func TestLongRows(t *testing.T) {
	seen := map[string]int{}
	for size := flushAt - 100; size < flushAt+100; size++ {
		text := strings.Repeat("x", size)
		once := sum(t, []string{"a", "b"}, []driver.Value{text, "end"})
		if again := sum(t, []string{"a", "b"}, []driver.Value{text, "end"}); once != again {
			t.Fatalf("size %d: not the same twice", size)
		}
		if other := seen[once]; other != 0 {
			t.Fatalf("sizes %d and %d have the same digest", size, other)
		}
		seen[once] = size
	}
	big := bytes.Repeat([]byte{7}, 5*flushAt+3)
	one := sum(t, []string{"a"}, []driver.Value{big}, []driver.Value{"short"})
	two := sum(t, []string{"a"}, []driver.Value{"short"}, []driver.Value{big})
	if one != two {
		t.Error("a long row changes what follows it")
	}
	big[4*flushAt]++
	if sum(t, []string{"a"}, []driver.Value{big}, []driver.Value{"short"}) == one {
		t.Error("a changed byte in a long row does not show")
	}
}

func TestOrder(t *testing.T) {
	value := rapid.OneOf(
		rapid.Just(driver.Value(nil)),
		rapid.Custom(func(t *rapid.T) driver.Value { return rapid.Int64().Draw(t, "integer") }),
		rapid.Custom(func(t *rapid.T) driver.Value { return rapid.Float64().Draw(t, "real") }),
		rapid.Custom(func(t *rapid.T) driver.Value { return rapid.String().Draw(t, "text") }),
		rapid.Custom(func(t *rapid.T) driver.Value { return rapid.SliceOf(rapid.Byte()).Draw(t, "blob") }),
	)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(value, 2, 2), 1, 20).Draw(t, "rows")
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		columns := []string{"a", "b"}
		if sum(t, columns, rows...) != sum(t, columns, shuffled...) {
			t.Error("the order of rows counts")
		}
		if sum(t, columns, rows...) == sum(t, columns, rows[1:]...) {
			t.Error("a row less does not show")
		}
		if sum(t, columns, rows...) == sum(t, []string{"a", "c"}, rows...) {
			t.Error("a renamed column does not show")
		}
	})
}

func TestUnknownType(t *testing.T) {
	if err := New([]string{"a"}).Add([]driver.Value{true}); err == nil {
		t.Error("a value without an encoding was taken")
	}
}
