package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// benchDatabase fills a database like one of Directus: long revisions with
// JSON, articles, and join rows. BUNNYHOP_BENCH_MB is its size in MB.
func benchDatabase(b *testing.B) database.Config {
	b.Helper()
	size := 20
	if text := os.Getenv("BUNNYHOP_BENCH_MB"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	config := postgrestest.User(b, postgrestest.Start(b), postgrestest.CreateDatabases)
	words := "(SELECT string_agg(CASE j %% 3 WHEN 0 THEN 'the' WHEN 1 THEN 'article ' || j ELSE substr(md5((i * 31 + j)::text), 1, 3 + j %% 6) END, ' ') FROM generate_series(1, %d) AS j)"
	postgrestest.Exec(b, config,
		"CREATE TABLE directus_revisions (id serial PRIMARY KEY, collection varchar(64), item varchar(255), data json, delta json)",
		"CREATE TABLE articles (id uuid PRIMARY KEY, title varchar(255), body text, published timestamptz, score float8)",
		"CREATE TABLE articles_tags (id serial PRIMARY KEY, article uuid REFERENCES articles, tag int)",
		fmt.Sprintf("INSERT INTO articles SELECT md5(i::text)::uuid, 'Title ' || i, "+words+", now() - i * interval '1 s', i / 7.0 FROM generate_series(1, %d) AS i", 150, size*250),
		fmt.Sprintf("INSERT INTO directus_revisions (collection, item, data, delta) SELECT 'articles', md5(i::text), json_build_object('title', 'Title ' || i, 'body', "+words+"), '{}' FROM generate_series(1, %d) AS i", 200, size*400),
		fmt.Sprintf("INSERT INTO articles_tags (article, tag) SELECT md5((1 + i %% %d)::text)::uuid, i %% 50 FROM generate_series(1, %d) AS i", size*250, size*1500),
		"VACUUM ANALYZE",
	)
	return config
}

// BenchmarkDump compares a dump, which is also fingerprinted, with the plain
// tool at its default, in time and size.
func BenchmarkDump(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	db := open(b, config, database.ReadOnly)
	dir := b.TempDir()
	var ours, plain time.Duration
	var oursBytes, plainBytes int64
	for b.Loop() {
		start := time.Now()
		info, err := db.Dump(ctx, filepath.Join(dir, "ours"), progress.Discard)
		if err != nil {
			b.Fatal(err)
		}
		ours, oursBytes = ours+time.Since(start), info.Bytes
		cmd := exec.Command(postgrestest.Binary(b, "pg_dump"), "-Fc", "-f", filepath.Join(dir, "plain"), "-h", config.Host, "-p", config.Port, "-U", config.User, target(config.Name))
		cmd.Env = append(os.Environ(), "PGPASSWORD="+config.Password)
		start = time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		plain, plainBytes = plain+time.Since(start), sizeOf(filepath.Join(dir, "plain"))
	}
	b.ReportMetric(ours.Seconds()/plain.Seconds(), "ratio")
	b.ReportMetric(float64(oursBytes)/float64(plainBytes), "size-ratio")
}

// BenchmarkFingerprint compares with the same digest made by the server: the
// SHA-256 of each row's binary form, as far as SQL can write it.
func BenchmarkFingerprint(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	db := open(b, config, database.ReadOnly)
	var ours, inSQL time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := db.Fingerprint(ctx, nil, progress.Discard); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		for _, table := range []string{"directus_revisions", "articles", "articles_tags"} {
			var sum string
			if err := db.SQL().QueryRow("SELECT sum(hashtextextended(encode(sha256(record_send(t)), 'hex'), 0)) FROM " + table + " AS t").Scan(&sum); err != nil {
				b.Fatal(err)
			}
		}
		inSQL += time.Since(start)
	}
	b.ReportMetric(ours.Seconds()/inSQL.Seconds(), "ratio")
}

// BenchmarkRestore compares a test restore with the plain tool.
func BenchmarkRestore(b *testing.B) {
	ctx := context.Background()
	config := benchDatabase(b)
	dump, _ := dumpOf(b, config)
	var ours, plain time.Duration
	for b.Loop() {
		start := time.Now()
		scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_bench", progress.Discard)
		if err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		if err := DropScratch(ctx, scratch); err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		for _, args := range [][]string{{"createdb", "plain"}, {"pg_restore", "-d", "plain", dump}, {"dropdb", "plain"}} {
			cmd := exec.Command(postgrestest.Binary(b, args[0]), append([]string{"-h", config.Host, "-p", config.Port, "-U", config.User}, args[1:]...)...)
			cmd.Env = append(os.Environ(), "PGPASSWORD="+config.Password)
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
		plain += time.Since(start)
	}
	b.ReportMetric(ours.Seconds()/plain.Seconds(), "ratio")
}
