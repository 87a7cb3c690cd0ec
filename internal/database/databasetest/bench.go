package databasetest

import (
	"context"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sidebyside"
)

// CompareFingerprint compares the fingerprint of a database to what the
// server takes for the same digest of every row, in SQL. The bar is 1.5.
func CompareFingerprint(b *testing.B, db database.Database, statements []string) {
	b.Helper()
	ours := func() error {
		_, err := db.Fingerprint(context.Background(), nil, progress.Discard)
		return err
	}
	inSQL := func() error {
		for _, statement := range statements {
			var sum string
			if err := db.SQL().QueryRow(statement).Scan(&sum); err != nil {
				return err
			}
		}
		return nil
	}
	sidebyside.Compare(b, sidebyside.Work{Do: ours}, sidebyside.Work{Do: inSQL}, nil)
}
