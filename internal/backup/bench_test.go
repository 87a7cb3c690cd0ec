package backup

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/sidebyside"
)

// The sizes of the data, from the environment: megabytes of rows, and files
// of which there are so many with so many megabytes in all.
const (
	rowsVariable   = "BUNNYHOP_BENCH_MB"
	filesVariable  = "BUNNYHOP_BENCH_FILES"
	uploadVariable = "BUNNYHOP_BENCH_FILES_MB"
)

// benchDatabase compares a backup of a database to a shell script, which
// finds the folder to write to as $OUT.
func benchDatabase(b *testing.B, config database.Config, environ []string, script string, settle bool, programs ...string) {
	ctx := context.Background()
	db, err := connect.Open(ctx, config, database.ReadOnly)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	folder, out := b.TempDir(), b.TempDir()
	var made *Manifest
	ours := sidebyside.Work{
		Do: func() (err error) {
			made, err = Create(ctx, Options{Folder: folder, ID: "ours", Database: db}, progress.Discard)
			return err
		},
		Undo: func() error { return os.RemoveAll(made.Dir) },
	}
	plain := sidebyside.Work{Do: sidebyside.Shell(b, append(environ, "OUT="+out), script, programs...), Undo: func() error { return empty(out) }}
	var flush func() error
	if settle {
		flush = func() error { return flushFolder(out, flushOneByOne+1) }
	}
	sidebyside.Compare(b, ours, plain, flush)
	b.ReportMetric(float64(made.Bytes())/1e6, "dump-MB")
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if err == nil {
			err = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
	return err
}

func megabytes(b *testing.B) int { return sidebyside.Size(b, rowsVariable, 10) }

// BenchmarkPostgres compares a backup, which is fingerprinted and digested,
// to pg_dump alone. The bar is 1.10.
func BenchmarkPostgres(b *testing.B) {
	config := postgrestest.User(b, postgrestest.Start(b))
	postgrestest.Fill(b, config, megabytes(b))
	environ := []string{"PGHOST=" + config.Host, "PGPORT=" + config.Port, "PGUSER=" + config.User, "PGPASSWORD=" + config.Password, "PGDATABASE=" + config.Name}
	benchDatabase(b, config, environ, `pg_dump -Fc -f "$OUT/dump"`, false, "pg_dump")
}

// BenchmarkMariaDB compares a backup, which is fingerprinted and digested, to
// the dump tool and zstd. The bar is 1.10.
func BenchmarkMariaDB(b *testing.B) {
	config := mysqltest.User(b, mysqltest.Start(b))
	mysqltest.Fill(b, config, megabytes(b))
	environ := []string{"DB_HOST=" + config.Host, "DB_PORT=" + config.Port, "DB_USER=" + config.User, "MYSQL_PWD=" + config.Password, "DB_NAME=" + config.Name}
	benchDatabase(b, config, environ,
		`mariadb-dump --no-defaults -h "$DB_HOST" -P "$DB_PORT" -u "$DB_USER" --single-transaction "$DB_NAME" | zstd -q -o "$OUT/dump.zst"`,
		true, "mariadb-dump", "zstd")
}

// BenchmarkSQLite compares a backup, which is fingerprinted, to a copy by
// SQLite's own shell and its digest. The bar is 1.10.
func BenchmarkSQLite(b *testing.B) {
	path := filepath.Join(b.TempDir(), "data.db")
	pool, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=OFF")
	if err != nil {
		b.Fatal(err)
	}
	databasetest.Fill(b, pool, database.SQLite, megabytes(b))
	pool.Close()
	benchDatabase(b, database.Config{Client: "sqlite3", Filename: path}, []string{"DB=" + path},
		`sqlite3 "$DB" ".backup '$OUT/data.db'" && sha256sum "$OUT/data.db" >"$OUT/sum"`, false, "sqlite3", "sha256sum")
}

// upload makes a folder like that of a project's files: pictures, which no
// program makes smaller, and some texts, of 1 kB to 5 MB.
func upload(b *testing.B) (dir string, names []string) {
	b.Helper()
	dir = b.TempDir()
	count := sidebyside.Size(b, filesVariable, 200)
	total := float64(sidebyside.Size(b, uploadVariable, count/10)) * 1e6
	random := rand.New(rand.NewPCG(5, 6))
	sizes, sum := make([]float64, count), 0.0
	for i := range sizes {
		sizes[i] = 1000 * math.Pow(5000, math.Pow(random.Float64(), 2))
		sum += sizes[i]
	}
	noise := make([]byte, 8<<20)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	text := []byte(strings.Repeat("A line of a document, 1234567890.\n", 6<<20/34))
	for i, size := range sizes {
		n := int(min(max(size*total/sum, 1000), 5e6))
		name := filepath.Join(dir, fmt.Sprintf("%08x-7c2e-4b5f-9d7e-%012x.jpg", random.Uint32(), i))
		data := noise[random.IntN(len(noise)-n):][:n]
		if i%10 == 9 {
			data = text[:n]
		}
		if err := os.WriteFile(name, data, 0o640); err != nil {
			b.Fatal(err)
		}
		names = append(names, name)
	}
	return dir, names
}

// BenchmarkFiles compares a backup of files, each with its digest, to tar and
// zstd. The bar is 1.0.
func BenchmarkFiles(b *testing.B) {
	dir, _ := upload(b)
	folder, out := b.TempDir(), b.TempDir()
	ours := sidebyside.Work{
		Do:   func() error { return backUp(folder, "ours", dir, nil) },
		Undo: aside(folder, "ours"),
	}
	tar := sidebyside.Shell(b, []string{"DIR=" + dir, "OUT=" + out}, `tar -cf - -C "$DIR" . | zstd -q -o "$OUT/files.tar.zst"`, "tar", "zstd")
	plain := sidebyside.Work{Do: tar, Undo: func() error { return empty(out) }}
	sidebyside.Compare(b, ours, plain, func() error { return flushFolder(out, flushOneByOne+1) })
}

// aside gives a backup another name. It stays until the end, for ext4 without a
// journal looks at every inode that was freed in the last minutes before it
// gives a new file one: that takes longer than to write the file.
func aside(folder, id string) func() error {
	n := 0
	return func() error {
		n++
		return os.Rename(filepath.Join(folder, id), filepath.Join(folder, fmt.Sprintf("%s-%d", id, n)))
	}
}

func backUp(folder, id, dir string, previous *Manifest) error {
	_, err := Create(context.Background(), Options{
		Folder: folder, ID: id, Previous: previous, Sources: []Source{{Part: Files, Dir: dir}},
	}, progress.Discard)
	return err
}

// BenchmarkSecond compares a second backup, after one file in a hundred was
// changed, to the first one. The bar is 0.15.
func BenchmarkSecond(b *testing.B) {
	dir, names := upload(b)
	folder := b.TempDir()
	if err := backUp(folder, "first", dir, nil); err != nil {
		b.Fatal(err)
	}
	first, err := Read(filepath.Join(folder, "first"))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(names); i += 100 {
		info, err := os.Stat(names[i])
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(names[i], make([]byte, info.Size()), 0o640); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(names[i], time.Time{}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	work := func(id string, previous *Manifest) sidebyside.Work {
		return sidebyside.Work{
			Do:   func() error { return backUp(folder, id, dir, previous) },
			Undo: aside(folder, id),
		}
	}
	sidebyside.Compare(b, work("second", first), work("again", nil), nil)
}
