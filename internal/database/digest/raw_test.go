package digest

import (
	"bytes"
	"database/sql/driver"
	"testing"
)

func rawSum(rows ...[]byte) string {
	r := New([]string{"a", "b"})
	for _, row := range rows {
		r.AddRaw(row)
	}
	return r.Sum()
}

// TestRawStored pins the encoding: fingerprints are kept in manifests.
func TestRawStored(t *testing.T) {
	// Computed apart from this package, from its documentation.
	const want = "b89882a874e066fcd5a5bfb386f361476942af2160a35c7adf622f765ff38451"
	if got := rawSum([]byte("one"), []byte{}); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestRawRows(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 3*flushAt+5)
	if rawSum(long, []byte("short")) != rawSum([]byte("short"), long) {
		t.Error("the order of rows counts")
	}
	seen := map[string]int{}
	for size := flushAt - 60; size < flushAt+60; size++ {
		got := rawSum(long[:size])
		if other := seen[got]; other != 0 {
			t.Fatalf("sizes %d and %d have the same digest", size, other)
		}
		seen[got] = size
	}
	before := rawSum(long)
	long[2*flushAt]++
	if rawSum(long) == before {
		t.Error("a changed byte does not show")
	}
	mixed := New([]string{"a", "b"})
	mixed.AddRaw(long)
	mixed.AddRaw([]byte("x"))
	if mixed.Count() != 2 {
		t.Errorf("%d rows counted, want 2", mixed.Count())
	}
	if err := mixed.Add([]driver.Value{"x", nil}); err != nil {
		t.Fatal(err)
	}
}
