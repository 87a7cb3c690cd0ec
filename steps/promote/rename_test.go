package promote_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/review"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/promote"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

// renamed are the columns that the base has by other names, of every kind that
// a copy could do harm to: without a value allowed, unique, large, with a
// default, a time, JSON, a truth, and those that lead to rows of another table.
// LEADING and READS are words of SQL.
var renamed = [][3]string{
	{"articles", "summary", "standfirst"},
	{"articles", "slug", "handle"},
	{"articles", "views", "reads"},
	{"articles", "embargo", "held_until"},
	{"articles", "meta", "details"},
	{"articles", "featured", "leading"},
	{"articles", "section", "department"},
	{"articles", "author", "writer"}, // which authors.articles shows
	{"authors", "name", "full_name"},
}

func renameID(r [3]string) string { return "rename " + r[0] + "." + r[1] + " → " + r[2] }

// rename gives columns other names, as a person with a shell does.
func rename(p *testbed.Project, vendor database.Vendor, all [][3]string) {
	quote := `"`
	if vendor == database.MySQL {
		quote = "`"
	}
	for _, r := range all {
		p.Exec(
			fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s%s%s TO %s%s%s", r[0], quote, r[1], quote, quote, r[2], quote),
			fmt.Sprintf("UPDATE directus_fields SET field = '%s' WHERE collection = '%s' AND field = '%s'", r[2], r[0], r[1]),
			fmt.Sprintf("UPDATE directus_relations SET many_field = '%s' WHERE many_collection = '%s' AND many_field = '%s'", r[2], r[0], r[1]),
		)
	}
}

// others are columns of the same tables that a copy must not touch.
const others = "SELECT id, status, sort, title, body, published_on, budget, cover, date_created, date_updated, user_updated FROM articles ORDER BY id"

// valuesOf are those of the columns, by the key of the row, under their old or
// their new names.
func valuesOf(p *testbed.Project, vendor database.Vendor, at int) map[string][][]string {
	quote := `"`
	if vendor == database.MySQL {
		quote = "`"
	}
	all := map[string][][]string{}
	for _, r := range renamed {
		all[r[0]+"."+r[1]] = p.Rows(fmt.Sprintf("SELECT id, %s%s%s FROM %s ORDER BY id", quote, r[at], quote, r[0]))
	}
	return all
}

// TestRename: columns that have other names in the base keep their values, and
// nothing but them changes; so they do when all is taken back.
func TestRename(t *testing.T) {
	for _, vendor := range testbed.Vendors {
		t.Run(string(vendor), func(t *testing.T) {
			base, p := testbed.On(t, vendor), testbed.NewOn(t, vendor)
			rename(base, vendor, renamed)
			p.Serve()
			before, rows, values, rest := read(t, p), p.Fingerprint(), valuesOf(p, vendor, 1), p.Rows(others)
			choice := promote.Options{Base: target(base), Target: target(p), Mode: review.Mirror}
			var seen []change.Change
			result, run := promoting(t, options(p), choice, func(changes []change.Change) change.Decisions {
				seen = changes
				return all()(changes)
			})
			if result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			offered(t, seen)
			if left := keysOf(t, read(t, p), read(t, base)); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if diff := cmp.Diff(values, valuesOf(p, vendor, 2)); diff != "" {
				t.Errorf("values (-before +after)\n%s", diff)
			}
			if diff := cmp.Diff(rest, p.Rows(others)); diff != "" {
				t.Errorf("other columns (-before +after)\n%s", diff)
			}
			touched := func(table string) bool { return table == "articles" || table == "authors" }
			if changed := rows.Diff(p.Fingerprint(), func(table string) bool { return testbed.UserTable(table) && !touched(table) }); len(changed) > 0 {
				t.Errorf("other tables have changed: %v", changed)
			}
			back := promote.Options{Base: model.Source{Kind: model.Snapshot, Place: promote.Before(run.Dir)}, Target: target(p), Mode: review.Mirror}
			if result, _ = promoting(t, options(p), back, all()); result.Status != steps.Done {
				t.Fatalf("%+v", result)
			}
			if left := keysOf(t, read(t, p), before); len(left) > 0 {
				t.Errorf("taken back, and different: %v", left)
			}
			if diff := cmp.Diff(values, valuesOf(p, vendor, 1)); diff != "" {
				t.Errorf("values (-before +taken back)\n%s", diff)
			}
		})
	}
}

// offered checks what the review says of each rename.
func offered(t *testing.T, changes []change.Change) {
	t.Helper()
	at := map[string]change.Change{}
	for _, c := range changes {
		at[c.ID] = c
	}
	for _, r := range renamed {
		offer, deletion := at[renameID(r)], at["field "+r[0]+"."+r[1]]
		if offer.Risk != change.Caution || offer.Recommended || offer.Blocked != "" || !slices.Contains(offer.Requires, "field "+r[0]+"."+r[2]) {
			t.Errorf("%s: %+v", renameID(r), offer)
		}
		same := ""
		for _, e := range offer.Evidence {
			if e.Label == "same values" {
				same = e.Value
			}
		}
		if !strings.HasSuffix(same, "values are the same as in the base's "+r[2]) {
			t.Errorf("%s: %+v", renameID(r), offer.Evidence)
		}
		if deletion.Risk != change.Destructive || deletion.Relief == nil || deletion.Relief.By != offer.ID || deletion.Relief.Risk != change.Caution {
			t.Errorf("the deletion of %s: %+v", r[1], deletion)
		}
	}
}

// asked returns what the review would show of a promotion, and accepts nothing.
func asked(t *testing.T, o site.Options, choice promote.Options) map[string]change.Change {
	t.Helper()
	at := map[string]change.Change{}
	result, _ := promoting(t, o, choice, func(changes []change.Change) change.Decisions {
		none := change.Decisions{}
		for _, c := range changes {
			at[c.ID], none[c.ID] = c, false
		}
		return none
	})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	return at
}

