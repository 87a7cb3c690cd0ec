package schemaapply_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/apply"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/introspect"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

// TestSchemaApplyCLI makes the edits with the command line of Directus, and
// takes them back.
func TestSchemaApplyCLI(t *testing.T) {
	for _, version := range schematest.Versions {
		t.Run(version, func(t *testing.T) {
			s := serveSchema(t, version, database.SQLite, nil)
			config := s.project.Config().Config.Database()
			read := func(ctx context.Context) (*snapshot.Snapshot, error) {
				db, err := connect.Open(ctx, config, connect.ReadOnly)
				if err != nil {
					return nil, err
				}
				defer db.Close()
				return introspect.Read(ctx, db, introspect.Options{Version: version})
			}
			cli := apply.CommandLine{CLI: s.cli, Read: read}
			current, err := read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wanted := edits(current)
			for range 2 {
				changes := between(t, current, wanted)
				outcome, err := apply.ApplyCLI(t.Context(), cli, current, changes, progress.Discard)
				if err != nil {
					t.Fatalf("%v\nstate: %s\nhint: %s", err, fault.StateOf(err), fault.HintOf(err))
				}
				show(t, "left", outcome.Left)
				show(t, "unexpected", outcome.Unexpected)
				current, wanted = outcome.After, current
			}
			// Somebody else was here.
			stale := edits(current)
			if _, err := apply.ApplyCLI(t.Context(), cli, stale, between(t, stale, current), progress.Discard); err == nil || !strings.Contains(err.Error(), "has changed since it was reviewed") {
				t.Errorf("a stale review: %v", err)
			}
			groupedGoes(t, cli, current)
		})
	}
}

// groupedGoes: Directus 10 says that it deletes a collection in a group, and
// does not.
func groupedGoes(t *testing.T, cli apply.CommandLine, current *snapshot.Snapshot) {
	t.Helper()
	grouped := *current
	grouped.Collections = append(
		slices.Clone(current.Collections), snapshot.Collection{Collection: "folder", Meta: snapshot.Object{"collection": "folder"}},
		snapshot.Collection{Collection: "grouped", Meta: snapshot.Object{"collection": "grouped", "group": "folder"}, Schema: snapshot.Object{"name": "grouped"}},
	)
	grouped.Fields = append(slices.Clone(current.Fields), schemaField("grouped", "id", "integer", nil, snapshot.Object{"is_primary_key": true, "has_auto_increment": true}))
	outcome, err := apply.ApplyCLI(t.Context(), cli, current, between(t, current, &grouped), progress.Discard)
	if err != nil || !outcome.Converged() {
		t.Fatalf("%v, %+v", err, outcome)
	}
	now := outcome.After
	less := *now
	less.Collections = slices.DeleteFunc(slices.Clone(now.Collections), func(c snapshot.Collection) bool { return c.Collection == "grouped" })
	less.Fields = slices.DeleteFunc(slices.Clone(now.Fields), func(f snapshot.Field) bool { return f.Collection == "grouped" })
	outcome, err = apply.ApplyCLI(t.Context(), cli, now, between(t, now, &less), progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	show(t, "left", outcome.Left)
	show(t, "unexpected", outcome.Unexpected)
}

func between(t *testing.T, a, b *snapshot.Snapshot) []compare.Change {
	t.Helper()
	result, err := compare.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return result.Changes
}
