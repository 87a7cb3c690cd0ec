package advisory_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
)

// TestOutlookIsWhatACheckFinds: for each version the same findings as a check
// of that version alone, though all of them share what was read.
func TestOutlookIsWhatACheckFinds(t *testing.T) {
	t.Parallel()
	in := project(t, "10.13.4", "12.4.0", "10.13.4", quiet("REDIS_OLD", "x"))
	in.NodeFound = "20.1.0"
	in.Extensions = []directus.Extension{{Name: "x", Type: "hook", Version: "1.0.0", Host: "^10.0.0", Source: directus.Local, Folder: "x"}}
	majors := map[string][]int{"10.13.5": {18, 20}, "11.1.0": {18, 20}, "11.17.4": {22}, "12.1.0": {22}, "12.4.0": {22}}
	recorded, err := directus.Recorded(t.Context(), in.DB)
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(one *advisory.Input) (err error) {
		one.NodeMajors = majors[one.To]
		one.Pending, err = advisory.PendingFor(one.To, nil, recorded)
		return err
	}
	versions := slices.Sorted(maps.Keys(majors))
	none := func(string) []advisory.Expected { return nil }
	var out advisory.Outlook
	told := 0
	if err := advisory.Outlooks(t.Context(), in, versions, prepare, none, func(o advisory.Outlook) error { out = o; told++; return nil }); err != nil {
		t.Fatal(err)
	}
	if told != len(versions) {
		t.Errorf("told %d times for %d versions", told, len(versions))
	}
	for version := range majors {
		alone := in
		alone.To = version
		if err := prepare(&alone); err != nil {
			t.Fatal(err)
		}
		findings, err := advisory.Check(t.Context(), alone)
		if err != nil {
			t.Fatal(err)
		}
		want, got := map[string]advisory.Severity{}, map[string]advisory.Severity{}
		for _, f := range findings {
			want[f.ID] = f.Severity
		}
		expected, known := out.Of(version)
		for _, e := range expected {
			got[e.ID] = e.Severity
		}
		if diff := cmp.Diff(want, got); diff != "" || !known {
			t.Errorf("%s (known: %v), -check +outlook:\n%s", version, known, diff)
		}
		tally := advisory.TallyOf(expected)
		if tally.Blockers != advisory.Count(findings, advisory.Blocker) || tally.Warnings != advisory.Count(findings, advisory.Warning) ||
			tally.Notes+tally.Untold != advisory.Count(findings, advisory.Note) {
			t.Errorf("%s: %+v", version, tally)
		}
	}
	if _, known := out.Of("9.9.9"); known {
		t.Error("a version that was not looked at is known")
	}
	more := func(version string) []advisory.Expected {
		return []advisory.Expected{{ID: "known-bad", Version: version, Severity: advisory.Blocker, Title: version}}
	}
	if err := advisory.Outlooks(t.Context(), in, versions, prepare, more, func(o advisory.Outlook) error { out = o; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		expected, _ := out.Of(version)
		blockers := advisory.TallyOf(expected).Blockers
		at := slices.IndexFunc(expected, func(e advisory.Expected) bool { return e.ID == "known-bad" && e.Title == version })
		if at < 0 || at >= blockers {
			t.Errorf("%s: a blocker that no rule makes stands at %d, behind %d blockers: %+v", version, at, blockers, expected)
		}
	}
	stop := errors.New("enough")
	told = 0
	if err := advisory.Outlooks(t.Context(), in, versions, prepare, more, func(advisory.Outlook) error { told++; return stop }); !errors.Is(err, stop) || told != 1 {
		t.Errorf("after %d versions it ends with %v", told, err)
	}
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	many := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
		INSERT INTO directus_activity (action, collection, item) SELECT 'update', 'x', i FROM n`
	in := project(t, "10.13.4", "12.4.0", "10.13.4", quiet(), many)
	in.Pending = append(in.Pending, directus.Migration{ID: "20300101A", Name: "own", Title: "Own", Custom: true})
	all, err := advisory.Estimates(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]advisory.Estimate{}
	for i, m := range in.Pending {
		by[m.ID] = all[i]
	}
	comments, indexes, settings := by["20240924A"], by["20251028A"], by["20250813A"]
	if comments.Rows < 60_000 || comments.Seconds < 1 || comments.Seconds > 10 {
		t.Errorf("a table of 60,000 rows is written anew: %+v", comments)
	}
	if indexes.Rows < 60_000 || indexes.Seconds >= comments.Seconds || indexes.Seconds <= settings.Seconds {
		t.Errorf("an index on it: %+v", indexes)
	}
	if settings.Seconds <= 0 || settings.Seconds > 0.1 {
		t.Errorf("one row: %+v", settings)
	}
	if own := by["20300101A"]; own.Unknown == "" || own.Seconds != 0 {
		t.Errorf("the project's own: %+v", own)
	}
}
