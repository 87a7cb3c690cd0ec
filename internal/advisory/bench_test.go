package advisory_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

// large is a project of 500 collections, 20,000 fields and 5,000 permissions.
const (
	largeCollections = 500
	largeFields      = 40 // in each collection
	largePermissions = 5000
)

// BenchmarkCheckLarge gathers what a check of a large project looks at and
// checks it, from 10.13.4 to 12.4.0. The bar is 2 s and 100 MB: heap-MB is what
// the heap grew by at most between two collections, and peak-MB what the whole
// process ever had in memory.
func BenchmarkCheckLarge(b *testing.B) {
	db := largeProject(b)
	extensions := b.TempDir()
	for i := range 20 {
		name := fmt.Sprintf("extension-%d", i)
		for file, text := range map[string]string{"package.json": manifest(name, "module"), "dist/index.js": strings.Repeat("const a=1;function b(c){return c+1}\n", 30_000)} {
			path := filepath.Join(extensions, name, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	findings, busy := 0, cpuTime(b)
	for b.Loop() {
		found, err := checkLarge(b.Context(), db, extensions)
		if err != nil {
			b.Fatal(err)
		}
		findings = len(found)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric((cpuTime(b)-busy).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(after.HeapSys-min(before.HeapSys, after.HeapSys))/1e6, "heap-MB")
	b.ReportMetric(float64(after.Sys)/1e6, "peak-MB")
	b.ReportMetric(float64(findings), "findings")
}

// cpuTime is what this process has used, which a busy machine does not change.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func checkLarge(ctx context.Context, db *fixture.DB, extensions string) ([]advisory.Finding, error) {
	usage, err := directus.ReadUsage(ctx, db, nil)
	if err != nil {
		return nil, err
	}
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return nil, err
	}
	in := advisory.Input{
		From: "10.13.4", To: "12.4.0", Vendor: "sqlite", DB: db, Usage: usage, Config: quiet(),
		Root: extensions, ExtensionsPath: extensions,
	}
	if in.Pending, err = advisory.PendingFor(in.To, nil, recorded); err != nil {
		return nil, err
	}
	if in.Extensions, err = directus.ListExtensions(extensions, ""); err != nil {
		return nil, err
	}
	return advisory.Check(ctx, in)
}

// largeProject makes the database; a tenth of the fields are HTML texts.
func largeProject(b *testing.B) *fixture.DB {
	b.Helper()
	db := fixture.Open(b, "10.13.4")
	tx, err := db.SQL().BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range largeCollections {
		name := fmt.Sprintf("large_%d", i)
		var columns []string
		for j := range largeFields {
			columns = append(columns, fmt.Sprintf("field_%d text", j))
		}
		run(b, tx, "CREATE TABLE "+name+" (id integer primary key, "+strings.Join(columns, ", ")+")")
		run(b, tx, "INSERT INTO directus_collections (collection) VALUES (?)", name)
		for j := range largeFields {
			kind := "input"
			if j%10 == 0 {
				kind = "input-rich-text-html"
			}
			run(b, tx, "INSERT INTO directus_fields (collection, field, interface, options) VALUES (?, ?, ?, ?)",
				name, fmt.Sprintf("field_%d", j), kind, `{"placeholder":"what to write here","trim":true}`)
		}
		for j := range largePermissions / largeCollections {
			run(b, tx, "INSERT INTO directus_permissions (collection, action, role, fields, permissions) VALUES (?, ?, (SELECT id FROM directus_roles WHERE name = 'Editor'), ?, ?)",
				name, []string{"create", "read", "update", "delete", "share"}[j%5], "id,field_1,field_2,field_3", `{"_and":[{"field_1":{"_eq":"$CURRENT_USER"}}]}`)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	return db
}

func run(b *testing.B, tx *sql.Tx, statement string, values ...any) {
	b.Helper()
	if _, err := tx.ExecContext(b.Context(), statement, values...); err != nil {
		b.Fatal(err)
	}
}
