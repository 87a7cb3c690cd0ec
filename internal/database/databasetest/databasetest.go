// Package databasetest is what the tests of the vendors' packages share.
package databasetest

import (
	"context"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
)

// Open opens a database, which is closed when the test ends.
func Open[D database.Database](t testing.TB, open func() (D, error)) D {
	t.Helper()
	db, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Fingerprint opens a database, fingerprints it, and closes it again.
func Fingerprint[D database.Database](t testing.TB, open func() (D, error)) database.Fingerprint {
	t.Helper()
	db, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read from
	f, err := db.Fingerprint(context.Background(), nil, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Contains asserts an error with all these texts.
func Contains(t testing.TB, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, wanted one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q lacks %q", err, text)
		}
	}
}
