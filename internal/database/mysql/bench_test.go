package mysql

import (
	"context"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sidebyside"
)

// benchDatabase makes a database of BUNNYHOP_BENCH_MB megabytes.
func benchDatabase(b *testing.B) database.Config {
	b.Helper()
	config := mysqltest.User(b, mysqltest.Start(b), mysqltest.CreateDatabases)
	mysqltest.Fill(b, config, sidebyside.Size(b, "BUNNYHOP_BENCH_MB", 10))
	return config
}

// digests are the same digest in SQL: the SHA-256 of each row, summed up.
var digests = map[string]string{
	"articles":           "concat_ws('\\0', id, status, title, body, published, edited, score, price, views, meta)",
	"directus_revisions": "concat_ws('\\0', id, activity, collection, item, data, delta)",
	"articles_tags":      "concat_ws('\\0', id, articles_id, tags_id, sort)",
}

// BenchmarkFingerprint compares the fingerprint to a digest in SQL. Dumps are
// compared where backups are made, in package backup.
func BenchmarkFingerprint(b *testing.B) {
	var statements []string
	for table, row := range digests {
		statements = append(statements, "SELECT concat(count(*), ' ', sum(CAST(conv(left(h, 16), 16, 10) AS unsigned)), ' ', sum(CAST(conv(right(h, 16), 16, 10) AS unsigned)))"+
			" FROM (SELECT sha2("+row+", 256) AS h FROM "+table+") AS d")
	}
	databasetest.CompareFingerprint(b, open(b, benchDatabase(b), database.ReadOnly), statements)
}

// BenchmarkRestore measures a test restore.
func BenchmarkRestore(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	dump, _ := dumpOf(b, config)
	for b.Loop() {
		if _, err := RestoreScratch(ctx, config, dump, "bunnyhop_bench", progress.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
