package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// large is a model of 500 collections and 20,000 fields, made of the fields of
// a real one. Every tenth field differs when it is edited.
func large(tb testing.TB, f schematest.Fixture, edited bool) *snapshot.Snapshot {
	tb.Helper()
	pattern := load(tb, f)
	s := &snapshot.Snapshot{Version: 1, Directus: pattern.Directus, Vendor: pattern.Vendor, SystemFields: pattern.SystemFields}
	var fields []snapshot.Field
	for _, field := range pattern.Fields {
		if field.Meta != nil {
			fields = append(fields, field)
		}
	}
	for i := range 500 {
		name := fmt.Sprintf("collection_%03d", i)
		c := pattern.Collections[0]
		c.Collection, c.Meta, c.Schema = name, maps.Clone(c.Meta), snapshot.Object{"name": name}
		s.Collections = append(s.Collections, c)
		for j := range 40 {
			field := fields[(i*40+j)%len(fields)]
			field.Collection, field.Field, field.Meta, field.Schema = name, fmt.Sprintf("field_%02d", j), maps.Clone(field.Meta), maps.Clone(field.Schema)
			if edited && j%10 == 0 {
				field.Meta["note"] = fmt.Sprint("note ", i, j)
			}
			s.Fields = append(s.Fields, field)
		}
	}
	data, err := json.Marshal(s) // the same values are not shared in what was read
	if err != nil {
		tb.Fatal(err)
	}
	again, err := snapshot.Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	return again
}

func BenchmarkCompare(b *testing.B) {
	for name, fixtures := range map[string][2]schematest.Fixture{
		"one version":  {schematest.Fresh("12.4.0", database.SQLite), schematest.Fresh("12.4.0", database.SQLite)},
		"two versions": {schematest.Upgraded(database.SQLite), schematest.Fresh("10.13.4", database.SQLite)},
		"two vendors":  {schematest.Fresh("11.17.4", database.SQLite), schematest.Fresh("11.17.4", database.Postgres)},
	} {
		b.Run(name, func(b *testing.B) {
			base, target := large(b, fixtures[0], false), large(b, fixtures[1], true)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			b.ReportAllocs()
			var result *Result
			for b.Loop() {
				result = compared(b, base, target)
			}
			b.StopTimer()
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc)/(1<<20), "MB-in-use")
			b.ReportMetric(float64(len(result.Changes)), "changes")
			b.ReportMetric(float64(len(result.Noise)), "noise")
			runtime.KeepAlive(base)
			runtime.KeepAlive(target)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := json.Marshal(large(b, schematest.Fresh("12.4.0", database.SQLite), false))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := snapshot.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
