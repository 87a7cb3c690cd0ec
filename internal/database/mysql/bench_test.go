package mysql

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/progress"
)

// benchDatabase makes a database of about BUNNYHOP_BENCH_MB megabytes (8).
func benchDatabase(b *testing.B) database.Config {
	b.Helper()
	size, err := strconv.Atoi(os.Getenv("BUNNYHOP_BENCH_MB"))
	if err != nil {
		size = 8
	}
	config := mysqltest.User(b, mysqltest.Start(b), mysqltest.CreateDatabases)
	mysqltest.Exec(b, config, "CREATE TABLE articles (id int PRIMARY KEY, title varchar(255), body text, views bigint, price decimal(10,2), at datetime, ratio double)",
		fmt.Sprintf("INSERT INTO articles SELECT seq, concat('Title ', seq), repeat(concat(md5(seq), ' '), 10), seq * 7, seq / 3, '2024-01-01' + INTERVAL seq SECOND, seq / 7 FROM seq_1_to_%d", size*2500))
	return config
}

// BenchmarkDump compares the dump, with its fingerprint, to the tool alone.
func BenchmarkDump(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	db := open(b, config, database.ReadOnly)
	t, err := findTools(ctx, config, db.version)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "dump")
	var ours, plain time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := db.Dump(ctx, path, progress.Discard); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begun)
		begun = time.Now()
		if err := t.run(ctx, config.Name, call{path: t.dump, args: t.dumpOptions(config.Name, nil), out: io.Discard}); err != nil {
			b.Fatal(err)
		}
		plain += time.Since(begun)
	}
	b.ReportMetric(float64(ours)/float64(plain), "ratio")
}

// BenchmarkFingerprint compares the fingerprint to a digest in SQL.
func BenchmarkFingerprint(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	db := open(b, config, database.ReadOnly)
	const query = `SELECT count(*), sum(CAST(conv(left(h, 16), 16, 10) AS unsigned)), sum(CAST(conv(right(h, 16), 16, 10) AS unsigned))
		FROM (SELECT sha2(concat_ws('\0', id, title, body, views, price, at, ratio), 256) AS h FROM articles) AS d`
	var ours, plain time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := db.Fingerprint(ctx, nil, progress.Discard); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begun)
		begun = time.Now()
		var n, left, right string
		if err := db.SQL().QueryRow(query).Scan(&n, &left, &right); err != nil {
			b.Fatal(err)
		}
		plain += time.Since(begun)
	}
	b.ReportMetric(float64(ours)/float64(plain), "ratio")
}

// BenchmarkRestore compares a test restore to the client alone.
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
