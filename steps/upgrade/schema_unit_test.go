package upgrade

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	difference "bunnyhop/internal/schema/compare"
	modelreview "bunnyhop/internal/schema/review"
	"bunnyhop/steps/facts"
)

func table(rows int64, data, schema string) database.TableFingerprint {
	return database.TableFingerprint{Rows: rows, Data: data, Schema: schema}
}

func TestTrialFits(t *testing.T) {
	type tables = map[string]database.TableFingerprint
	copied := func(other string, all tables) database.Fingerprint {
		return database.Fingerprint{Tables: all, Other: other}
	}
	before := copied("v", tables{"same": table(1, "d", "s"), "wider": table(3, "d", "s"), "directus_fields": table(9, "d", "s")})
	after := copied("v", tables{"same": table(1, "d", "s"), "wider": table(3, "e", "t"), "fresh": table(0, "", "n"), "directus_fields": table(12, "e", "s")})
	trial := Trial{Tables: touched(before, after)}
	if diff := cmp.Diff(map[string]TriedTable{"wider": {Schema: "t"}, "fresh": {New: true, Schema: "n"}}, trial.Tables); diff != "" {
		t.Fatal(diff)
	}
	// The live database has other rows than the copy.
	live := func() tables {
		return tables{"same": table(2, "x", "s"), "wider": table(7, "y", "s"), "directus_fields": table(9, "d", "s")}
	}
	for name, c := range map[string]struct {
		edit  func(tables)
		other string
		wrong string
	}{
		"as tried":             {func(tables) {}, "v", ""},
		"another table":        {func(m tables) { m["same"] = table(2, "z", "s") }, "v", "table same"},
		"a table more":         {func(m tables) { m["stray"] = table(0, "", "s") }, "v", "table stray"},
		"rows are lost":        {func(m tables) { m["wider"] = table(6, "z", "t") }, "v", "had 7 before"},
		"another schema":       {func(m tables) { m["wider"] = table(7, "z", "u") }, "v", "table wider has not the schema"},
		"a new table is not":   {func(m tables) { delete(m, "fresh") }, "v", "table fresh"},
		"a trigger is missing": {func(tables) {}, "w", "views or triggers"},
	} {
		now := live()
		now["wider"], now["fresh"] = table(7, "z", "t"), table(0, "", "n")
		c.edit(now)
		err := trial.fits(copied("v", live()), copied(c.other, now))
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the data model tells of a table is not told a second time; how many
// rows went is.
func TestUntold(t *testing.T) {
	all := map[string]facts.TableChange{
		"posts": {Lines: []string{"table posts: columns, indexes or constraints differ"}},
		"pages": {Lines: []string{"table pages: 3 rows before, 1 row after", "table pages: columns, indexes or constraints differ"}, Fewer: true},
		"notes": {Lines: []string{"table notes: columns, indexes or constraints differ"}},
	}
	want := map[string]facts.TableChange{"pages": {Lines: []string{"table pages: 3 rows before, 1 row after"}, Fewer: true}, "notes": all["notes"]}
	if diff := cmp.Diff(want, untold(all, map[string]bool{"posts": true, "pages": true})); diff != "" {
		t.Error(diff)
	}
	// The lines are those of a real difference.
	lines := database.Fingerprint{Tables: map[string]database.TableFingerprint{"a": table(3, "d", "s")}}.Diff(
		database.Fingerprint{Tables: map[string]database.TableFingerprint{"a": table(1, "d", "t")}}, nil)
	if len(lines) != 2 || !countsRows(lines[0]) || countsRows(lines[1]) {
		t.Errorf("%q", lines)
	}
}

// What migrations do to the data model cannot be rejected, and indexes of
// Directus' own tables are none of it.
func TestFollowed(t *testing.T) {
	plan := &modelreview.Plan{
		Proposed: []difference.Change{
			{Entity: difference.Field, Action: difference.Update, Collection: "posts", Field: "title", Path: []string{"meta", "note"}},
			{Entity: difference.Field, Action: difference.Delete, Collection: "pages", Field: "title"},
			{Entity: difference.SystemIndex, Action: difference.Create, Collection: "directus_activity", Field: "timestamp"},
		},
		Noise: []difference.Noise{{Reason: difference.SystemFields}},
	}
	for _, c := range plan.Proposed {
		plan.Changes = append(plan.Changes, change.Change{ID: c.Key(), Blocked: "no", Requires: []string{"x"}, Recommended: true})
	}
	all, told := followed(plan)
	if len(all) != 2 || !cmp.Equal(told, map[string]bool{"pages": true}) {
		t.Fatalf("%+v, %v", all, told)
	}
	for _, c := range all {
		if c.Locked == "" || c.Blocked != "" || c.Requires != nil || !strings.HasPrefix(c.ID, "migrated:") {
			t.Errorf("%+v", c)
		}
	}
	noise := noiseOf(plan)
	if len(noise) != 1 || noise[0].Count != 2 {
		t.Errorf("%+v", noise)
	}
}
