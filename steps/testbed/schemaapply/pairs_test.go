package schemaapply_test

import (
	"os"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/schematest"
)

// everyPair names the variable that has each version run on each vendor. A
// server takes a while to start: without it the newest version is run on all
// of them, the others on SQLite.
const everyPair = "BUNNYHOP_SCHEMA_EVERY"

type pair struct {
	version string
	vendor  database.Vendor
}

func pairs() []pair {
	var all []pair
	for i, version := range schematest.Versions {
		for _, vendor := range schematest.Vendors {
			if i == len(schematest.Versions)-1 || vendor == database.SQLite || os.Getenv(everyPair) != "" {
				all = append(all, pair{version, vendor})
			}
		}
	}
	return all
}