func sameValues(c change.Change) string {
	for _, e := range c.Evidence {
		if e.Label == "same values" {
			return e.Value
		}
	}
	return ""
}

// TestRenameIsNeverAssumed: rows of another content speak against a rename;
// where there are none to look at, the offer says so; and of a server that is
// only known by its address no values can be copied.
func TestRenameIsNeverAssumed(t *testing.T) {
	base, p := testbed.On(t, database.SQLite), testbed.New(t)
	p.Serve()
	rename(base, database.SQLite, [][3]string{{"articles", "summary", "standfirst"}, {"articles", "slug", "handle"}})
	base.Exec(`UPDATE articles SET standfirst = 'Something else ' || id`)
	choice := promote.Options{Base: target(base), Target: target(p), Mode: review.Mirror}
	const contrary, likely = "rename articles.summary → standfirst", "rename articles.slug → handle"
	seen := asked(t, options(p), choice)
	if _, ok := seen[contrary]; ok {
		t.Errorf("offered, and all values are others: %+v", seen[contrary])
	}
	if offer, ok := seen[likely]; !ok || offer.Blocked != "" || sameValues(offer) == "" {
		t.Errorf("%+v", offer)
	}

	choice.Base = write(t, read(t, base))
	for _, id := range []string{contrary, likely} {
		if offer := asked(t, options(p), choice)[id]; !strings.Contains(sameValues(offer), "not compared, for the base is a file without data") || offer.Blocked != "" {
			t.Errorf("from a file: %+v", offer)
		}
	}

	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	if choice.Target, err = model.Find(site.BaseURL(p.Config())); err != nil {
		t.Fatal(err)
	}
	o := site.Options{Root: t.TempDir(), Environ: append(p.Environ(), "BUNNYHOP_TARGET_TOKEN="+token)}
	if offer := asked(t, o, choice)[likely]; !strings.Contains(offer.Blocked, "the target is only known by its address") {
		t.Errorf("of a server: %+v", offer)
	}
}

// TestRenameByCommandLine: without a server the command line makes the
// columns; the old one that is not deleted stays as it is.
func TestRenameByCommandLine(t *testing.T) {
	p := testbed.New(t)
	base := testbed.On(t, database.SQLite)
	rename(base, database.SQLite, renamed)
	values := valuesOf(p, database.SQLite, 1)
	choice := promote.Options{Base: write(t, read(t, base)), Target: target(p), Mode: review.Mirror}
	result, run := promoting(t, options(p), choice, all("field articles.summary"))
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if diff := cmp.Diff(values, valuesOf(p, database.SQLite, 2)); diff != "" {
		t.Errorf("values (-before +after)\n%s", diff)
	}
	if n := p.Rows(`SELECT count(*) FROM articles WHERE summary IS NOT standfirst`)[0][0]; n != "0" {
		t.Errorf("%s rows of the column that stays are otherwise", n)
	}
	if left := keysOf(t, read(t, p), read(t, base)); !slices.Equal(left, []string{"field articles.summary"}) {
		t.Errorf("left: %v", left)
	}
	if copied, err := promote.Copied.Need(run); err != nil || len(copied) != len(renamed) {
		t.Errorf("recorded: %+v, %v", copied, err)
	}
}

// TestKilledWhileRenaming kills before the values are copied, after it, and
// when the old columns are being deleted. Going on, it ends as decided or as
// before; the values are there either way.
func TestKilledWhileRenaming(t *testing.T) {
	base, p := testbed.On(t, database.SQLite), testbed.New(t)
	p.Serve()
	rename(base, database.SQLite, renamed)
	before, wanted, values := read(t, p), read(t, base), valuesOf(p, database.SQLite, 1)
	forward := promote.Options{Base: target(base), Target: target(p), Mode: review.Mirror}
	back := promote.Options{Base: write(t, before), Target: target(p), Mode: review.Mirror}
	for _, moment := range []struct {
		line  string
		times int
	}{
		{"apply | the server changes", 1},
		{"apply | copying values of articles.slug", 1},
		{"values of authors.name are in full_name", 1},
		{"apply | the server changes", 2},
	} {
		cmd, out := in(t, p, forward, "")
		for strings.Count(out.String(), moment.line) < moment.times && !strings.Contains(out.String(), "result ") {
			time.Sleep(time.Millisecond)
		}
		_ = cmd.Process.Kill()
		when := fmt.Sprintf("killed at %q, %d", moment.line, moment.times)
		got := code(cmd)
		if got == -1 {
			cmd, out = in(t, p, forward, "")
			got = code(cmd)
		}
		at, want := 2, wanted
		switch got {
		case int(fault.Done):
		case int(fault.RolledBack):
			at, want = 1, before
		default:
			t.Fatalf("%s: exit code %d\n%s", when, got, out)
		}
		if left := keysOf(t, read(t, p), want); len(left) > 0 {
			t.Fatalf("%s: left %v", when, left)
		}
		if diff := cmp.Diff(values, valuesOf(p, database.SQLite, at)); diff != "" {
			t.Fatalf("%s: values\n%s", when, diff)
		}
		t.Logf("%s: exit code %d", when, got)
		if at == 1 {
			continue
		}
		cmd, out = in(t, p, back, "")
		if got := code(cmd); got != int(fault.Done) {
			t.Fatalf("going back: exit code %d\n%s", got, out)
		}
		if diff := cmp.Diff(values, valuesOf(p, database.SQLite, 1)); diff != "" {
			t.Fatalf("going back: values\n%s", diff)
		}
	}
}
