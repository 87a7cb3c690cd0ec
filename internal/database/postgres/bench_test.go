package postgres

import (
	"context"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sidebyside"
)

// benchDatabase makes a database of BUNNYHOP_BENCH_MB megabytes.
func benchDatabase(b *testing.B) database.Config {
	b.Helper()
	config := postgrestest.User(b, postgrestest.Start(b), postgrestest.CreateDatabases)
	postgrestest.Fill(b, config, sidebyside.Size(b, "BUNNYHOP_BENCH_MB", 10))
	return config
}

// BenchmarkFingerprint compares with the same digest made by the server: the
// SHA-256 of each row's binary form, as far as SQL can write it. Dumps are
// compared where backups are made, in package backup.
func BenchmarkFingerprint(b *testing.B) {
	var statements []string
	for _, table := range databasetest.FilledTables {
		statements = append(statements, "SELECT sum(hashtextextended(encode(sha256(record_send(t)), 'hex'), 0)) FROM "+table+" AS t")
	}
	databasetest.CompareFingerprint(b, open(b, benchDatabase(b), database.ReadOnly), statements)
}

// BenchmarkRestore compares a test restore with the plain tool.
func BenchmarkRestore(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	dump, _ := dumpOf(b, config)
	var scratch database.Config
	environ := []string{"PGHOST=" + config.Host, "PGPORT=" + config.Port, "PGUSER=" + config.User, "PGPASSWORD=" + config.Password, "DUMP=" + dump}
	sidebyside.Compare(b, sidebyside.Work{
		Do: func() (err error) {
			scratch, err = RestoreScratch(ctx, config, dump, "bunnyhop_bench", progress.Discard)
			return err
		},
		Undo: func() error { return DropScratch(ctx, scratch) },
	}, sidebyside.Work{
		Do:   sidebyside.Shell(b, environ, `createdb plain && pg_restore -d plain "$DUMP"`, "createdb", "pg_restore"),
		Undo: sidebyside.Shell(b, environ, "dropdb plain", "dropdb"),
	}, nil)
}
