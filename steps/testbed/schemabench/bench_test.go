package schemabench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps/model"
)

// BenchmarkSchemaDiff compares a project of 500 collections and 20,000 fields
// with a model that has 2,000 changes. The bars: compare-ms at most 300, and a
// tenth of schema-diff-ms and of directus-sync-ms; compare-MB at most 200.
//
// compare-ms is of two models in memory, of many comparisons in one process;
// first-compare-ms is of the first and only one of a process. read-compare-ms
// begins at the project's folder: the model is read from the database and
// compared with the desired one. schema-diff-ms is the same work of a server,
// with the desired model on its way to it. whole-ms is a process from its start
// to its end, which reads the dump of directus-sync, as directus-sync-ms is.
// compare-MB is what both models and the changes take; heap-MB the heap in use
// right after comparing, with what reading left behind; whole-MB the most memory
// that the process ever had.
func BenchmarkSchemaDiff(b *testing.B) {
	t := serve(b)
	program := installSync(b, t.runtime)
	current, err := model.ReadDatabase(context.Background(), t.project.Config(), t.project.Database(), version)
	if err != nil {
		b.Fatal(err)
	}
	wanted, names := desire(b, current)
	body, err := json.Marshal(wanted)
	if err != nil {
		b.Fatal(err)
	}
	folder := dump(b, wanted)
	same(b, current, wanted, names)
	figures := map[string][]float64{}
	add := func(name string, value float64) { figures[name] = append(figures[name], value) }
	for b.Loop() {
		said, process := t.compareOwn(b, folder, 1)
		first := said.CompareMS[0]
		add("first-compare-ms", first)
		add("read-compare-ms", said.ReadMS+first)
		add("whole-ms", milliseconds(process.took))
		add("compare-MB", said.LiveMB)
		add("heap-MB", said.HeapMB)
		add("whole-MB", process.memory)
		add("noise", float64(said.Noise))
		again, _ := t.compareOwn(b, folder, 9)
		figures["compare-ms"] = append(figures["compare-ms"], again.CompareMS...)
		add("schema-diff-ms", milliseconds(t.askServer(b, body, names)))
		sync := t.diffSync(b, program, folder)
		add("directus-sync-ms", milliseconds(sync.took))
		add("directus-sync-MB", sync.memory)
		b.Logf("compare %.0f ms, opening %.0f, reading %.0f, whole %.0f, %.0f MB; schema diff %.0f ms; directus-sync %.0f ms, %.0f MB", again.CompareMS, said.OpenMS, said.ReadMS,
			milliseconds(process.took), process.memory, figures["schema-diff-ms"][len(figures["schema-diff-ms"])-1], milliseconds(sync.took), sync.memory)
	}
	for name, values := range figures {
		b.ReportMetric(median(values), name)
	}
	times := func(name, theirs, ours string) { b.ReportMetric(median(figures[theirs])/median(figures[ours]), name) }
	times("x-schema-diff", "schema-diff-ms", "compare-ms")
	times("x-directus-sync", "directus-sync-ms", "compare-ms")
	times("x-schema-diff-to-read-compare", "schema-diff-ms", "read-compare-ms")
	times("x-directus-sync-to-whole", "directus-sync-ms", "whole-ms")
	b.ReportMetric(float64(len(current.Collections)), "collections")
	b.ReportMetric(float64(len(current.Fields)), "fields")
	b.ReportMetric(float64(len(names)), "changes")
	b.ReportMetric(float64(len(body))/(1<<20), "body-MB")
	memory, err := peak(t.pid)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(memory, "server-MB")
	b.ReportMetric(0, "ns/op") // of a whole round, which means nothing
}

// askServer measures POST /schema/diff, and proves that Directus finds what
// was changed, and nothing else.
func (t *target) askServer(b *testing.B, body []byte, names []string) time.Duration {
	b.Helper()
	begin := time.Now()
	said, err := t.SchemaDiff(context.Background(), body, directus.DiffFlags{Explicit: true})
	took := time.Since(begin)
	if err != nil {
		b.Fatal(err)
	}
	diff, err := apply.ParseDiff(said)
	if err != nil {
		b.Fatal(err)
	}
	var found []string
	for _, entry := range diff.Entries() {
		found = append(found, entry.Collection+"."+entry.Field)
	}
	equal(b, "Directus", found, names)
	return took
}

// same proves that this program finds in the same two models what was changed.
func same(b *testing.B, current, wanted *snapshot.Snapshot, names []string) {
	b.Helper()
	result, err := compare.Compare(current, wanted)
	if err != nil {
		b.Fatal(err)
	}
	var found []string
	for _, c := range result.Changes {
		found = append(found, c.Collection+"."+c.Field)
	}
	equal(b, "compare", found, names)
}

func equal(b *testing.B, who string, found, want []string) {
	b.Helper()
	found, want = slices.Clone(found), slices.Clone(want)
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		b.Fatalf("%s finds %d changes of %d: %.300s", who, len(found), len(want), fmt.Sprint(found))
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
