package upgrade_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/model"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// The columns that have other names in the model that is brought in, and the
// two of them side by side.
const (
	renamedValues = `SELECT id, summary, views FROM articles ORDER BY id`
	copiedValues  = `SELECT id, standfirst, readers FROM articles ORDER BY id`
	bothValues    = `SELECT count(*) FROM articles WHERE (summary = standfirst OR summary IS NULL AND standfirst IS NULL)
		AND (views = readers OR views IS NULL AND readers IS NULL)`
)

// renamedBase is a project whose fields have other names.
func renamedBase(t *testing.T) *model.Source {
	t.Helper()
	base := testbed.Apart(t)
	for from, to := range map[string]string{"summary": "standfirst", "views": "readers"} {
		base.Exec(
			"ALTER TABLE articles RENAME COLUMN "+from+" TO "+to,
			"UPDATE directus_fields SET field = '"+to+"' WHERE collection = 'articles' AND field = '"+from+"'",
		)
	}
	t.Setenv(childSchema, base.Root)
	return schemaSource(base.Root)
}

// TestUpgradeWithRename: the values of columns that got another name are
// copied with the upgrade, and the old columns stay, as all does that only the
// project has.
func TestUpgradeWithRename(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	from, p := renamedBase(t), crashProject(t)
	p.Serve()
	before, values := p.Fingerprint(), p.Rows(renamedValues)
	result, run, gate, _ := upgrading(t, p, upgrade.Options{To: target, Schema: from})
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	offered := 0
	for _, c := range gate.Changes {
		if c.Model != nil && c.Model.Action == "copy" {
			offered++
		}
	}
	if offered != 2 {
		t.Errorf("%d copies are offered", offered)
	}
	if diff := cmp.Diff(values, p.Rows(copiedValues)); diff != "" {
		t.Errorf("values (-before +after)\n%s", diff)
	}
	if diff := cmp.Diff(values, p.Rows(renamedValues)); diff != "" {
		t.Errorf("values of the old columns (-before +after)\n%s", diff)
	}
	if copied, err := upgrade.Copied.Need(run); err != nil || len(copied) != 2 || copied[0].Values == 0 {
		t.Errorf("recorded is %+v, %v", copied, err)
	}
	if changed := before.Diff(p.Fingerprint(), func(table string) bool { return testbed.UserTable(table) && table != "articles" }); len(changed) > 0 {
		t.Errorf("other tables have changed: %v", changed)
	}
}

// TestKilledWithRename kills an upgrade where values were copied or are to be.
func TestKilledWithRename(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	renamedBase(t)
	p := crashProject(t)
	p.Serve()
	values := p.Rows(renamedValues)
	s := spawn(t, p, "start", "apply started")
	if code := s.wait(); code != -1 {
		t.Fatalf("exited with %d instead of dying\n%s", code, s.output.String())
	}
	for _, line := range []string{"copying values of articles.summary", "values of articles.views are in readers"} {
		s = spawn(t, p, "resume", "")
		s.output.when(line, func() { _ = s.cmd.Process.Kill() })
		if code := s.wait(); code != -1 {
			t.Fatalf("%s: exited with %d instead of dying\n%s", line, code, s.output.String())
		}
	}
	s = spawn(t, p, "resume", "")
	if code := s.wait(); code != int(fault.Done) {
		t.Fatalf("exited with %d\n%s", code, s.output.String())
	}
	if diff := cmp.Diff(values, p.Rows(copiedValues)); diff != "" {
		t.Errorf("values (-before +after)\n%s", diff)
	}
	if n := p.Rows(bothValues)[0][0]; n != p.Rows("SELECT count(*) FROM articles")[0][0] {
		t.Errorf("%s rows have the same values in both", n)
	}
}
